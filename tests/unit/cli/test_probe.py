"""What `aifactory probe` prints and how it ends."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from aifactory.cli import probe
from aifactory.manifests.probe.report import NOT_GOVERNED, Report, Row
from aifactory.manifests.probe.table import TruthTable
from tests.support.cli import Terminal
from tests.support.probes import STACKS
from tests.support.stacks import minimal_stack

ROW = Row("training/any", "kube-system/kube-dns", 53, "UDP", "open", "open", ("training/allow-dns",))
CLOSED = Row("training/any", "inference/any", 443, "TCP", "closed", "closed", ("training/default-deny",))
WRONG = Row("training/any", "inference/any", 443, "TCP", "closed", "open", ())


def report(*rows: Row, differences: tuple[Row, ...] = (), mode: str = "static", **more: Any) -> Report:
    """What a probe found."""
    fields: dict[str, Any] = {
        "policies": 7,
        "compared": 1000,
        "not_probed": (),
        "not_proven": ("enforcement",),
        "places": {row.source: row.source.partition("/")[0] for row in rows}
        | {row.destination: row.destination.partition("/")[0] for row in rows},
    }
    return Report(stack="local", mode=mode, rows=rows, differences=differences, **(fields | more))


@pytest.fixture
def finding(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets what the static probe of a stack finds."""

    def found(result: Report) -> None:
        monkeypatch.setattr(probe, "static_report", lambda *_: result)

    return found


def test_a_stack_as_it_is_meant(terminal: Terminal) -> None:
    """Policies that say what is meant: exit code 0, counts, what is open, and what the table is not about."""
    done = terminal("probe", "korea-pilot")

    assert done.code == 0, done.text
    for words in (
        "network of korea-pilot: rendered policies against the flow table; no connection was opened",
        "the flow table and what was found agree",
        "Open, as the flow table means it; everything else is closed",
        "Not governed by NetworkPolicy",
        "Not proven",
        "  - that anything enforces the policies: that is the network plugin's part; --live asks a running lab",
    ):
        assert words in done.out
    for words in NOT_GOVERNED:
        assert f"  - {words}" in done.out
    assert "training: every pod" in done.out
    assert "every port" in done.out
    assert "Differences" not in done.out.splitlines()


@pytest.mark.parametrize("stack", STACKS)
def test_every_stack_is_as_it_is_meant(terminal: Terminal, stack: str) -> None:
    """Each stack of the repository has a table, as one JSON object, without a difference."""
    done = terminal("probe", stack, "--json")
    data = json.loads(done.out)

    assert (done.code, data["stack"], data["mode"], data["differences"]) == (0, stack, "static", [])
    assert {row["found"] for row in data["rows"]} == {"open", "closed"}


def test_a_site_of_many_cells_says_which_one_it_is(terminal: Terminal) -> None:
    """Without a name it is the first cell; another one has other addresses and the same result."""
    first, other = (
        json.loads(terminal("probe", "korea-gigawatt", *words, "--json").out)
        for words in ((), ("--cell", "3"))
    )

    assert first["not_probed"] == [
        "this is korea-gigawatt-c000; 29 other cells: the same flows at other addresses; name one with --cell"
    ]
    assert other["not_probed"][0].startswith("this is korea-gigawatt-c003; ")
    assert (first["differences"], other["differences"]) == ([], [])


def test_a_stack_file_anywhere(terminal: Terminal, tmp_path: Path) -> None:
    """A stack file that is not among the stacks is probed by its path."""
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump({"config": {"aifactory:stack": minimal_stack()}}))

    done = terminal("probe", "--file", str(file))

    assert done.code == 0, done.text
    assert "network of mine: " in done.out


def test_a_difference_ends_with_two(terminal: Terminal, finding: Any) -> None:
    """A connection that is not as it is meant is named with how it was found, and the exit code is 2."""
    finding(report(ROW, differences=(WRONG, WRONG)))

    done = terminal("probe", "local")
    data = json.loads(terminal("probe", "local", "--json").out)

    assert done.code == 2
    assert "  - training/any -> inference/any 443/TCP 443/TCP: meant closed, found open" in done.out
    assert terminal("probe", "local", "--json").code == 2
    assert data["differences"] == [WRONG.data(), WRONG.data()]


def test_many_differences_are_counted(terminal: Terminal, finding: Any) -> None:
    """After forty pairs, and after three ports of one, the rest is a number."""
    many = tuple(Row(f"a/{index}", "b/any", 80, "TCP", "closed", "open", ("a/p",)) for index in range(42))
    ports = tuple(Row("a/0", "b/any", 100 + index, "TCP", "closed", "open", ("a/p",)) for index in range(4))
    finding(report(ROW, differences=many + ports))

    done = terminal("probe", "local")

    line = "  - a/0 -> b/any 80/TCP 100/TCP 101/TCP and 2 ports more: meant closed, found open (a/p)"
    assert line in done.out
    assert "  and 2 pairs more; --json has all of them" in done.out


def test_only_what_is_open_is_listed(terminal: Terminal, finding: Any) -> None:
    """The table for people has the open rows; the closed ones are in the JSON."""
    finding(report(ROW, CLOSED))

    done = terminal("probe", "local")

    assert "53/UDP" in done.out
    assert "inference" not in done.out


def test_live_is_for_kind_labs_only(terminal: Terminal) -> None:
    """A real cluster is never probed by connections, nor is one without pods."""
    for target in ("cluster", "simulated"):
        done = terminal("probe", "local", "--live", "--target", target)
        assert done.code == 1
        assert done.err == (
            f"error: --live is not for target '{target}': it starts pods and opens the network for a moment;"
            " a kind lab is allowed; use --target kind\n"
        )


def lab(monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    """A kind lab in some state, without any tool."""
    there = SimpleNamespace(
        stack="local", kubeconfig=Path("kubeconfig"), status=lambda: SimpleNamespace(state=state)
    )
    monkeypatch.setattr(probe, "tools_of", lambda _: SimpleNamespace(path=Path))
    monkeypatch.setattr(probe, "lab_of", lambda *_: there)
    monkeypatch.setattr(probe, "Cluster", lambda *_: SimpleNamespace())


def test_live_needs_a_running_lab(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a running lab nothing is probed, and the message says how to get one."""
    lab(monkeypatch, "absent")

    done = terminal("probe", "local", "--live", "--target", "kind")

    assert done.code == 1
    assert done.err == (
        "error: the kind lab of local does not run, and connections need one; a running lab with the stack in it is"
        " needed; start it with: aifactory up local --target kind\n"
    )


def test_a_live_probe_says_what_it_is(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A live probe is of the stack's table, and its report names the lab and what was not probed."""
    lab(monkeypatch, "running")
    seen: list[object] = []

    def live(stack: str, table: TruthTable, *_: object) -> Report:
        seen.extend([stack, len(table.policies) > 0])
        return report(ROW, mode="live", not_probed=("UDP",))

    monkeypatch.setattr(probe, "live_report", live)
    done = terminal("probe", "local", "--live", "--target", "kind")

    assert done.code == 0, done.text
    assert seen == ["local", True]
    assert "network of local: connections in a kind lab, enforced by kube-router" in done.out
    assert "Not probed\n  - UDP" in done.out


def test_a_lab_is_named_for_live_probes_only(terminal: Terminal) -> None:
    """Who names a lab and reads policies alone is told that no lab would be asked."""
    ran = terminal("probe", "local", "--lab", "other")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("error: --lab: without --live rendered policies are read, and no lab is asked;")
