"""Where local labs keep their files; everything of a lab is below one folder, which ``down`` removes."""

import os
from pathlib import Path

from aifactory.errors import LabError

CRDS = "AIFACTORY_CRDS"


def state_home() -> Path:
    """The folder of all state, ``$XDG_STATE_HOME/aifactory``."""
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "aifactory"


def usual_state_home() -> Path:
    """The folder of all state of this user where XDG_STATE_HOME says nothing else."""
    return Path.home() / ".local" / "state" / "aifactory"


def labs(target: str) -> Path:
    """The folder with the labs of one target, one folder a stack."""
    return state_home() / "labs" / target


def cache_home() -> Path:
    """The folder of everything that can be made again, ``$XDG_CACHE_HOME/aifactory``."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "aifactory"


def crd_folder() -> Path | None:
    """The folder with real CustomResourceDefinitions that AIFACTORY_CRDS names; None where it is unset or empty.

    Raises:
        LabError: If it names no folder: stand-ins in the place of definitions that are meant would check nothing.
    """
    named = os.environ.get(CRDS)
    if not named:
        return None
    if not Path(named).is_dir():
        raise LabError(
            f"{CRDS}: there is no folder {named}; a folder with CustomResourceDefinitions is needed; correct the"
            " variable, or unset it"
        )
    return Path(named)
