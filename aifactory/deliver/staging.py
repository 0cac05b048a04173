"""Folders of trees: one beside the tree in which it is made ready, what may be in its place, and what is below it."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from aifactory.errors import AIFactoryError

STAGING = ".aifactory-staging-"
"""Beginning of the folder's name; the number of its process follows."""
_PROCESSES = Path("/proc")


@contextmanager
def staged(beside: Path) -> Iterator[Path]:
    """A folder on the same file system, which is gone afterwards; so are those of killed runs.

    Args:
        beside: The folder that it is made in.

    Raises:
        OSError: If it cannot be made.
    """
    clear_staging(beside)
    with tempfile.TemporaryDirectory(dir=beside, prefix=f"{STAGING}{os.getpid()}-") as folder:
        yield Path(folder)


def clear_staging(beside: Path) -> None:
    """Folders that killed runs left are gone; those of living processes stay.

    Args:
        beside: The folder that they were made in.
    """
    for left in beside.glob(f"{STAGING}*-*"):
        number = left.name.removeprefix(STAGING).partition("-")[0]
        if number.isdigit() and not (_PROCESSES / number).exists() and _PROCESSES.is_dir():
            shutil.rmtree(left, ignore_errors=True)


def refuse_file(folder: Path) -> None:
    """Nothing but a folder is where a tree is, or is to be; there may be nothing yet.

    Args:
        folder: Folder of the tree.

    Raises:
        AIFactoryError: If it, or what it would be below, is a file.
    """
    there = next((place for place in (folder, *folder.parents) if place.exists()), None)
    if there is not None and not there.is_dir():
        raise AIFactoryError(
            f"{there}: is a file, and a tree is a folder; a folder, or a name that nothing has yet, is allowed; name"
            " another one with --out"
        )


def refuse_links(folder: Path, names: Iterable[str]) -> None:
    """No folder below that of a tree is a link, which would lead its files out of it.

    Args:
        folder: Folder of the tree, which may be a link itself.
        names: Files of the tree, relative to it.

    Raises:
        AIFactoryError: If a folder of one of the files is a symbolic link.
    """
    inner = {parent for name in names for parent in PurePosixPath(name).parents}
    for parent in sorted(inner - {PurePosixPath()}):
        if (folder / parent).is_symlink():
            raise AIFactoryError(
                f"{folder / parent}: is a symbolic link, through which files outside of the tree would be replaced or"
                " removed; folders of a tree are folders; move it away, or name another folder with --out"
            )


def is_below(name: str) -> bool:
    """Whether a path leads to something below the folder that it is relative to."""
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts


def remove_empty(folder: Path, inner: Path) -> None:
    """A folder in a tree is gone if nothing is in it, and so are those above it, up to the tree's own.

    Args:
        folder: Folder of the tree, which stays.
        inner: A folder below it.
    """
    while inner != folder and inner.is_dir() and not any(inner.iterdir()):
        inner.rmdir()
        inner = inner.parent
