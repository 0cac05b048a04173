"""Evidence files: ``evidence/<stack>/<gate>.yaml``, one file a gate; a newer finding replaces an older one."""

import os
from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import ValidationError

from aifactory.deliver.workspace import PROGRAM
from aifactory.errors import Problem, StackInvalid
from aifactory.spec.explain import explain
from aifactory.spec.gates import Evidence
from aifactory.spec.load import read_yaml
from aifactory.spec.stack import Stack

EVIDENCE = PROGRAM / "evidence"
"""Beside ``stacks/``; kept in Git like them."""
_SEAL = "write evidence with 'aifactory evidence <stack> <gate>', which seals it"


def evidence_file(folder: Path, stack: str, gate: str) -> Path:
    """Where the evidence for a gate is kept.

    Args:
        folder: The folder of all evidence.
        stack: Name of the stack, valid.
        gate: Name of the gate, valid.
    """
    return folder / stack / f"{gate}.yaml"


def read_evidence(path: Path, shown: str | None = None) -> Evidence | None:
    """The evidence in a file; None where there is no file. Whether it counts is not asked here.

    Args:
        path: The file.
        shown: What to call it in messages; None means its path.

    Raises:
        StackInvalid: With every problem of the file.
    """
    if not path.is_file():
        return None
    name = shown or str(path)
    try:
        content = read_yaml(path)
    except StackInvalid as error:
        raise StackInvalid(name, error.problems) from error
    if not isinstance(content, Mapping):
        raise StackInvalid(name, [Problem("", "is not a mapping", "a mapping of evidence fields", _SEAL)])
    try:
        return Evidence.model_validate(dict(content))
    except ValidationError as error:
        problems = [Problem(one.path, one.what, one.allowed, _SEAL) for one in explain(Evidence, error)]
        raise StackInvalid(name, problems) from error


def evidence_of(folder: Path, name: str, stack: Stack) -> dict[str, Evidence]:
    """The evidence for every gate of a stack that has some, by the name of the gate.

    Args:
        folder: The folder of all evidence.
        name: Name of the stack.
        stack: The stack.

    Raises:
        StackInvalid: With every problem of the first file that is wrong.
    """
    found: dict[str, Evidence] = {}
    for gate in (*stack.gates.entry, *stack.gates.exit):
        path = evidence_file(folder, name, gate.name)
        evidence = read_evidence(path, f"{folder.name}/{name}/{path.name}")
        if evidence is not None:
            found[gate.name] = evidence
    return found


def strays(folder: Path, name: str, stack: Stack) -> tuple[str, ...]:
    """Files in the stack's folder that are the evidence of no gate, sorted: most likely a name is mistyped.

    Args:
        folder: The folder of all evidence.
        name: Name of the stack.
        stack: The stack.
    """
    known = {f"{gate.name}.yaml" for gate in (*stack.gates.entry, *stack.gates.exit)}
    place = folder / name
    files = sorted(path.name for path in place.iterdir()) if place.is_dir() else []
    return tuple(file for file in files if file not in known)


def write_evidence(folder: Path, evidence: Evidence) -> Path:
    """The evidence is in its file, whole; a crash leaves the old file or the new one.

    Args:
        folder: The folder of all evidence.
        evidence: Sealed evidence.

    Raises:
        StackInvalid: If the file there is wrong, or holds a newer finding.
    """
    path = evidence_file(folder, evidence.stack, evidence.gate)
    shown = f"{folder.name}/{evidence.stack}/{path.name}"
    there = read_evidence(path, shown)
    if there is not None and there.time > evidence.time:
        raise StackInvalid(
            shown,
            [
                Problem(
                    "time",
                    f"there is evidence of {there.time.isoformat()}, newer than {evidence.time.isoformat()}",
                    "evidence is replaced by a newer finding only",
                    "give the time of the newer finding, or remove the file on purpose",
                )
            ],
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    text = yaml.safe_dump(evidence.model_dump(mode="json", exclude_none=True), sort_keys=False)
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path
