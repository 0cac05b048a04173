"""Where the node image is made: a cache folder that only ever shows finished things."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aifactory.errors import LabError
from aifactory.lab.places import cache_home
from aifactory.lab.tools.errors import free_mib

_UNFINISHED = ".unfinished-"


def kind_cache() -> Path:
    """The cache folder of the kind lab, ``$XDG_CACHE_HOME/aifactory/kind``."""
    return cache_home() / "kind"


@contextmanager
def unfinished(target: Path) -> Iterator[Path]:
    """A folder that becomes ``target`` by a rename if the block succeeds, and is removed otherwise.

    What a killed run left beside the target is removed first; the caller holds a lock over the target's folder.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    for leftover in target.parent.glob(f"{_UNFINISHED}*"):
        remove_tree(leftover)
    folder = target.parent / f"{_UNFINISHED}{target.name}"
    folder.mkdir()
    try:
        yield folder
        folder.rename(target)
    finally:
        if folder.exists():
            remove_tree(folder)


def remove_tree(folder: Path) -> None:
    """Remove a folder with everything in it."""
    shutil.rmtree(folder)


@contextmanager
def told_of_full_disk(folder: Path, what: str, needed_mib: int) -> Iterator[None]:
    """Turn a full disk, and one that is about to be, into one error that says what to do.

    Args:
        folder: Where the block writes.
        what: What it makes, for the message.
        needed_mib: What it needs at most, in MiB.

    Raises:
        LabError: Less than ``needed_mib`` is free at the start, or the disk fills up in the block.
    """

    def full(free: int) -> LabError:
        return LabError(
            f"the disk of {folder} is full: {what} cannot be written; about {needed_mib} MiB are needed and {free}"
            " MiB are free; make room, or set XDG_CACHE_HOME to a folder with more"
        )

    if free_mib(folder) < needed_mib:
        raise full(free_mib(folder))
    try:
        yield
    except OSError as problem:
        if problem.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise full(free_mib(folder)) from problem
        raise
