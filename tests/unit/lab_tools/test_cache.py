"""The cache: trusted only as long as it verifies."""

import json
import os
import stat

import pytest

from aifactory.lab.tools import UnknownToolError
from tests.unit.lab_tools.harness import TOOL, Bench, row


def test_second_run_builds_nothing(bench: Bench) -> None:
    """A tool that is in the cache is used at once, from the same place."""
    first = bench.box().ensure([TOOL])
    told = len(bench.progress.lines)

    second = bench.box().ensure([TOOL])

    assert (second.path(TOOL), second.bin_dir) == (first.path(TOOL), first.bin_dir)
    assert bench.go_calls == 1
    assert len(bench.progress.lines) == told


def test_manifest_says_where_the_tool_is_from(bench: Bench) -> None:
    """The manifest has version, source, origin, recipe and SHA-256."""
    bench.box().ensure([TOOL])

    manifest = json.loads((bench.entry.parent / "manifest.json").read_text())
    assert manifest["source"] == "go-build"
    assert manifest["version"] == "1.2.3"
    assert manifest["origin"] == "example.test/demo"
    assert manifest["recipe"] == bench.table().recipe_hash(bench.table().spec(TOOL))
    assert len(manifest["sha256"]) == 64


@pytest.mark.parametrize("damage", ["truncated", "same size", "no manifest", "broken manifest"])
def test_damaged_entry_is_noticed_and_rebuilt(bench: Bench, damage: str) -> None:
    """A damaged file or manifest is reported in one line and made again, in the folder for PATH too."""
    tools = bench.box().ensure([TOOL])
    good = bench.entry.read_bytes()
    match damage:
        case "truncated":
            bench.entry.write_bytes(good[:5])
        case "same size":
            bench.entry.write_bytes(b"x" * len(good))
            os.utime(bench.entry, ns=(1, 1))
        case "no manifest":
            (bench.entry.parent / "manifest.json").unlink()
        case "broken manifest":
            (bench.entry.parent / "manifest.json").write_text("{")

    assert [status.state for status in bench.box().status()] == ["corrupt"]
    again = bench.box().ensure([TOOL])

    assert bench.go_calls == 2
    assert bench.progress.text.count("cached file is not used") == 1
    assert bench.entry.read_bytes() == good
    assert (again.bin_dir / TOOL).read_bytes() == good
    assert again.bin_dir == tools.bin_dir


def test_touched_entry_is_kept(bench: Bench) -> None:
    """A file whose time alone changed still has its SHA-256, and is not built again."""
    bench.box().ensure([TOOL])
    os.utime(bench.entry, ns=(1, 1))

    bench.box().ensure([TOOL])

    assert bench.go_calls == 1


def test_changed_recipe_rebuilds(bench: Bench) -> None:
    """Another linker flag, or another byte in a wrapper file, makes the cached tool stale."""
    bench.box().ensure([TOOL])
    build = {"kind": "go", "module": "demo", "package": "example.test/demo", "ldflags": ["-s"]}
    bench.box(row(build=build)).ensure([TOOL])
    assert bench.go_calls == 2

    (bench.module / "go.sum").write_text("example.test/other v1.0.0 h1:abc=\n")
    bench.box(row(build=build)).ensure([TOOL])

    assert bench.go_calls == 3
    assert "cached file is not used, its recipe has changed" in bench.progress.text


def test_bin_dir_has_the_real_files(bench: Bench) -> None:
    """The folder for PATH has hard links: a tool that looks beside itself finds its companions there."""
    rows = [row("aif-one"), row("aif-two")]

    tools = bench.box(*rows).ensure(["aif-one", "aif-two"])

    assert sorted(file.name for file in tools.bin_dir.iterdir()) == ["aif-one", "aif-two"]
    assert all(stat.S_ISREG(file.lstat().st_mode) for file in tools.bin_dir.iterdir())


def test_unknown_names_are_refused(bench: Bench) -> None:
    """A name outside the table, or outside the set asked for, is an error that lists the known ones."""
    with pytest.raises(UnknownToolError, match=rf"nope: no such tool; known are {TOOL}; use one of these"):
        bench.box().ensure(["nope"])

    with pytest.raises(UnknownToolError, match="other: no such tool"):
        bench.box().ensure([TOOL]).path("other")
