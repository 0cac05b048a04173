"""A GitOps tree that is rendered again: what is stale is named, foreign files stay, a kill leaves no half tree."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from aifactory.deliver.staging import STAGING
from aifactory.deliver.tree import MARKER
from tests.support.cli import ROOT, Terminal
from tests.support.gitops import dangling, rendered, words
from tests.support.trees import content

KILLED = """
import os, signal, sys
at, real, count = int(sys.argv[1]), os.replace, 0
def replace(source, target):
    global count
    if count == at:
        os.kill(os.getpid(), signal.SIGKILL)
    count += 1
    real(source, target)
os.replace = replace
sys.argv = ["aifactory", *sys.argv[2:]]
from aifactory.cli.main import main
main()
"""
CHANGED = "malaysia-johor"


@pytest.fixture
def tree(tmp_path: Path, terminal: Terminal) -> Path:
    """The tree of a small stack."""
    return rendered(terminal, "local", "flux", tmp_path)


def check(terminal: Terminal, tree: Path, stack: str = "local") -> tuple[int, str]:
    """Exit code and output of ``--check``."""
    done = terminal(*words(stack, "flux", tree.parent, "--check"))
    return done.code, done.out


def test_a_fresh_tree_passes_the_check(tree: Path, terminal: Terminal) -> None:
    """Without a difference the check ends with 0, says so, and touches nothing; so does a second render."""
    before = {path: path.stat().st_mtime_ns for path in tree.rglob("*")}

    assert check(terminal, tree)[0] == 0
    assert "fresh" in check(terminal, tree)[1]
    assert "0 files written, 0 removed" in terminal(*words("local", "flux", tree.parent)).out
    assert {path: path.stat().st_mtime_ns for path in tree.rglob("*")} == before


def test_the_check_names_what_is_stale(tree: Path, terminal: Terminal) -> None:
    """A missing, a changed and an unwanted file of ours are named, the exit code is 2, and nothing is written."""
    (tree / "README.md").unlink()
    (tree / "management" / "root.yaml").write_text("edited")
    marker = json.loads((tree / MARKER).read_text())
    marker["files"]["cells/old.yaml"] = ""
    (tree / MARKER).write_text(json.dumps(marker))
    (tree / "cells" / "old.yaml").write_text("old")
    before = content(tree)

    code, text = check(terminal, tree)

    assert code == 2
    assert "missing: README.md" in text
    assert "changed: management/root.yaml" in text
    assert "unwanted: cells/old.yaml" in text
    assert content(tree) == before


def test_a_tree_that_is_not_there_is_stale(tmp_path: Path, terminal: Terminal) -> None:
    """The check of an empty folder ends with 2 and makes nothing."""
    done = terminal(*words("local", "flux", tmp_path / "none", "--check"))

    assert done.code == 2
    assert "more\n" in done.out
    assert not (tmp_path / "none").exists()


def test_foreign_files_stay(tree: Path, terminal: Terminal) -> None:
    """Files of other people in the tree are no difference to the check, and stay when the tree is rendered."""
    (tree / "cells" / "notes.txt").write_text("mine")

    assert check(terminal, tree)[0] == 0
    (tree / "management" / "root.yaml").write_text("edited")
    assert terminal(*words("local", "flux", tree.parent)).code == 0

    assert (tree / "cells" / "notes.txt").read_text() == "mine"
    assert check(terminal, tree)[0] == 0


def test_a_foreign_file_in_the_place_of_ours_is_refused(tree: Path, terminal: Terminal) -> None:
    """A file that the marker does not list is never replaced, and nothing else is written before that is said."""
    marker = json.loads((tree / MARKER).read_text())
    del marker["files"]["management/root.yaml"]
    (tree / MARKER).write_text(json.dumps(marker))
    (tree / "management" / "root.yaml").write_text("mine")
    before = content(tree)

    done = terminal(*words("local", "flux", tree.parent))

    assert done.code == 1
    assert done.err == (
        f"error: {tree / 'management' / 'root.yaml'}: is in the place of a rendered file and was not written by this"
        " tool; only files that it wrote itself are replaced; move it away, or name another folder with --out\n"
    )
    assert content(tree) == before


@pytest.mark.parametrize("torn", ["", "[]", '{"files": ["a"]}', '{"files": {"../outside": ""}}'])
def test_a_marker_of_another_kind_is_refused(torn: str, tree: Path, terminal: Terminal) -> None:
    """A marker that cannot be believed is named, and nothing is written or removed on its word."""
    (tree / MARKER).write_text(torn)
    before = content(tree)

    done = terminal(*words("local", "flux", tree.parent))

    assert done.code == 1
    assert done.err == (
        f"error: {tree / MARKER}: is not the list of files of a GitOps tree; one that this tool wrote itself is"
        " needed; name another folder with --out\n"
    )
    assert content(tree) == before


def test_a_folder_that_cannot_be_made_is_one_error(tmp_path: Path, terminal: Terminal) -> None:
    """A file in the place of the folder is left, and the message says what is needed."""
    (tmp_path / "local").write_text("mine")

    done = terminal(*words("local", "flux", tmp_path))

    assert done.code == 1
    assert f"{tmp_path / 'local'}: is a file, and a tree is a folder; " in done.err
    assert (tmp_path / "local").read_text() == "mine"


def changed_stack(folder: Path) -> Path:
    """A copy of a stack of several cells in which one pool is shared by another number of pods."""
    content_of = yaml.safe_load((ROOT / "stacks" / f"Pulumi.{CHANGED}.yaml").read_text())
    pools = content_of["config"]["aifactory:stack"]["pools"]
    pools[2]["partitioning"] = {"time_slicing": {"replicas": 4}}
    file = folder / f"Pulumi.{CHANGED}.yaml"
    file.write_text(yaml.safe_dump(content_of))
    return file


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")
@pytest.mark.parametrize("at", [0, 1, 8, 15, 16])
def test_a_killed_render_leaves_a_tree_that_leads_somewhere(
    at: int, tmp_path: Path, terminal: Terminal
) -> None:
    """Wherever a render is killed, each name in the tree leads to a file, and the next render completes it."""
    out, file = tmp_path / "out", changed_stack(tmp_path)
    tree = rendered(terminal, CHANGED, "flux", out)
    before = content(tree)
    command = ["render", "--file", str(file), "--engine", "flux", "--out", str(out)]

    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(at), *command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == -signal.SIGKILL, done.stderr
    assert dangling(tree) == []
    assert {name for name in before if name.startswith("cells/")} <= set(content(tree))
    assert terminal(*command, "--check").code == 2
    assert terminal(*command).code == 0
    assert terminal(*command, "--check").code == 0
    assert dangling(tree) == []
    assert [entry.name for entry in out.iterdir()] == [CHANGED]
    assert content(tree) != before


@pytest.mark.parametrize("more", [(), ("--check",)])
def test_a_tree_does_not_lead_out_of_its_folder(
    more: tuple[str, ...], tree: Path, terminal: Terminal, tmp_path: Path
) -> None:
    """A folder of the tree that is a link is refused: what is behind it is neither replaced nor removed."""
    elsewhere = tmp_path / "elsewhere"
    (tree / "cells").rename(elsewhere)
    (elsewhere / "old.yaml").write_text("mine")
    (tree / "cells").symlink_to(elsewhere)
    marker = json.loads((tree / MARKER).read_text())
    marker["files"]["cells/old.yaml"] = ""
    (tree / MARKER).write_text(json.dumps(marker))
    before = content(elsewhere)

    done = terminal(*words("local", "flux", tree.parent, *more))

    assert done.code == 1
    assert done.err == (
        f"error: {tree / 'cells'}: is a symbolic link, through which files outside of the tree would be replaced or"
        " removed; folders of a tree are folders; move it away, or name another folder with --out\n"
    )
    assert content(elsewhere) == before


def test_a_link_in_the_place_of_a_file_is_stale(tree: Path, terminal: Terminal, tmp_path: Path) -> None:
    """A link to the right text is no fresh file; it is replaced, and what it leads to stays."""
    aside = tmp_path / "aside.md"
    (tree / "README.md").rename(aside)
    (tree / "README.md").symlink_to(aside)

    assert check(terminal, tree)[0] == 2
    assert terminal(*words("local", "flux", tree.parent)).code == 0

    assert not (tree / "README.md").is_symlink()
    assert aside.read_bytes() == (tree / "README.md").read_bytes()


def test_a_check_that_cannot_read_is_one_error(tmp_path: Path, terminal: Terminal) -> None:
    """A folder that no system can have is named, without a traceback or the word defect."""
    done = terminal(*words("local", "flux", tmp_path / ("x" * 300), "--check"))

    assert done.code == 1
    assert "the tree cannot be read (File name too long); a readable folder is needed;" in done.err


def test_what_a_killed_run_left_goes_when_the_tree_is_fresh(tree: Path, terminal: Terminal) -> None:
    """The folder of a run that was killed at its end is not left for Git to pick up."""
    left = tree.parent / f"{STAGING}{2**22 + 1}-x"  # above the highest number that a process can have
    left.mkdir()
    (left / "README.md").write_text("half")

    assert terminal(*words("local", "flux", tree.parent)).code == 0

    assert not left.exists()
