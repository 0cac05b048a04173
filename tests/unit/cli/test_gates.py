"""``aifactory gates`` and ``aifactory evidence`` on a stack of this repository."""

import json
from pathlib import Path

import pytest
import yaml

from aifactory.cli import evidence, gates
from tests.support.cli import Ran, Terminal

WORDS = ("--tool", "tool", "--tool-version", "1.0", "--who", "Kim")
PILOT = "korea-pilot"
EXIT = {
    "burn-in": ("--measured", "80"),
    "fabric-bandwidth": ("--measured", "710"),
    "tenant-isolation": ("--result", "pass"),
    "scratch-write": ("--measured", "200"),
    "power-acceptance": ("--measured", "1.9"),
    "kubernetes-conformance": ("--result", "pass"),
    "node-pool-api": ("--result", "pass"),
    "audit-logs": ("--result", "pass"),
    "operations-approval": ("--result", "pass"),
    "governance-approval": ("--result", "pass"),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of evidence instead of the repository's."""
    found = tmp_path / "evidence"
    for module in (gates, evidence):
        monkeypatch.setattr(module, "EVIDENCE", found)
    return found


def recorded(terminal: Terminal, gate: str, *words: str) -> Ran:
    """How ``aifactory evidence`` for the pilot ends."""
    return terminal("evidence", PILOT, gate, *WORDS, *words)


def states(terminal: Terminal, *words: str) -> tuple[int, dict[str, str]]:
    """The exit code of ``aifactory gates --json``, and how each gate stands."""
    done = terminal("gates", PILOT, "--json", *words)
    return done.code, {one["gate"]["name"]: one["state"] for one in json.loads(done.out)["gates"]}


def test_gates_without_evidence_are_missing(terminal: Terminal, folder: Path) -> None:
    """With no evidence every gate is missing, said in a table, and the exit code is 2."""
    code, found = states(terminal)
    told = terminal("gates", PILOT)

    assert not folder.exists()
    assert (code, told.code) == (2, 2)
    assert set(found.values()) == {"missing"}
    assert set(EXIT) < set(found)
    assert "burn-in: missing: there is no evidence; a file with it is needed" in told.out
    assert "10 of 10 exit gates do not stand" in told.out


def test_all_exit_gates_stand_on_real_evidence(terminal: Terminal, folder: Path) -> None:
    """With sealed real evidence for every exit gate the exit code is 0; entry gates do not hold it up."""
    for gate, words in EXIT.items():
        done = recorded(terminal, gate, *words)
        assert (done.code, done.out) == (0, f"evidence/{PILOT}/{gate}.yaml: evidence written, result pass\n")

    code, found = states(terminal)
    told = terminal("gates", PILOT)

    assert (code, told.code) == (0, 0)
    assert {found[gate] for gate in EXIT} == {"passed"}
    assert found["grid-connection"] == "missing"
    assert "the next phase may be entered" in told.out
    assert "80 h" in told.out
    assert sorted(path.name for path in (folder / PILOT).iterdir()) == sorted(f"{gate}.yaml" for gate in EXIT)


def test_simulated_evidence_counts_on_a_lab_only(terminal: Terminal, folder: Path) -> None:
    """The same files open the gates of a simulated target and none of a real one."""
    for gate, words in EXIT.items():
        assert recorded(terminal, gate, *words, "--simulated").code == 0

    assert (folder / PILOT).is_dir()
    real, lab = states(terminal), states(terminal, "--target", "simulated")
    assert (real[0], {real[1][gate] for gate in EXIT}) == (2, {"simulated-only"})
    assert (lab[0], {lab[1][gate] for gate in EXIT}) == (0, {"passed"})


def test_an_edited_file_is_told(terminal: Terminal, folder: Path) -> None:
    """A figure that is raised by hand, and a file of no gate, are both seen."""
    recorded(terminal, "burn-in", "--measured", "10")
    path = folder / PILOT / "burn-in.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"measured": 100.0, "result": "pass"}))
    path.with_name("burnin.yaml").write_text(path.read_text())

    told = terminal("gates", PILOT)

    assert states(terminal)[1]["burn-in"] == "tampered"
    assert f"evidence/{PILOT}/burnin.yaml: is the evidence of no gate; its name may be mistyped" in told.out


CASES: dict[str, tuple[str, tuple[str, ...], str]] = {
    "no such gate": (
        "nope",
        ("--result", "pass"),
        "error: korea-pilot has no gate 'nope'; gates: grid-connection, ",
    ),
    "no figure": (
        "burn-in",
        (),
        "error: --measured: is missing; the gate 'burn-in' needs ≥ 72 h; give the figure in h",
    ),
    "no result": (
        "audit-logs",
        (),
        "error: --result: is missing; the gate 'audit-logs' is passed or failed; give pass or fail",
    ),
    "a figure of nothing": (
        "audit-logs",
        ("--measured", "3"),
        "error: --measured: the gate 'audit-logs' has no threshold; it is passed or failed; give --result",
    ),
    "a result against the figure": (
        "burn-in",
        ("--measured", "3", "--result", "pass"),
        "error: --result: pass contradicts the figure: 3 h, and ≥ 72 h is needed; leave --result out, or correct"
        " --measured",
    ),
    "a time to come": (
        "audit-logs",
        ("--result", "pass", "--time", "2999-01-01T00:00:00+0900"),
        "error: --time: 2999-01-01T00:00:00+09:00 has not come; a time up to now is allowed; leave it out for now",
    ),
    "a report nobody finds": (
        "audit-logs",
        ("--result", "pass", "--report", "in my drawer"),
        "error: evidence for audit-logs: report: ",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_evidence_that_means_nothing_is_not_written(case: str, terminal: Terminal, folder: Path) -> None:
    """What contradicts the gate is one line that says what is allowed; no file is written."""
    gate, words, message = CASES[case]

    done = recorded(terminal, gate, *words)

    assert done.code == 1
    assert done.err.startswith(message)
    assert len(done.err.splitlines()) == 1
    assert not folder.exists()


def test_a_failure_is_evidence_too(terminal: Terminal, folder: Path) -> None:
    """A figure below the threshold is written as a failure, and an older finding does not replace it."""
    done = recorded(terminal, "burn-in", "--measured", "3")
    older = recorded(terminal, "burn-in", "--measured", "99", "--time", "2026-01-01T00:00:00+0900")

    assert done.out.endswith("burn-in.yaml: evidence written, result fail\n")
    assert older.code == 1
    assert "evidence is replaced by a newer finding only" in older.err
    assert yaml.safe_load((folder / PILOT / "burn-in.yaml").read_text())["measured"] == 3.0
