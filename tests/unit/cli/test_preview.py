"""What `aifactory preview` prints and how it ends."""

import datetime
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from aifactory.cli import preview
from aifactory.deliver.preview import PreviewReport
from aifactory.manifests.disruption.model import Disruption, InUse, Judged, Severity
from aifactory.spec.disruption import Acknowledgement, DisruptionKind
from tests.support.cli import Terminal

WORDS = ("preview", "local", "--target", "simulated")
ENTRY = Acknowledgement(
    kind=DisruptionKind.DRIVER_ROLL, subject="*", reason="maintenance window", until=datetime.date(2027, 3, 1)
)


def roll(subject: str, entry: Acknowledgement | None = None) -> Judged:
    """A driver roll."""
    found = Disruption(
        kind=DisruptionKind.DRIVER_ROLL,
        subject=subject,
        severity=Severity.INTERRUPTION,
        message="the driver is replaced: 4 nodes, 2 at a time, 2 waves",
        nodes=4,
        parallel=2,
        waves=2,
        objects=(f"nvidia.com/v1alpha1 NVIDIADriver {subject}",),
    )
    return Judged(disruption=found, acknowledged=entry)


def report(*judged: Judged, **fields: Any) -> PreviewReport:
    """What a preview found."""
    return PreviewReport.model_validate(
        {
            "live": True,
            "taken_over_from": None,
            "engine": {"same": 5, "update": 1},
            "create": (),
            "update": {"v1 ConfigMap a": ("data.x",)},
            "replace": {},
            "delete": (),
            "judged": judged,
            "expired": (),
            "in_use": InUse(),
            **fields,
        }
    )


