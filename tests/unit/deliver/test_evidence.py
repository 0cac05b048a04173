"""Evidence files: what is written is read again; a bad file is one clear message; newer evidence is kept."""

import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from aifactory.deliver.evidence import evidence_of, read_evidence, strays, write_evidence
from aifactory.errors import StackInvalid
from aifactory.spec.gates import Evidence
from tests.support.stacks import stack

NOW = datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.UTC)
STACK = stack(
    gates={"exit": [{"name": "burn-in", "kind": "burn-in"}, {"name": "bandwidth", "kind": "burn-in"}]}
)
SEAL = "write evidence with 'aifactory evidence <stack> <gate>', which seals it"


def found(**overrides: Any) -> Evidence:
    """Sealed evidence."""
    fields: dict[str, Any] = {"gate": "burn-in", "stack": "old", "result": "pass", "tool": "t", "time": NOW}
    return Evidence.sealed(
        **{**fields, "tool_version": "1.10", "simulated": False, "who": "Kim", **overrides}
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of all evidence."""
    return tmp_path / "evidence"


def test_what_is_written_is_read_again(folder: Path) -> None:
    """One file below the stack's folder holds all fields, and its seal still fits."""
    path = write_evidence(folder, found(who="가나 다", report="reports/run-1.json"))

    assert path == folder / "old" / "burn-in.yaml"
    read = read_evidence(path)
    assert read == found(who="가나 다", report="reports/run-1.json")
    assert read is not None
    assert read.digest == read.seal


def test_only_gates_of_the_stack_have_evidence(folder: Path) -> None:
    """Evidence is found by the gate's name; files of no gate are named apart."""
    write_evidence(folder, found())
    write_evidence(folder, found(gate="burnin"))

    assert evidence_of(folder, "old", STACK) == {"burn-in": found()}
    assert strays(folder, "old", STACK) == ("burnin.yaml",)
    assert evidence_of(folder, "new", STACK) == {}
    assert strays(folder, "new", STACK) == ()


def test_newer_evidence_replaces_older_and_never_the_other_way(folder: Path) -> None:
    """A finding of an earlier time is refused where a later one is there; the file stays as it is."""
    later = NOW + datetime.timedelta(hours=1)
    path = write_evidence(folder, found())
    write_evidence(folder, found(time=later, result="fail"))
    before = path.read_bytes()

    with pytest.raises(StackInvalid) as caught:
        write_evidence(folder, found())

    assert str(caught.value) == (
        "evidence/old/burn-in.yaml: time: there is evidence of 2026-11-24T13:00:00+00:00, newer than"
        " 2026-11-24T12:00:00+00:00; evidence is replaced by a newer finding only; give the time of the newer"
        " finding, or remove the file on purpose"
    )
    assert path.read_bytes() == before


def test_a_write_that_fails_leaves_the_old_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk fails in the middle, the file is the old one, and no half one is left."""
    path = write_evidence(folder, found())
    before = path.read_bytes()

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_evidence(folder, found(time=NOW + datetime.timedelta(hours=1)))

    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def _with(**fields: object) -> str:
    content = found().model_dump(mode="json", exclude_none=True) | fields
    return yaml.safe_dump({key: value for key, value in content.items() if value is not None})


CASES: dict[str, tuple[str, str]] = {
    "not YAML": (
        "gate: [",
        ": is not valid YAML (expected the node content, but found '<stream end>', line 1, column 8); YAML with unique"
        " keys, without aliases and tags; correct the place named",
    ),
    "a list": ("- gate", f": is not a mapping; a mapping of evidence fields; {SEAL}"),
    "empty": ("", f": is not a mapping; a mapping of evidence fields; {SEAL}"),
    "a field twice": (
        "gate: a\ngate: b\n",
        ": is not valid YAML (the key 'gate' is given twice, line 2, column 1); YAML with unique keys, without"
        " aliases and tags; correct the place named",
    ),
    "no time zone": (
        _with(time="2026-11-24T12:00:00"),
        f": time: input should have timezone info; must be valid; {SEAL}",
    ),
    "an unknown field": (_with(measure=3), ": measure: unknown field; "),
    "another result": (_with(result="passed"), ": result: "),
    "no digest": (_with(digest=None), ": digest: required field is missing; "),
    "a gate outside the folder": (_with(gate="../x"), ": gate: "),
}


@pytest.mark.parametrize("case", CASES)
def test_a_bad_file_is_one_clear_message(case: str, folder: Path) -> None:
    """The message names the file, the field, what is allowed and how to fix it, in one line."""
    text, message = CASES[case]
    path = folder / "old" / "burn-in.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(text)

    with pytest.raises(StackInvalid) as caught:
        evidence_of(folder, "old", STACK)

    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"evidence/old/burn-in.yaml{message}")
