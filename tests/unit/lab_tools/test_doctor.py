"""Status and the doctor's rows: they look, and touch nothing."""

from pathlib import Path

from aifactory.lab.tools import ToolState
from aifactory.lab.tools.doctor import FREE_MIB_MINIMUM, Host, inspect_host, report
from tests.unit.lab_tools.harness import TOOL, Bench

GOOD = Host(go="1.26.8", docker="27.0", python=(3, 11), cache_free_mib=FREE_MIB_MINIMUM)
BARE = Host(go=None, docker=None, python=(3, 11), cache_free_mib=100)


def test_status_changes_nothing(bench: Bench) -> None:
    """Asking for a missing tool says how it would be obtained, and leaves no cache behind."""
    status = bench.box().status()

    assert [(each.name, each.state, each.path) for each in status] == [(TOOL, ToolState.MISSING, None)]
    assert status[0].reason == "not on PATH; not cached; would be built from Go modules"
    assert not bench.cache.exists()
    assert bench.go_calls == 0


def test_status_without_go_says_so(bench: Bench) -> None:
    """Where there is no Go, the status does not promise a build."""
    bench.with_go = False

    assert (
        bench.box()
        .status([TOOL])[0]
        .reason.endswith("not cached; cannot be built, as there is no Go toolchain")
    )


def test_ready_lane_misses_nothing(bench: Bench) -> None:
    """With every tool there, neither Go nor disk space is asked for; the lane kind still wants docker."""
    bench.box().ensure([TOOL])
    statuses = bench.box().status()

    shown = report(statuses, BARE, "1.26")

    assert shown.missing == {"engine": (), "kind": ("docker",)}
    assert [(row.name, row.ok, row.found) for row in shown.tools] == [(TOOL, True, "1.2.3 (go-build)")]


def test_summary_names_what_each_lane_lacks(bench: Bench) -> None:
    """A missing tool brings the missing means of building it into the lane's summary."""
    statuses = bench.box().status()

    assert report(statuses, BARE, "1.26").missing["engine"] == (TOOL, "go", "disk")
    assert report(statuses, GOOD, "1.26").missing == {"engine": (TOOL,), "kind": ()}
    old = Host(go="1.25.9", docker="27.0", python=(3, 11), cache_free_mib=FREE_MIB_MINIMUM)
    assert report(statuses, old, "1.26").missing["engine"] == (TOOL, "go")


def test_host_is_inspected_without_tools(tmp_path: Path) -> None:
    """A machine with an empty PATH is described, not an error."""
    host = inspect_host(tmp_path / "not" / "there", {"PATH": str(tmp_path)})

    assert (host.go, host.docker) == (None, None)
    assert host.cache_free_mib > 0
