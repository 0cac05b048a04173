"""Writes layers of container images: compressed tar files whose bytes depend on nothing but their content."""

import gzip
import hashlib
import io
import os
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from typing_extensions import Buffer

_LEVEL = 1
"""Of gzip: most of the bytes are Go programs, where a higher level costs three times the time for a tenth less."""
_BUFFER = 1 << 20


@dataclass(frozen=True)
class Content:
    """What a layer holds.

    Attributes:
        tree: A folder whose content becomes the layer's root; None for none.
        files: Single files, by their path in the layer.
        dropped: Patterns of paths of the tree that stay out; a star matches a slash, too.
        owners: Keep the owners' numbers of the tree; everything belongs to root otherwise.
        packed: The content is compressed already; the layer is only wrapped.
    """

    tree: Path | None = None
    files: Mapping[str, Path] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    owners: bool = False
    packed: bool = False


@dataclass(frozen=True)
class Layer:
    """A written layer.

    Attributes:
        blob: The compressed file.
        digest: SHA-256 of the compressed bytes, with its ``sha256:`` prefix.
        diff_id: The same of the uncompressed bytes.
        size_bytes: Size of the compressed file.
    """

    blob: Path
    digest: str
    diff_id: str
    size_bytes: int


class _Sink(Protocol):
    def write(self, data: "Buffer", /) -> object: ...


class _Digested(io.RawIOBase):
    """A sink that hashes what passes through it."""

    def __init__(self, below: _Sink) -> None:
        self._below = below
        self.hash = hashlib.sha256()

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: "Buffer") -> int:
        """Hash and hand on."""
        self.hash.update(data)
        self._below.write(data)
        return memoryview(data).nbytes


def write_layer(content: Content, folder: Path) -> Layer:
    """Write a layer into a folder, as ``<sha256>``.

    Times are dropped and names sorted, so that equal content gives equal bytes.
    """
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
        packed = _Digested(file)
        with gzip.GzipFile(
            filename="", mode="wb", compresslevel=0 if content.packed else _LEVEL, fileobj=packed, mtime=0
        ) as squeezed:
            plain = _Digested(squeezed)
            with tarfile.open(mode="w|", fileobj=plain, format=tarfile.GNU_FORMAT, bufsize=_BUFFER) as tar:
                for name, path in _entries(content):
                    _add(tar, name, path, owners=content.owners)
    digest = packed.hash.hexdigest()
    blob = Path(file.name).replace(folder / digest)
    return Layer(blob, f"sha256:{digest}", f"sha256:{plain.hash.hexdigest()}", blob.stat().st_size)


def _entries(content: Content) -> Iterator[tuple[str, Path | None]]:
    """Names and files of a layer, folders before what is in them; None stands for a folder of our own."""
    found: dict[str, Path | None] = {}
    for name, path in content.files.items():
        for parent in PurePosixPath(name).parents:
            if parent.name:
                found[str(parent)] = None
        found[name] = path
    if content.tree is not None:
        for base, folders, files in os.walk(content.tree):
            for name in (*folders, *files):
                path = Path(base, name)
                inside = path.relative_to(content.tree).as_posix()
                if not any(fnmatchcase(inside, pattern) for pattern in content.dropped):
                    found[inside] = path
    yield from sorted(found.items(), key=lambda entry: PurePosixPath(entry[0]).parts)


def _add(tar: tarfile.TarFile, name: str, path: Path | None, *, owners: bool) -> None:
    if path is None:
        info = tarfile.TarInfo(name)
        info.type, info.mode = tarfile.DIRTYPE, 0o755
    else:
        info = tar.gettarinfo(path, name)
    info.mtime = 0
    info.uname = info.gname = ""
    if not owners:
        info.uid = info.gid = 0
    if path is not None and info.isreg():
        with path.open("rb") as file:
            tar.addfile(info, file)
    else:
        tar.addfile(info)
