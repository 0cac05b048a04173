"""Checks of the gates: a gate has to be one that evidence can meet or miss."""

from collections import Counter
from collections.abc import Iterator

from aifactory.errors import Problem
from aifactory.spec.gates import Gate, GateKind
from aifactory.spec.stack import Stack


def _each_gate(stack: Stack) -> Iterator[tuple[str, Gate]]:
    for side in ("entry", "exit"):
        for index, gate in enumerate(getattr(stack.gates, side)):
            yield f"gates.{side}.{index}", gate


def gate_names(stack: Stack) -> Iterator[Problem]:
    """A gate's name is that of its evidence file, so that entry and exit gates share one set of names."""
    for name, count in Counter(gate.name for _, gate in _each_gate(stack)).items():
        if count > 1:
            yield Problem(
                "gates",
                f"{count} gates are named '{name}'",
                "names are unique over entry and exit: each is the name of an evidence file",
                "rename all but one",
            )


def gate_thresholds(stack: Stack) -> Iterator[Problem]:
    """A gate has one threshold with a unit, or none and no unit."""
    for path, gate in _each_gate(stack):
        if gate.at_least is not None and gate.at_most is not None:
            yield Problem(
                path,
                "both at_least and at_most are given",
                "one of them, or neither for pass or fail",
                "split the gate in two",
            )
        if (gate.threshold is None) != (gate.unit is None):
            given = "a threshold without a unit" if gate.unit is None else "a unit without a threshold"
            yield Problem(
                f"{path}.unit",
                f"{given} is given",
                "a threshold has a unit, and pass or fail has none",
                "add unit, for example GB/s" if gate.unit is None else "remove unit, or add at_least",
            )


def gate_kinds(stack: Stack) -> Iterator[Problem]:
    """Conformance names its requirement, an approval the role that signs and nothing to measure."""
    for path, gate in _each_gate(stack):
        if gate.kind is GateKind.CONFORMANCE and gate.requirement is None:
            yield Problem(
                f"{path}.requirement",
                "a gate of kind conformance names no requirement",
                "the number of a requirement, three letters or digits and two digits",
                "add it, for example requirement: K8S01",
            )
        if gate.kind is GateKind.APPROVAL and gate.role is None:
            yield Problem(
                f"{path}.role",
                "a gate of kind approval names no role",
                "the role of the person who signs",
                "add it, for example role: head of operations",
            )
        if gate.kind is GateKind.APPROVAL and gate.threshold is not None:
            yield Problem(
                path,
                "a gate of kind approval has a threshold",
                "a person signs or does not: no at_least and no at_most",
                "remove it, or let another gate measure",
            )


CHECKS = (gate_names, gate_thresholds, gate_kinds)
