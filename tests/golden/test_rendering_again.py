"""A folder that is rendered to again: foreign files stay, stale ones go, an interrupted run is repaired."""

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aifactory.deliver.tree import MARKER
from tests.support.cli import Terminal
from tests.support.trees import TREES, content

TMPFS_KIB = 16


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 KiB."""
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if sys.platform != "linux" or os.geteuid() != 0 or mount is None or umount is None:
        pytest.skip("a small file system can be mounted by root on Linux only")
    disk = tmp_path / "disk"
    disk.mkdir()
    command = [mount, "-t", "tmpfs", "-o", f"size={TMPFS_KIB}k", "tmpfs", str(disk)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
    yield disk
    subprocess.run([umount, str(disk)], check=True)


def test_a_folder_with_foreign_files_is_refused(tree: Path, terminal: Terminal) -> None:
    """A folder that this tool did not render to is named, and left as it is."""
    tree.mkdir()
    (tree / "notes.txt").write_text("mine")

    done = terminal("render", "local", "--out", str(tree))

    assert done.code == 1
    assert done.err == (
        f"error: {tree}: the folder holds files that were not rendered by this tool; an empty folder, or one"
        " rendered before, is needed; name another one with --out\n"
    )
    assert content(tree) == {"notes.txt": b"mine"}


def test_a_file_in_the_place_of_the_folder_is_refused(tree: Path, terminal: Terminal) -> None:
    """A file of the folder's name is left as it is."""
    tree.write_text("mine")

    done = terminal("render", "local", "--out", str(tree))

    assert done.code == 1
    assert f"error: {tree}: is a file, and a tree is a folder; " in done.err
    assert tree.read_text() == "mine"


def test_stale_files_of_ours_are_removed(tree: Path, terminal: Terminal) -> None:
    """What another stack had there goes, empty folders too; a file that was added by hand stays."""
    terminal("render", "korea-pilot", "--out", str(tree))
    (tree / "README").write_text("mine")

    done = terminal("render", "local", "--out", str(tree))

    assert done.code == 0, done.text
    assert content(tree) == {**content(TREES / "local"), "README": b"mine"}
    assert [folder for folder in tree.rglob("*") if folder.is_dir() and not any(folder.iterdir())] == []


def test_a_file_that_was_changed_or_lost_is_restored(tree: Path, terminal: Terminal) -> None:
    """Edits of rendered files are undone, and only those files are written."""
    terminal("render", "local", "--out", str(tree))
    changed, lost = sorted((tree / "manifests").rglob("*.yaml"))[:2]
    changed.write_text("edited")
    lost.unlink()

    done = terminal("render", "local", "--out", str(tree))

    assert "2 files written, 0 removed" in done.out
    assert content(tree) == content(TREES / "local")


@pytest.mark.parametrize("stop_at", [0, 1, 2, 30, 66])
def test_an_interrupted_render_is_repaired_by_the_next(
    stop_at: int, tree: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever a render stops, it is one error, nothing is left beside the tree, and the next one completes."""
    terminal("render", "korea-pilot", "--out", str(tree))
    replace, calls = os.replace, iter(range(10_000))

    def failing(source: str, target: str) -> None:
        if next(calls) == stop_at:
            raise OSError(errno.EIO, "Input/output error", str(target))
        replace(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", failing)
        stopped = terminal("render", "local", "--out", str(tree))
    assert stopped.code == 1
    assert stopped.err.startswith(f"error: {tree}: the tree cannot be written (Input/output error)")
    assert [entry.name for entry in tree.parent.iterdir()] == ["tree"]

    assert terminal("render", "local", "--out", str(tree)).code == 0
    assert content(tree) == content(TREES / "local")


@pytest.mark.parametrize("torn", ["", '{"files": ["manif', "[]", '{"files": 3}', '{"files": [1]}'])
def test_a_torn_marker_is_refused(torn: str, tree: Path, terminal: Terminal) -> None:
    """A marker that cannot be read is named; nothing is written or removed on its word."""
    terminal("render", "local", "--out", str(tree))
    (tree / MARKER).write_text(torn)
    before = content(tree)

    done = terminal("render", "korea-pilot", "--out", str(tree))

    assert done.code == 1
    assert done.err == (
        f"error: {tree / MARKER}: is not the list of files that this tool keeps; one it wrote itself is needed;"
        " remove the folder, or name another one with --out\n"
    )
    assert content(tree) == before


def test_a_marker_never_reaches_outside_the_folder(tree: Path, terminal: Terminal) -> None:
    """A marker that names files elsewhere is refused, and those files stay."""
    outside = tree.parent / "outside.yaml"
    outside.write_text("mine")
    for name in ("../outside.yaml", str(outside), "manifests/../../outside.yaml"):
        tree.mkdir(exist_ok=True)
        (tree / MARKER).write_text(json.dumps({"files": [name]}))

        done = terminal("render", "local", "--out", str(tree))

        assert done.code == 1, name
        assert outside.read_text() == "mine"


def test_a_full_disk_is_one_clear_error(small_disk: Path, terminal: Terminal) -> None:
    """Without space nothing of the tree is written, and the message says so and what to do."""
    tree = small_disk / "tree"

    done = terminal("render", "local", "--out", str(tree))

    assert done.code == 1
    assert done.err == (
        f"error: {tree}: the tree cannot be written (No space left on device); a writable folder with enough"
        " space is needed; name another one with --out\n"
    )
    assert list(small_disk.iterdir()) == []


def test_a_mounted_folder_is_rendered_to(small_disk: Path, terminal: Terminal) -> None:
    """The folder may be a file system of its own: here its size is the error, and not the rename into it."""
    done = terminal("render", "local", "--out", str(small_disk))

    assert done.code == 1
    assert "No space left on device" in done.err
    assert [entry.name for entry in small_disk.parent.iterdir()] == [small_disk.name]


def test_a_plain_tree_does_not_lead_out_of_its_folder(tree: Path, terminal: Terminal, tmp_path: Path) -> None:
    """A folder of a plain tree that is a link is refused, and what is behind it stays."""
    assert terminal("render", "local", "--out", str(tree)).code == 0
    elsewhere = tmp_path / "elsewhere"
    (tree / "manifests").rename(elsewhere)
    (tree / "manifests").symlink_to(elsewhere)
    before = content(elsewhere)

    done = terminal("render", "local", "--out", str(tree))

    assert done.code == 1
    assert f"{tree / 'manifests'}: is a symbolic link, through which files outside of the tree" in done.err
    assert content(elsewhere) == before
