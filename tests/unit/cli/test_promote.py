"""``aifactory promote`` between stacks of this repository."""

import datetime
import json
from pathlib import Path

import pytest
import yaml

from aifactory.deliver import promotion
from aifactory.deliver.evidence import write_evidence
from aifactory.spec.gates import Evidence, Gate
from aifactory.spec.load import load_stack
from tests.support.cli import ROOT, Terminal

OLD, NEW = "korea-pilot", "korea-scale-out"
NOW = datetime.datetime.now(datetime.UTC)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with simulated evidence for every gate between the two phases."""
    found = tmp_path / "evidence"
    monkeypatch.setattr(promotion, "EVIDENCE", found)
    old, new = (load_stack(ROOT / "stacks" / f"Pulumi.{name}.yaml") for name in (OLD, NEW))
    for name, gates in ((OLD, old.gates.exit), (NEW, new.gates.entry)):
        for gate in gates:
            write_evidence(found, sealed(name, gate))
    return found


def sealed(stack: str, gate: Gate) -> Evidence:
    """Simulated evidence that just meets the gate."""
    return Evidence.sealed(
        gate=gate.name,
        stack=stack,
        result="pass",
        measured=gate.threshold,
        threshold=gate.threshold,
        unit=gate.unit,
        tool="tool",
        tool_version="1.0",
        simulated=True,
        time=NOW,
        who="Kim",
    )


@pytest.mark.usefixtures("folder")
def test_a_promotion_that_may_go_on_names_the_next_command(terminal: Terminal) -> None:
    """Where every gate stands the difference is told, what simulated evidence proves, and what to run next."""
    done = terminal("promote", OLD, NEW, "--target", "simulated")

    assert done.code == 0, done.text
    assert "72 -> 576" in done.out
    assert "simulated evidence: this proves nothing about a real site" in done.out
    assert done.out.endswith(f"next: aifactory up {NEW} --target simulated\n")


@pytest.mark.usefixtures("folder")
def test_simulated_evidence_promotes_no_real_site(terminal: Terminal) -> None:
    """On target cluster the same evidence refuses the promotion, gate by gate, with exit code 2."""
    done = terminal("promote", OLD, NEW, "--json")

    data = json.loads(done.out)
    assert (done.code, data["promotable"], data["next"]) == (2, False, None)
    assert {one["state"] for one in data["gates"]} == {"simulated-only"}
    assert len(data["refusals"]) == len(data["gates"]) == 11
    assert data["refusals"][0] == (
        "evidence/korea-pilot/burn-in.yaml: exit gate 'burn-in' is simulated-only: the evidence is simulated; a real"
        " site needs evidence of its hardware; find it out and record it with: aifactory evidence korea-pilot burn-in"
    )


def test_missing_and_edited_evidence_is_named(terminal: Terminal, folder: Path) -> None:
    """Every gate that does not stand is named with its state; the others are not."""
    (folder / NEW / "grid-impact-assessment.yaml").unlink()
    path = folder / OLD / "burn-in.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"who": "Lee"}))

    done = terminal("promote", OLD, NEW, "--target", "simulated")

    assert done.code == 2
    assert "refused, 2 reasons:" in done.out
    assert "exit gate 'burn-in' is tampered: the digest does not agree" in done.out
    assert "entry gate 'grid-impact-assessment' is missing: there is no evidence" in done.out


@pytest.mark.usefixtures("folder")
def test_the_way_back_is_refused(terminal: Terminal) -> None:
    """From the later phase to the earlier one everything that would shrink is named."""
    done = terminal("promote", NEW, OLD, "--target", "simulated", "--json")

    data = json.loads(done.out)
    assert done.code == 2
    codes = {finding["code"] for finding in data["findings"]}
    assert {"wrong-predecessor", "phase-order", "pool-removed", "pool-shrunk", "tier-shrunk"} <= codes
    changes = {pool["name"]: pool["kind"] for pool in data["pools"]}
    assert (changes["train-gb300"], changes["train-vr"], changes["infer-b200-mig"]) == (
        "shrunk",
        "removed",
        "kept",
    )


def test_a_broken_evidence_file_is_one_message(terminal: Terminal, folder: Path) -> None:
    """A file that is no evidence stops the command with its name and the field."""
    (folder / OLD / "burn-in.yaml").write_text("gate: burn-in\n")

    done = terminal("promote", OLD, NEW)

    assert done.code == 1
    assert "evidence/korea-pilot/burn-in.yaml: digest: required field is missing" in done.err
