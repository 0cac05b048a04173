"""A live probe against a cluster that is played: pods answer as policies say. Nothing here is enforced by a kernel."""

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any, cast

import pytest

from aifactory.errors import LabError
from aifactory.lab.kind import probes
from aifactory.lab.kind.probe_bench import Bench
from aifactory.lab.kind.probe_seats import Seat
from aifactory.manifests.probe.endpoints import Endpoint, PortId
from aifactory.manifests.probe.evaluate import Evaluator
from aifactory.manifests.probe.intent import known_ports
from aifactory.manifests.probe.matrix import Matrix
from aifactory.manifests.probe.table import TruthTable
from tests.support.policies import EVERYTHING
from tests.support.probes import policy, table_with

NODES = {"control": ("10.0.0.10", True), "one": ("10.0.0.21", False), "two": ("10.0.0.22", False)}
TABLE = table_with(EVERYTHING)
PORTS = known_ports(EVERYTHING)


class PlayedBench:
    """A lab in which connections come to what policies say, refused where they are closed.

    Args:
        policies: What is in force once nothing is opened any more.
        dead: Names of endpoints whose listeners do not answer.
    """

    def __init__(self, policies: Sequence[Any] = TABLE.policies, dead: Sequence[str] = ()) -> None:
        self._policies = list(policies)
        self._dead = dead
        self._seats: Sequence[Seat] = ()
        self._opened: list[str] = []
        self._known: dict[tuple[str, ...], Matrix] = {}
        self.said: list[str] = []

    def nodes(self) -> dict[str, tuple[str, bool]]:
        """Two workers and a control plane."""
        return NODES

    def missing(self, _policies: Sequence[Any]) -> list[str]:
        """No policy is missing."""
        return []

    def furnish(self, seated: Sequence[Seat], *_: object) -> None:
        """The seats are taken."""
        self.said.append("furnish")
        self._seats = seated

    def addresses(self) -> dict[tuple[str, str], str]:
        """Addresses of the pods, in an order of their own."""
        pods = [seat for seat in self._seats if seat.pod]
        return {
            (seat.pod_namespace, str(seat.pod)): f"10.244.7.{index}" for index, seat in enumerate(pods, 1)
        }

    def dns_address(self) -> str:
        """Address of the DNS pod."""
        return "10.244.9.9"

    def open(self, namespaces: Sequence[str]) -> None:
        """Everything is open in these namespaces."""
        self.said.append("open")
        self._opened = list(namespaces)

    def close(self) -> None:
        """Nothing more than the policies is open."""
        self.said.append("close")
        self._opened = []

    def emptied(self) -> None:
        """Nothing of an earlier probe is left."""
        self.said.append("emptied")

    def clear(self) -> None:
        """Nothing of the probe is left."""
        self.said.append("clear")
        self._opened = []

    @cached_property
    def _placed(self) -> list[Seat]:
        return probes._placed(self._seats, cast("Bench", self), NODES["control"][0])

    def _matrix(self) -> Matrix:
        key = tuple(self._opened)
        if key not in self._known:
            spec = {"podSelector": {}, "ingress": [{}], "egress": [{}], "policyTypes": ["Ingress", "Egress"]}
            opening = [policy(spec, "open", name) for name in key]
            ends: list[Endpoint] = [seat.endpoint for seat in self._placed]
            self._known[key] = Evaluator(ends, PORTS).matrix([*self._policies, *opening])
        return self._known[key]

    def run(self, seat: Seat, script: str) -> str:
        """Answer the script's connections."""
        wanted = re.findall(r"^(http|bare|dns) (\d+) (\S+) (\d+) &$", script, re.MULTILINE)
        matrix, lines = self._matrix(), []
        at = {one.endpoint.address: index for index, one in enumerate(self._placed)}
        for kind, index, address, number in wanted:
            port = PORTS.index(PortId(int(number), "UDP" if kind == "dns" else "TCP"))
            opened = matrix.open(at[seat.endpoint.address], at[address]) >> port & 1
            lines.append(f"R {index} {self._answer(kind, at[address], bool(opened))}")
        return "\n".join([*lines, f"END {len(wanted)}"])

    def _answer(self, kind: str, other: int, opened: bool) -> str:
        seat = self._placed[other]
        if not opened or seat.endpoint.name in self._dead:
            return "1 nc: can't connect to remote host: Connection refused"
        return {"http": f"0 HTTP/1.1 200 OK {seat.identity}", "bare": "0 ", "dns": "0 Name: kubernetes"}[kind]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is waited for."""
    monkeypatch.setattr(probes, "SETTLE_S", 0.0)
    monkeypatch.setattr(probes, "PAUSE_S", 0.0)


def probed(bench: PlayedBench, table: TruthTable = TABLE) -> Any:
    """The report of a played lab."""
    return probes.live_report("local", table, cast("Bench", bench), lambda _: None)


def test_a_lab_that_enforces_what_is_meant_has_no_difference() -> None:
    """Every connection works when all is opened, and comes to what is meant when nothing is; then all is gone."""
    bench = PlayedBench()
    report = probed(bench)

    assert report.differences == ()
    assert report.mode == "live"
    assert {row.found for row in report.rows} == {"open", "closed"}
    assert report.compared == len(report.rows) > 1000
    assert bench.said == ["emptied", "furnish", "open", "close", "clear"]


def test_a_lab_that_enforces_nothing_is_found_out() -> None:
    """Without enforcement everything stays open, and each connection that is meant to be closed is a difference."""
    report = probed(PlayedBench(policies=()))

    closed = [row for row in report.rows if row.expected == "closed"]
    assert len(closed) > 500
    assert list(report.differences) == closed
    assert {row.found for row in closed} == {"open"}


def test_a_connection_without_its_control_is_never_closed() -> None:
    """Where a listener does not answer although everything is opened, a refusal proves nothing."""
    report = probed(PlayedBench(dead=("inference/any",)))

    rows = [row for row in report.rows if row.destination == "inference/any"]
    assert rows
    assert {row.found for row in rows} == {"no control: refused with everything opened, then refused"}
    assert list(report.differences) == rows


def test_a_damaged_policy_is_found_out() -> None:
    """A policy that is lost in the lab closes what it opened, and the row says by whom it should be open."""
    kept = [one for one in TABLE.policies if cast("Any", one)["metadata"]["name"] != "service-storage"]
    report = probed(PlayedBench(policies=kept))

    assert {(row.source, row.destination) for row in report.differences} == {
        (f"{space}/{pod}", "storage network")
        for space in ("training", "inference")
        for pod in ("any", "another")
    }
    assert {(row.expected, row.found) for row in report.differences} == {("open", "closed")}


def test_everything_is_removed_when_a_probe_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A probe that cannot be read leaves nothing behind, least of all what opens the network."""
    bench = PlayedBench()
    monkeypatch.setattr(bench, "run", lambda *_: "garbage")
    with pytest.raises(LabError, match="one line for each connection is needed"):
        probed(bench)

    assert bench.said == ["emptied", "furnish", "open", "clear"]


def test_a_lab_without_workers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pods and the addresses that stand for networks outside need different nodes."""
    bench = PlayedBench()
    monkeypatch.setattr(bench, "nodes", lambda: {"control": ("10.0.0.10", True)})
    with pytest.raises(LabError) as caught:
        probed(bench)

    assert str(caught.value) == (
        "the lab has 1 nodes; a control plane and at least one worker are needed; start it again with:"
        " aifactory lab up --target kind"
    )


def test_a_lab_without_the_stack_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the stack's policies are not there, that is said, and nothing is probed."""
    bench = PlayedBench()
    monkeypatch.setattr(bench, "missing", lambda _: ["training/default-deny"])
    with pytest.raises(LabError) as caught:
        probed(bench)

    assert str(caught.value) == (
        f"the lab lacks 1 of the stack's {len(TABLE.policies)} policies, such as training/default-deny; all of them are"
        " needed; apply them with: aifactory up local --target kind"
    )
    assert bench.said == []
