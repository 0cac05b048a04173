"""A tree in a folder: which files are ours, what is stale, and a replacement that a kill cannot halve.

The list of our files, with a digest each, is in the marker. Only files on the list are ever replaced or removed.
All files are complete beside the tree before the first is replaced. Then a file is put in its place before any
other that names it, and what is no longer wanted goes last; so at every moment each name leads to a file.
"""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from aifactory.deliver.gitops.text import Texts
from aifactory.deliver.staging import clear_staging, is_below, refuse_file, refuse_links, remove_empty, staged
from aifactory.deliver.tree import MARKER
from aifactory.errors import AIFactoryError
from aifactory.manifests.gitops.model import KUSTOMIZATION

_ORDER = ("shared/", "cells/", "management/")
"""Folders in the order of their replacement: what is named before what names it."""


@dataclass(frozen=True)
class Stale:
    """How a folder differs from the tree that is wanted; other people's files are not looked at."""

    missing: tuple[str, ...]
    changed: tuple[str, ...]
    unwanted: tuple[str, ...]
    """Ours, and no longer wanted."""

    def __bool__(self) -> bool:
        """Whether there is any difference."""
        return bool(self.missing or self.changed or self.unwanted)


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def marker_text(texts: Texts) -> bytes:
    """The marker of a tree: its files and their digests."""
    listed = {name: digest(data) for name, data in sorted(texts.items())}
    return (json.dumps({"files": listed}, indent=1) + "\n").encode()


def compare(folder: Path, texts: Texts) -> Stale:
    """What differs between a folder and the tree that is wanted in it.

    Raises:
        AIFactoryError: If a file is where the folder has to be, the marker is not one that this tool wrote, a folder
            of the tree is a link, or the tree cannot be read.
    """
    try:
        refuse_file(folder)
        return _compared(folder, texts)
    except OSError as error:
        raise AIFactoryError(
            f"{error.filename or folder}: the tree cannot be read ({error.strerror or error}); a readable folder is"
            " needed; check its rights, or name another one with --out"
        ) from error


def _compared(folder: Path, texts: Texts) -> Stale:
    ours = _ours(folder)
    wanted = {**texts, MARKER: marker_text(texts)}
    refuse_links(folder, {*ours, *wanted})
    missing = tuple(name for name in wanted if not (folder / name).is_file())
    return Stale(
        missing=missing,
        changed=tuple(
            name for name, data in wanted.items() if name not in missing and not _same(folder / name, data)
        ),
        unwanted=tuple(sorted(name for name in ours - set(wanted) if (folder / name).is_file())),
    )


def write(folder: Path, texts: Texts) -> Stale:
    """The tree is in the folder, and files of ours that are no longer wanted are gone.

    Args:
        folder: Folder of the tree; made where it is not there.
        texts: Every file that is wanted.

    Returns:
        What differed before.

    Raises:
        AIFactoryError: If a file in the place of one of ours is not ours, or the folder cannot be written.
    """
    try:
        stale = compare(folder, texts)
        _refuse_foreign(folder, texts)
        clear_staging(folder.parent)
        if stale:
            folder.mkdir(parents=True, exist_ok=True)
            with staged(folder.parent) as staging:
                _replace(folder, staging, texts, stale)
    except OSError as error:
        raise AIFactoryError(
            f"{folder}: the tree cannot be written ({error.strerror or error}); a writable folder with enough space"
            " is needed; name another one with --out"
        ) from error
    return stale


def _ours(folder: Path) -> set[str]:
    marker = folder / MARKER
    if not marker.is_file():
        return set()
    try:
        content = json.loads(marker.read_text(encoding="utf-8"))
    except ValueError:
        content = None
    files = content.get("files") if isinstance(content, dict) else None
    if not isinstance(files, dict) or not all(is_below(name) for name in files):
        raise AIFactoryError(
            f"{marker}: is not the list of files of a GitOps tree; one that this tool wrote itself is needed;"
            " name another folder with --out"
        )
    return set(files)


def _refuse_foreign(folder: Path, texts: Texts) -> None:
    """No file that this tool did not write is in the place of one that it would write."""
    ours = _ours(folder)
    for name in sorted(texts):
        path = folder / name
        if name not in ours and (path.exists() or path.is_symlink()) and not _same(path, texts[name]):
            raise AIFactoryError(
                f"{path}: is in the place of a rendered file and was not written by this tool; only files that it"
                f" wrote itself are replaced; move it away, or name another folder with --out"
            )


def _same(path: Path, data: bytes) -> bool:
    """Whether it is the file itself; Git would keep a link, whatever that leads to on this machine."""
    return path.is_file() and not path.is_symlink() and path.read_bytes() == data


def _rank(name: str) -> tuple[int, bool, str]:
    """Place of a file in the order of replacement."""
    folder = next((index for index, start in enumerate(_ORDER) if name.startswith(start)), len(_ORDER))
    return folder, name.endswith(f"/{KUSTOMIZATION}"), name


def _replace(folder: Path, staging: Path, texts: Texts, stale: Stale) -> None:
    changed = sorted((*stale.missing, *stale.changed), key=_rank)
    for name in changed:
        if name != MARKER:
            _stage(staging, name, texts[name])
    # From here on a kill leaves a tree whose marker owns the files of both, and which --check calls stale.
    both = {**dict.fromkeys(stale.unwanted, b""), **texts}
    _put(folder, staging, MARKER, marker_text(both))
    for name in changed:
        if name != MARKER:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(staging / name, folder / name)  # noqa: PTH105 - the atomic replace is the point
    for name in stale.unwanted:
        (folder / name).unlink(missing_ok=True)
        remove_empty(folder, (folder / name).parent)
    _put(folder, staging, MARKER, marker_text(texts))


def _stage(staging: Path, name: str, data: bytes) -> None:
    target = staging / name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)


def _put(folder: Path, staging: Path, name: str, data: bytes) -> None:
    _stage(staging, name, data)
    os.replace(staging / name, folder / name)  # noqa: PTH105 - the atomic replace is the point
