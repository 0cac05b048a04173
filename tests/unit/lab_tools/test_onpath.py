"""Tools on PATH: used if they fit, passed over with a reason if not."""

import pytest

from tests.unit.lab_tools.harness import TOOL, Bench, row


def put(bench: Bench, version: str, name: str = TOOL) -> None:
    """Put a tool of some version on PATH."""
    bench.executable(bench.path_dir / name, f"#!/bin/sh\necho demo {version}\n")


def rule(name: str) -> dict[str, object]:
    """A PATH section with a rule."""
    return {"rule": name, "version_args": ["--version"], "version_pattern": r"demo (\d+\.\d+\.\d+)"}


@pytest.mark.parametrize(
    ("name", "version", "fits"),
    [
        ("same-minor", "1.2.9", True),
        ("same-minor", "1.3.3", False),
        ("at-least", "1.2.3", True),
        ("at-least", "1.10.0", True),
        ("at-least", "1.2.2", False),
        ("at-least", "2.0.0", False),
        ("exact", "1.2.3", True),
        ("exact", "1.2.4", False),
        ("same-minor", "unknown", False),
    ],
)
def test_rule_decides(bench: Bench, name: str, version: str, fits: bool) -> None:
    """A version that fits the rule is used where it lies; another one is passed over and the pin is built."""
    put(bench, version)

    tools = bench.box(row(on_path=rule(name))).ensure([TOOL])

    assert (tools.path(TOOL) == bench.path_dir / TOOL) is fits
    assert bench.go_calls == (0 if fits else 1)
    assert ("is passed over" in bench.progress.text) is not fits
    assert (tools.bin_dir / TOOL).samefile(tools.path(TOOL))


def test_refusal_names_both_versions(bench: Bench) -> None:
    """The line about a tool that does not fit says what it is and what is needed."""
    put(bench, "1.3.0")

    bench.box().ensure([TOOL])

    found = bench.path_dir / TOOL
    assert f"{TOOL}: {found} is passed over: is 1.3.0, 1.2.x is needed" in bench.progress.lines


def test_companion_needs_its_main_tool(bench: Bench) -> None:
    """A companion that tells no version is taken only from the folder of an accepted main tool."""
    companion = row("aif-companion", on_path={"rule": "beside", "beside": TOOL})
    put(bench, "anything", "aif-companion")
    put(bench, "1.2.5")
    beside = bench.box(row(), companion).ensure(["aif-companion"])

    put(bench, "9.9.9")
    alone = bench.box(row(), companion).ensure(["aif-companion"])

    assert beside.path("aif-companion") == bench.path_dir / "aif-companion"
    assert alone.path("aif-companion").is_relative_to(bench.cache)


def test_own_bin_dir_on_path_is_passed_over(bench: Bench) -> None:
    """A PATH that begins with our own folder of links does not make the cache look like the system."""
    first = bench.box().ensure([TOOL])
    box = bench.box()
    environ = {**bench.environ(), "PATH": f"{first.bin_dir}:{bench.environ()['PATH']}"}

    status = type(box)(box.cache_dir, None, bench.progress, box.table, environ).status()

    assert [(each.source, each.path) for each in status] == [("go-build", first.path(TOOL))]
