"""The mirror folder: ``<tool>/<version>/<os>-<arch>/<file>``.

``<file>`` is either the vendor's artefact under its published name, with the vendor's checksum list beside it
under its published name, or the tool itself under its own name, with ``<file>.sha256`` or a cache manifest
beside it. A copy of a cache folder is therefore a mirror. A file without a checksum is used, and reported as
unverified.
"""

import json
import os
from pathlib import Path

from aifactory.lab.tools.archive import extract_member
from aifactory.lab.tools.checksum import sha256_file, sha256_in_list
from aifactory.lab.tools.platform import Platform
from aifactory.lab.tools.progress import Progress
from aifactory.lab.tools.step import Obtained, Source, StepFailedError
from aifactory.lab.tools.table import ToolSpec


class MirrorStep:
    """Takes tools from a mirror folder.

    Args:
        mirror: The folder; None where none is configured.
        platform: The platform to take tools for.
        progress: Told when a file has no checksum.
    """

    def __init__(self, mirror: Path | None, platform: Platform, progress: Progress) -> None:
        self._mirror = mirror
        self.platform = platform
        self._progress = progress

    def find(self, spec: ToolSpec) -> Path | None:
        """The file of the mirror that holds a tool; None if there is none."""
        if self._mirror is None:
            return None
        artefact = spec.artefact(self.platform)
        candidates = [self._folder(spec, spec.version) / spec.name]
        if artefact is not None:
            candidates.insert(0, self._folder(spec, artefact.version) / artefact.file)
        return next((file for file in candidates if os.access(file, os.R_OK)), None)

    def obtain(self, spec: ToolSpec, target: Path) -> Obtained:
        """Verify the mirrored file and take the tool out of it."""
        if self._mirror is None:
            raise StepFailedError("no mirror is set")
        file = self.find(spec)
        if file is None:
            raise StepFailedError(f"not in the mirror (no file in {self._folder(spec, spec.version)})")
        artefact = spec.artefact(self.platform)
        vendored = artefact is not None and file.name == artefact.file
        checksum_name = artefact.checksum_url.rsplit("/", 1)[-1] if artefact is not None else ""
        literal = artefact.sha256 if artefact is not None and vendored else ""
        expected = literal or _checksum_beside(file, checksum_name)
        if not expected:
            self._progress.step(spec.name, f"{file} has no checksum beside it: used unverified")
        elif sha256_file(file) != expected:
            raise StepFailedError(
                f"{file} has a wrong checksum, expected SHA-256 {expected}; it is not used", loud=True
            )
        extract_member(file, file.name, artefact.member if artefact is not None else "", target)
        version = artefact.version if artefact is not None and vendored else spec.version
        return Obtained(Source.MIRROR, version, str(file))

    def _folder(self, spec: ToolSpec, version: str) -> Path:
        return (self._mirror or Path()) / spec.name / version / str(self.platform)


def _checksum_beside(file: Path, checksum_name: str) -> str | None:
    for name in (f"{file.name}.sha256", checksum_name):
        beside = file.parent / name
        if name and beside.is_file():
            digest = sha256_in_list(beside.read_text(encoding="utf-8", errors="replace"), file.name)
            if digest:
                return digest
    try:
        manifest = json.loads((file.parent / "manifest.json").read_text(encoding="utf-8"))
        return str(manifest["sha256"]) if manifest["tool"] == file.name else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
