"""The cache: one folder a tool, version and platform, with a manifest that says what lies there and why.

A tool enters by an atomic rename, after its manifest: a reader sees either a whole entry or one that does not
verify and is built again.
"""

import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from aifactory.lab.tools.checksum import sha256_file
from aifactory.lab.tools.platform import Platform
from aifactory.lab.tools.step import Obtained
from aifactory.lab.tools.table import ToolSpec

_TEMPORARY = ".tmp-"


@dataclass(frozen=True)
class Manifest:
    """What is known about a cached tool.

    Attributes:
        tool: Name of the tool.
        version: Its version, which for a downloaded companion may differ from the pin of its module build.
        source: ``mirror``, ``download`` or ``go-build``.
        origin: File, address or module it came from.
        recipe: Hash of what it was made by; another hash in the table makes the entry stale.
        sha256: SHA-256 of the file.
        size_bytes: Size of the file in bytes.
        mtime_ns: Modification time in nanoseconds; with the size it saves hashing 100 MB on each use.
    """

    tool: str
    version: str
    source: str
    origin: str
    recipe: str
    sha256: str
    size_bytes: int
    mtime_ns: int


class EntryState(StrEnum):
    """State of a cache entry."""

    OK = "ok"
    MISSING = "missing"
    CORRUPT = "corrupt"
    STALE = "stale"


@dataclass(frozen=True)
class Entry:
    """A cache entry as found; ``manifest`` is None unless it could be read, ``reason`` says what is wrong."""

    state: EntryState
    path: Path
    manifest: Manifest | None = None
    reason: str = ""


class Cache:
    """The folder of obtained tools.

    Args:
        root: The folder; made when something is written.
        platform: Platform of the tools in it.
    """

    def __init__(self, root: Path, platform: Platform) -> None:
        self.root = root
        self._platform = platform

    def folder(self, spec: ToolSpec) -> Path:
        """Folder of a tool's entry."""
        return self.root / spec.name / spec.version / str(self._platform)

    def lock_file(self, spec: ToolSpec) -> Path:
        """File whose lock guards a tool's entries."""
        return self.root / "locks" / f"{spec.name}.lock"

    def log_file(self, spec: ToolSpec) -> Path:
        """File with the output of a tool's last build."""
        return self.root / "logs" / f"{spec.name}.log"

    def check(self, spec: ToolSpec, recipes: Iterable[str], *, repair: bool = False) -> Entry:
        """Look at a tool's entry.

        Args:
            spec: The tool.
            recipes: Hashes of what it may have been made by.
            repair: Record a new modification time if only that changed, so that the next look is fast.
        """
        path = self.folder(spec) / spec.name
        if not path.is_file():
            return Entry(EntryState.MISSING, path)
        manifest = _read_manifest(path.parent / "manifest.json")
        if manifest is None:
            return Entry(EntryState.CORRUPT, path, None, "its manifest is missing or damaged")
        if manifest.recipe not in recipes:
            return Entry(EntryState.STALE, path, manifest, "its recipe has changed")
        found = path.stat()
        if (found.st_size, found.st_mtime_ns) == (manifest.size_bytes, manifest.mtime_ns):
            return Entry(EntryState.OK, path, manifest)
        digest = sha256_file(path)
        if digest != manifest.sha256:
            reason = f"its SHA-256 is {digest[:12]}..., recorded is {manifest.sha256[:12]}..."
            return Entry(EntryState.CORRUPT, path, manifest, reason)
        if repair:
            _write_manifest(path.parent, Manifest(**{**asdict(manifest), "mtime_ns": found.st_mtime_ns}))
        return Entry(EntryState.OK, path, manifest)

    def temporary(self, spec: ToolSpec) -> Path:
        """A temporary name in the tool's folder; what a killed run left there is removed. Needs the lock."""
        folder = self.folder(spec)
        folder.mkdir(parents=True, exist_ok=True)
        for leftover in folder.glob(f"{_TEMPORARY}*"):
            remove(leftover)
        return folder / f"{_TEMPORARY}{os.getpid()}-{spec.name}"

    def install(self, spec: ToolSpec, temporary: Path, obtained: Obtained, recipe: str) -> Path:
        """Make a finished temporary file the tool. Needs the lock."""
        temporary.chmod(0o755)
        found = temporary.stat()
        manifest = Manifest(
            tool=spec.name,
            version=obtained.version,
            source=obtained.source.value,
            origin=obtained.origin,
            recipe=recipe,
            sha256=sha256_file(temporary),
            size_bytes=found.st_size,
            mtime_ns=found.st_mtime_ns,
        )
        path = self.folder(spec) / spec.name
        _write_manifest(path.parent, manifest)
        temporary.replace(path)
        return path


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _read_manifest(file: Path) -> Manifest | None:
    try:
        return Manifest(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    temporary = folder / f"{_TEMPORARY}{os.getpid()}-manifest"
    temporary.write_text(json.dumps(asdict(manifest), indent=1) + "\n", encoding="utf-8")
    temporary.replace(folder / "manifest.json")
