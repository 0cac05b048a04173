"""Where local labs keep their files; everything of a lab is below one folder, which ``down`` removes."""

import os
from pathlib import Path


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
    """The folder with real CustomResourceDefinitions that AIFACTORY_CRDS names; None where unset or absent."""
    named = os.environ.get("AIFACTORY_CRDS")
    return Path(named) if named and Path(named).is_dir() else None
