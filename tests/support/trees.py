"""The golden trees: where they are, and how a tree is read."""

import hashlib
from pathlib import Path

from tests.support.cli import ROOT

TREES = ROOT / "tests" / "golden" / "trees"
DIGESTS = ROOT / "tests" / "golden" / "digests"
EVERY_STACK = sorted(file.name.split(".")[1] for file in (ROOT / "stacks").glob("Pulumi.*.yaml"))
STACKS = ["korea-pilot", "local"]
"""Stacks whose golden trees are kept in full; of the others a digest of each file is kept."""
OTHERS = [stack for stack in EVERY_STACK if stack not in STACKS]


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its relative path."""
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder, by its relative path."""
    return {name: hashlib.sha256(data).hexdigest() for name, data in content(folder).items()}