@pytest.fixture
def finding(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets what the preview of a running lab finds."""

    def found(result: PreviewReport) -> None:
        monkeypatch.setattr(preview, "_tools", lambda *_: SimpleNamespace())
        monkeypatch.setattr(preview, "_asked", lambda *_, **__: result)

    return found


def test_without_a_lab_nothing_runs(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where there is no lab none is made and no tool is fetched: everything would be created, exit code 0."""
    monkeypatch.setattr(preview, "tools_of", lambda *_: pytest.fail("no tool is needed"))

    done = terminal(*WORDS)
    data = json.loads(terminal(*WORDS, "--json").out)

    assert done.code == 0, done.text
    assert "there is no lab of local, nothing runs: a first install disrupts no running work" in done.out
    assert "pulumi:" not in done.out
    assert (data["asked"], data["live"], data["disrupted"], data["disruptions"]) == (False, False, False, [])
    assert len(data["create"]) > 50
    assert not (tmp_path / "state").exists()


def test_a_stopped_lab_is_refused(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What is in a lab without its processes cannot be read, and so is not said to be nothing."""
    (tmp_path / "state" / "aifactory" / "labs" / "simulated" / "local").mkdir(parents=True)
    status = SimpleNamespace(status=lambda: SimpleNamespace(state="stopped"))
    monkeypatch.setattr(preview, "tools_of", lambda *_: SimpleNamespace())
    monkeypatch.setattr(preview, "lab_of", lambda *_: status)

    done = terminal(*WORDS)

    assert done.code == 1
    assert done.err == (
        "error: the lab of local is stopped: what is in it cannot be read; a running lab is needed;"
        " start it with: aifactory up local --target simulated\n"
    )


def test_open_disruptions_are_findings(terminal: Terminal, finding: Any) -> None:
    """What nobody has acknowledged ends with 2, and says how to acknowledge it."""
    finding(report(roll("train"), roll("infer", ENTRY)))

    done = terminal(*WORDS)

    assert done.code == 2
    assert (
        "interruption  driver-roll train\n  the driver is replaced: 4 nodes, 2 at a time, 2 waves" in done.out
    )
    assert "  acknowledged until 2027-03-01: maintenance window" in done.out
    assert "2 disruptions, 1 acknowledged" in done.out
    assert '{kind: driver-roll, subject: "train", reason: "why", until: "YYYY-MM-DD"}' in done.out


def test_acknowledged_disruptions_pass(terminal: Terminal, finding: Any) -> None:
    """Where all is acknowledged the exit code is 0."""
    finding(report(roll("train", ENTRY)))

    done = terminal(*WORDS)

    assert done.code == 0
    assert "1 disruption, 1 acknowledged" in done.out
    assert "to go on knowingly" not in done.out


def test_expired_acknowledgements_are_said(terminal: Terminal, finding: Any) -> None:
    """An entry that no longer counts is shown with its day."""
    finding(report(roll("train"), expired=(ENTRY,)))

    assert (
        "an acknowledgement has expired (2027-03-01) and no longer counts: driver-roll * (maintenance window)"
        in terminal(*WORDS).out
    )


def test_changes_are_listed(terminal: Terminal, finding: Any) -> None:
    """The engine's counts, and every object with its fields, are shown; many objects are cut for people."""
    deleted = tuple(f"v1 ConfigMap {index}" for index in range(30))
    finding(report(update={"v1 ConfigMap a": tuple("abcdef")}, delete=deleted))

    done = terminal(*WORDS)

    assert done.code == 0
    assert "pulumi: 5 same, 1 update" in done.out
    assert "objects: 0 created, 1 changed, 0 made anew, 30 deleted" in done.out
    assert "  change     v1 ConfigMap a (a, b, c, d and 2 more)" in done.out
    assert "  delete     and 10 more; all with --json" in done.out
    assert "no running work is disrupted, as far as the rules know" in done.out
    assert json.loads(terminal(*WORDS, "--json").out)["delete"] == list(deleted)


def test_a_takeover_is_said(terminal: Terminal, finding: Any) -> None:
    """Where the phase before is what runs it is said, and a label that only names the stack is not shown."""
    owner = "metadata.labels.aifactory.dev/stack"
    fields = {"v1 ConfigMap a": (owner, "data.x"), "v1 ConfigMap b": (owner,)}
    finding(report(taken_over_from="korea-pilot", engine=None, update=fields))

    done = terminal(*WORDS)

    assert "the objects of korea-pilot are taken over" in done.out
    assert "pulumi: an up moves the state of korea-pilot to this stack" in done.out
    assert (
        "  change     v1 ConfigMap a (data.x)\n  1 object of which only the stack label changes\n" in done.out
    )


def test_an_engine_that_does_not_know_the_stack(terminal: Terminal, finding: Any) -> None:
    """A stack that the backend does not know is said to be new to the engine."""
    finding(report(live=False, engine=None))

    done = terminal(*WORDS)

    assert "pulumi: does not know the stack yet: it would create everything" in done.out
    assert "nothing of the stack is live: a first install disrupts no running work" in done.out


def test_machines_get_everything(terminal: Terminal, finding: Any) -> None:
    """Kind, subject, numbers, objects and acknowledgement of each disruption are in the JSON object."""
    finding(report(roll("train"), roll("infer", ENTRY)))

    done = terminal(*WORDS, "--json")
    data = json.loads(done.out)

    assert done.code == 2
    assert (data["stack"], data["target"], data["simulated"], data["disrupted"]) == (
        "local",
        "simulated",
        True,
        True,
    )
    assert data["engine"] == {"same": 5, "update": 1}
    assert data["disruptions"][0] == {
        "kind": "driver-roll",
        "subject": "train",
        "severity": "interruption",
        "message": "the driver is replaced: 4 nodes, 2 at a time, 2 waves",
        "nodes": 4,
        "parallel": 2,
        "waves": 2,
        "objects": ["nvidia.com/v1alpha1 NVIDIADriver train"],
        "acknowledged": None,
    }
    assert data["disruptions"][1]["acknowledged"]["reason"] == "maintenance window"


def test_a_kind_lab_that_is_not_there(terminal: Terminal) -> None:
    """A stack that is not up on kind is a first install: nothing is asked, and nobody is disrupted."""
    done = terminal("preview", "local", "--target", "kind")
    assert done.code == 0
    assert "local on target kind: preview" in done.out
    assert "a first install disrupts no running work" in done.out
