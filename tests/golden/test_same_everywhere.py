"""A tree depends on the stack file alone: not on the run, hash seed, locale, time zone, folder or user."""

from pathlib import Path

import pytest

from tests.support.cli import run
from tests.support.trees import STACKS, TREES, content

SURROUNDINGS = {
    "seed-0-c": {"PYTHONHASHSEED": "0", "LC_ALL": "C", "TZ": "UTC", "PYTHONUTF8": "0"},
    "seed-1-utf8": {"PYTHONHASHSEED": "1", "LC_ALL": "C.UTF-8", "TZ": "Asia/Seoul"},
    "seed-4711-turkish": {"PYTHONHASHSEED": "4711", "LC_ALL": "tr_TR.UTF-8", "TZ": "America/St_Johns"},
    "odd-home": {"PYTHONHASHSEED": "random", "HOME": "/nonexistent", "COLUMNS": "20", "TERM": "dumb"},
}


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("name", SURROUNDINGS)
def test_the_tree_is_the_same_in_any_surroundings(stack: str, name: str, tmp_path: Path) -> None:
    """A process with another seed, locale, zone, width and folder writes the golden bytes."""
    folder = tmp_path / "földer with spaces"
    folder.mkdir()

    done = run("render", stack, "--out", "tree", cwd=folder, environment=SURROUNDINGS[name])

    assert done.code == 0, done.text
    assert content(folder / "tree") == content(TREES / stack)


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    """Rendering twice writes no file the second time, and touches none."""
    tree = tmp_path / "tree"
    run("render", "local", "--out", str(tree))
    before = {file: file.stat().st_mtime_ns for file in (tree / "manifests").rglob("*.yaml")}

    again = run("render", "local", "--out", str(tree))

    assert "0 files written, 0 removed" in again.out
    assert {file: file.stat().st_mtime_ns for file in (tree / "manifests").rglob("*.yaml")} == before
    assert content(tree) == content(TREES / "local")
