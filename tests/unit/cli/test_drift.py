"""What `aifactory drift` prints and how it ends."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from aifactory.cli import drift
from aifactory.deliver.drift_managers import Edit
from aifactory.deliver.drift_report import DriftReport, FieldDrift, ObjectDrift, State
from tests.support.cli import Terminal

WORDS = ("drift", "local", "--target", "simulated")
EDITED = FieldDrift(
    path="spec.replicas",
    wanted=3,
    found=5,
    editor=Edit(manager="kubectl-edit", operation="Update", at="2027-01-01T00:00:00Z"),
)
GONE = FieldDrift(path="spec.long", wanted="x" * 90, found=None, editor=None)
OLD = FieldDrift(
    path="spec.old",
    wanted=None,
    found="a\x1b[2Jb",
    editor=Edit(manager="pulumi-kubernetes-1a", operation="Apply", at=None),
)
ROWS = (
    ObjectDrift(object="v1 ConfigMap a/b", state=State.CHANGED, fields=(EDITED, GONE, OLD)),
    ObjectDrift(object="v1 Namespace c", state=State.MISSING),
    ObjectDrift(object="v1 ConfigMap d/e", state=State.UNWANTED),
)


@contextmanager
def finding(monkeypatch: pytest.MonkeyPatch, *rows: ObjectDrift) -> Iterator[None]:
    """A running lab in which drift finds these rows."""
    cluster = SimpleNamespace(server="here")
    found = DriftReport(objects=65, drift=rows, tried=1)
    with monkeypatch.context() as patch:
        patch.setattr(drift, "_cluster", lambda *_: cluster)
        patch.setattr(drift, "verify", lambda *_: "uid")
        patch.setattr(drift, "drift_report", lambda *_: found)
        yield


def test_no_drift(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all is as declared the command says so and ends with 0."""
    with finding(monkeypatch):
        ran = terminal(*WORDS)
    assert ran.code == 0
    assert "local on target simulated: no drift; 65 objects as declared (" in ran.out
    assert "simulated: the objects are real, what they would make run is not" in ran.out
    assert "next:" not in ran.out


def test_drift_for_people(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each object and field is a line with its editor; long values are cut, control characters are written out."""
    with finding(monkeypatch, *ROWS):
        ran = terminal(*WORDS)
    assert ran.code == 2
    assert "drift; 1 changed, 1 missing, 1 unwanted, of 65 objects (" in ran.out
    by = "changed by kubectl-edit (Update) at 2027-01-01T00:00:00Z"
    assert f"  spec.replicas: wanted 3, found 5; {by}\n" in ran.out
    removed = "found nothing; changed by unknown (a removal leaves no trace)"
    assert f"  spec.long: wanted {'x' * 45}..., {removed}\n" in ran.out
    assert '  spec.old: wanted nothing, found "a\\u001b[2Jb"; changed by an earlier up (pulumi-' in ran.out
    assert "missing  v1 Namespace c  is declared and not there" in ran.out
    assert "unwanted v1 ConfigMap d/e  carries the stack's inventory label and is not declared" in ran.out
    assert "next: aifactory up local --target simulated   (writes it back)" in ran.out


def test_many_objects_are_cut_for_people(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """People see the first forty; machines see all."""
    many = tuple(ObjectDrift(object=f"v1 ConfigMap a/{n}", state=State.MISSING) for n in range(50))
    with finding(monkeypatch, *many):
        assert "and 10 more; all with --json" in terminal(*WORDS).out
        assert len(json.loads(terminal(*WORDS, "--json").out)["drift"]) == 50


def test_drift_for_machines(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """One object: the stack, what was compared, and each difference with its editor."""
    with finding(monkeypatch, *ROWS):
        ran = terminal(*WORDS, "--json")
    said: dict[str, Any] = json.loads(ran.out)
    assert ran.code == 2
    assert said.pop("took_s") >= 0
    first = said.pop("drift")[0]
    assert said == {
        "stack": "local",
        "target": "simulated",
        "cell": None,
        "management": False,
        "simulated": True,
        "mocked": False,
        "objects": 65,
        "not_compared": [],
    }
    assert (first["object"], first["state"]) == ("v1 ConfigMap a/b", "changed")
    assert first["fields"][0] == {
        "path": "spec.replicas",
        "wanted": 3,
        "found": 5,
        "by": "kubectl-edit",
        "operation": "Update",
        "at": "2027-01-01T00:00:00Z",
    }
    assert (first["fields"][1]["found"], first["fields"][1]["by"]) == (None, None)


def test_charts_are_said_not_to_be_compared(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a chart installed is not looked into, and that is said."""
    with finding(monkeypatch):
        monkeypatch.setattr("aifactory.deliver.program.chart_skip", lambda *_: None)
        ran = terminal("drift", "local", "--target", "cluster")
    assert ran.code == 0
    assert "not compared: what chart gpu-operator v26.7.0 installed" in ran.out


def test_a_lab_is_not_made(terminal: Terminal) -> None:
    """Without a lab there is nothing to compare with; the message names the command that makes one."""
    ran = terminal(*WORDS)
    assert ran.code == 1
    assert (
        "the lab of local (a real control plane with simulated nodes) is absent: there is nothing to compare with;"
        " a running lab is needed; start it with: aifactory up local --target simulated"
    ) in " ".join(ran.err.split())


def test_a_lab_of_a_real_cluster(terminal: Terminal) -> None:
    """A lab cannot be named where the target is a real cluster."""
    ran = terminal("drift", "local", "--target", "cluster", "--lab", "other")
    assert ran.code == 1
    assert (
        "--lab: the target is cluster, which is no lab; the lab of a simulated stack can be named;" in ran.err
    )


def test_the_lab_that_was_named_is_in_the_remedy(terminal: Terminal) -> None:
    """Who names a lab that is not there is told how to start that one."""
    ran = terminal("drift", "local", "--target", "simulated", "--lab", "other")

    assert ran.code == 1
    assert ran.err.endswith("start it with: aifactory up local --target simulated --lab other\n")
