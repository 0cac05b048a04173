"""The golden trees: where they are, and how a tree is read."""

from pathlib import Path

from tests.support.cli import ROOT

TREES = ROOT / "tests" / "golden" / "trees"
STACKS = sorted(file.name.split(".")[1] for file in (ROOT / "stacks").glob("Pulumi.*.yaml"))


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its relative path."""
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
