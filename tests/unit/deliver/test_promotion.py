"""The way into a phase: what refuses it, what is only told, and which cluster may be entered."""

import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from aifactory.deliver import promotion
from aifactory.deliver.cluster import Cluster
from aifactory.deliver.holder import entered
from aifactory.deliver.promotion import GateMode, Promotion, gate_mode, predecessor_of, way_in
from aifactory.deliver.takeover import predecessor
from aifactory.errors import PromotionRefused, StackInvalid
from aifactory.manifests.model import KubernetesObject
from aifactory.plan.cell_choice import home_of, one_cell
from aifactory.plan.deployed import deployed
from aifactory.plan.models import FactoryPlan
from aifactory.spec.gates import Evidence
from aifactory.spec.stack import Target
from tests.support.promotions import OLD, planned

FILE = "stacks/Pulumi.new.yaml"
GATED = OLD | {"gates": {"exit": [{"name": "burn-in", "kind": "burn-in"}]}}
NEXT = OLD | {"phase": "scale-out", "previous": "old", "target": "simulated"}
MISSING = (
    "evidence/old/burn-in.yaml: exit gate 'burn-in' is missing: there is no evidence; a file with it is needed;"
    " find it out and record it with: aifactory evidence old burn-in"
)


class Held(Cluster):
    """A cluster that holds a stack, or none.

    Args:
        stack: Name of the stack.
    """

    def __init__(self, stack: str | None) -> None:
        self.server = "https://127.0.0.1:1"
        self._stack = stack

    def get(self, manifest: KubernetesObject) -> KubernetesObject | None:
        """The factory's own namespace."""
        if self._stack is None:
            return None
        return {**manifest, "metadata": {"labels": {"aifactory.dev/stack": self._stack}}}


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stack files and evidence of this test; the stack ``old`` has one exit gate and no evidence."""
    monkeypatch.setattr(promotion, "STACKS", tmp_path)
    monkeypatch.setattr(promotion, "EVIDENCE", tmp_path / "evidence")
    content = {"config": {"aifactory:stack": GATED}}
    (tmp_path / "Pulumi.old.yaml").write_text(yaml.safe_dump(content))
    return tmp_path


def asked(mode: GateMode, raw: dict[str, Any] | None = None, **more: Any) -> Promotion:
    """The way into the stack ``new``."""
    plan: FactoryPlan = planned("new", NEXT if raw is None else raw)
    words: dict[str, Any] = {"home": "new", "inside": False, "deployed_here": False}
    return way_in(plan, plan, mode, FILE, **{**words, **more})


def test_enforced_gates_refuse_with_every_reason() -> None:
    """Where gates are enforced, a gate without evidence and a pool that shrinks are one refusal, exit code 2."""
    smaller = NEXT | {"pools": [{**NEXT["pools"][0], "nodes": 7}]}

    with pytest.raises(PromotionRefused) as caught:
        asked(GateMode.ENFORCE, smaller)

    assert caught.value.exit_code == 2
    assert str(caught.value).splitlines() == [
        f"{FILE}: pools.0: the pool 'train' has 7 nodes and had 8; at least 8 nodes are allowed; give it at least 8"
        " nodes",
        MISSING,
        "the phase is not entered: nothing was written",
    ]


def test_reported_gates_are_told_and_let_in() -> None:
    """Where gates are reported the same is told, and the other stack is not read unless it is deployed here."""
    found = asked(GateMode.REPORT)

    assert found.notices == (f"would be refused if gates were enforced: {MISSING}",)
    assert found.previous is None
    assert asked(GateMode.REPORT, deployed_here=True).previous == "old"
    assert found.outputs == deployed(planned("new", NEXT))


def test_a_gate_that_stands_lets_in(folders: Path) -> None:
    """With evidence the phase is entered, once the outputs of the phase before have been read."""
    now = datetime.datetime.now(datetime.UTC)
    sealed = Evidence.sealed(
        gate="burn-in",
        stack="old",
        result="pass",
        tool="t",
        tool_version="1",
        simulated=True,
        time=now,
        who="Kim",
    )
    (folders / "evidence" / "old").mkdir(parents=True)
    text = yaml.safe_dump(sealed.model_dump(mode="json", exclude_none=True))
    (folders / "evidence" / "old" / "burn-in.yaml").write_text(text)

    assert asked(GateMode.ENFORCE) == Promotion(
        previous="old", notices=(), outputs=deployed(planned("new", NEXT))
    )


def test_a_phase_that_runs_is_not_asked_again() -> None:
    """Once the cluster carries the phase, old evidence stops no repair; a first phase has nothing to ask."""
    assert asked(GateMode.ENFORCE, inside=True).notices == ()
    assert asked(GateMode.ENFORCE, inside=True).previous is None
    assert asked(GateMode.ENFORCE, OLD).previous is None


def test_a_phase_before_without_a_file_is_told_or_refused(folders: Path) -> None:
    """A predecessor that has no stack file refuses where gates are enforced, and is told where they are not."""
    (folders / "Pulumi.old.yaml").unlink()

    with pytest.raises(StackInvalid, match="there is no such stack file"):
        asked(GateMode.ENFORCE)
    assert "there is no such stack file" in asked(GateMode.REPORT).notices[0]


def test_a_new_cell_follows_the_site() -> None:
    """A cell that the phase before has is read from that cell's stack; a new one from the site's."""
    plan = planned("new", NEXT)
    one = plan.model_copy(update={"cell": "new-c001", "cells": plan.cells[1:2]})
    later = one.model_copy(update={"cells": (plan.cells[1].model_copy(update={"index": 7}),)})
    words: dict[str, Any] = {"inside": False, "deployed_here": True}

    there = way_in(plan, one, GateMode.REPORT, FILE, home="new-c001", **words)
    new = way_in(plan, later, GateMode.REPORT, FILE, home="new-c007", **words)

    assert (there.previous, new.previous) == ("old-c001", "old")
    before = predecessor(one, "new-c001")
    assert before is not None
    assert (before.stack, before.home) == ("old", "old-c001")


@pytest.mark.parametrize(("mode", "home"), [("direct", "old"), ("gitops", "old-c000")])
def test_the_first_cell_follows_the_first_cell(mode: str, home: str, folders: Path) -> None:
    """The state of a first cell is the stack's own, or, beside a management cluster, under the cell's name."""
    gitops = {"mode": "gitops", "repository": "https://git.example/fleet"}
    before = GATED | {"delivery": gitops if mode == "gitops" else {"mode": "direct"}}
    (folders / "Pulumi.old.yaml").write_text(yaml.safe_dump({"config": {"aifactory:stack": before}}))
    site = planned("new", NEXT | {"delivery": gitops})
    cell = one_cell(site, "0")

    there = predecessor_of(site, cell, home_of(cell))

    assert home_of(cell) == "new-c000"
    assert there is not None
    assert (there.stack, there.home) == ("old", home)
    words: dict[str, Any] = {"inside": False, "deployed_here": True}
    assert way_in(site, cell, GateMode.REPORT, FILE, home=home_of(cell), **words).previous == home


@pytest.mark.parametrize(("holder", "inside"), [(None, False), ("old", False), ("new", True)])
def test_a_cluster_is_entered_from_the_phase_before_or_empty(holder: str | None, inside: bool) -> None:
    """An empty cluster, that of the phase before and the stack's own may be applied to."""
    assert entered(planned("new", NEXT), Held(holder), driven=True) is inside


def test_a_cluster_of_a_third_stack_is_refused() -> None:
    """A cluster that holds neither this stack nor the one before it is left alone."""
    with pytest.raises(PromotionRefused) as caught:
        entered(planned("new", NEXT), Held("third"), driven=True)

    assert str(caught.value) == (
        "the cluster at https://127.0.0.1:1 holds the stack third; it, or a stack whose previous it is, may be"
        " applied to it; use the kubeconfig of new; nothing was written"
    )


def test_only_the_command_line_takes_over() -> None:
    """Plain pulumi on the cluster of the phase before is refused: it would conflict at every object."""
    with pytest.raises(PromotionRefused) as caught:
        entered(planned("new", NEXT), Held("old"), driven=False)

    assert str(caught.value) == (
        "the cluster at https://127.0.0.1:1 holds the stack old, which new follows; only the command line takes"
        " objects over from one stack to the next; run aifactory up new; nothing was written"
    )


@pytest.mark.parametrize("target", list(Target))
def test_gates_are_enforced_on_real_clusters_unless_told_otherwise(target: Target) -> None:
    """The default follows the target; the stack's configuration decides where it says something."""
    default = GateMode.ENFORCE if target is Target.CLUSTER else GateMode.REPORT

    assert gate_mode(None, target, FILE) is gate_mode("", target, FILE) is default
    assert gate_mode("enforce", target, FILE) is GateMode.ENFORCE
    assert gate_mode("report", target, FILE) is GateMode.REPORT


def test_an_unknown_gate_mode_is_refused() -> None:
    """A mode that is none is one line with the modes there are."""
    with pytest.raises(StackInvalid) as caught:
        gate_mode("maybe", Target.KIND, FILE)

    assert str(caught.value) == (
        f"{FILE}: gates: 'maybe' is not a gate mode; modes: enforce, report; name one of them"
    )
