"""Whether a gate stands: its evidence held against the gate as the stack file declares it."""

import datetime
from enum import StrEnum

from aifactory.plan.base import PlanModel
from aifactory.spec.gates import Evidence, Gate
from aifactory.spec.stack import Stack, Target

CLOCK_SKEW = datetime.timedelta(minutes=5)
"""How far the clocks of two machines may be apart; our assumption."""


class State(StrEnum):
    """How a gate stands."""

    PASSED = "passed"
    FAILED = "failed"
    MISSING = "missing"
    """There is no evidence."""
    STALE = "stale"
    """The evidence is older than the gate allows."""
    SIMULATED_ONLY = "simulated-only"
    """The evidence is of simulated hardware and the site is real."""
    TAMPERED = "tampered"
    """The evidence does not agree with its digest."""
    MISMATCHED = "mismatched"
    """The evidence is of another stack, gate, unit or threshold."""
    FUTURE = "future"
    """The evidence is of a time that has not come."""


class Standing(PlanModel):
    """How one gate stands, and why."""

    stack: str
    side: str
    """``entry`` or ``exit``."""
    gate: Gate
    state: State
    reason: str
    """One sentence: what was found, and where it does not stand what is needed."""
    evidence: Evidence | None
    age_days: int | None
    """Whole days since the evidence was found; None without evidence."""

    @property
    def stands(self) -> bool:
        """Whether the gate is open."""
        return self.state is State.PASSED


def _mismatch(gate: Gate, evidence: Evidence, stack: str) -> str | None:
    pairs = (
        ("stack", evidence.stack, stack),
        ("gate", evidence.gate, gate.name),
        ("unit", evidence.unit, gate.unit),
        ("threshold", evidence.threshold, gate.threshold),
    )
    for name, found, wanted in pairs:
        if found != wanted:
            return f"the evidence is for {name} {_text(found)}, the gate is for {name} {_text(wanted)}"
    return None


def _text(value: object) -> str:
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else f"'{value}'"


def _failure(gate: Gate, evidence: Evidence) -> str | None:
    """Why the evidence does not meet the gate; the figure decides, whatever the result says."""
    if gate.threshold is not None:
        needed = f"{'at least' if gate.at_least is not None else 'at most'} {gate.threshold:g} {gate.unit}"
        if evidence.measured is None:
            return f"the evidence names no measured value; {needed} is needed"
        if not gate.met_by(evidence.measured):
            said = ", though its result says pass" if evidence.result == "pass" else ""
            return f"measured {evidence.measured:g} {gate.unit}{said}; {needed} is needed"
    if evidence.result == "fail":
        return f"{evidence.tool} {evidence.tool_version} reported fail; pass is needed"
    return None


def _age(gate: Gate, evidence: Evidence, now: datetime.datetime) -> tuple[State, str] | None:
    age = now - evidence.time
    if age < -CLOCK_SKEW:
        return State.FUTURE, f"the evidence is of {evidence.time.isoformat()}, which has not come"
    if age > datetime.timedelta(days=gate.max_age_days):
        return State.STALE, f"the evidence is {age.days} days old; at most {gate.max_age_days} are allowed"
    return None


def _reality(evidence: Evidence, target: Target) -> tuple[State, str]:
    if not evidence.simulated:
        return State.PASSED, f"passed, found by {evidence.who}"
    if target is Target.CLUSTER:
        return State.SIMULATED_ONLY, "the evidence is simulated; a real site needs evidence of its hardware"
    return State.PASSED, f"passed with simulated evidence, which counts on target {target.value} only"


def _judged(
    gate: Gate, evidence: Evidence, stack: str, now: datetime.datetime, target: Target
) -> tuple[State, str]:
    """The gravest thing first: whether it is this gate's evidence, what it found, how old, how real it is."""
    if evidence.digest != evidence.seal:
        return State.TAMPERED, "the digest does not agree with the content; evidence is never edited"
    other, failed = _mismatch(gate, evidence, stack), _failure(gate, evidence)
    if other is not None:
        return State.MISMATCHED, other
    if failed is not None:
        return State.FAILED, failed
    return _age(gate, evidence, now) or _reality(evidence, target)


def standing(
    gate: Gate,
    evidence: Evidence | None,
    *,
    stack: str,
    side: str,
    now: datetime.datetime,
    target: Target,
) -> Standing:
    """How a gate stands.

    Args:
        gate: The gate as the stack file declares it.
        evidence: The newest evidence for it; None where there is none.
        stack: The stack that declares the gate.
        side: ``entry`` or ``exit``.
        now: The time to reckon the age from, with a time zone.
        target: Where the stack that needs the gate is realised.
    """
    if evidence is None:
        state, reason = State.MISSING, "there is no evidence; a file with it is needed"
    else:
        state, reason = _judged(gate, evidence, stack, now, target)
    return Standing(
        stack=stack,
        side=side,
        gate=gate,
        state=state,
        reason=reason,
        evidence=evidence,
        age_days=None if evidence is None else max(0, (now - evidence.time).days),
    )


def standings(
    name: str,
    stack: Stack,
    side: str,
    evidence: dict[str, Evidence],
    *,
    now: datetime.datetime,
    target: Target,
) -> tuple[Standing, ...]:
    """How every gate of one side of a phase stands, in the order of the stack file.

    Args:
        name: Name of the stack.
        stack: The stack.
        side: ``entry`` or ``exit``.
        evidence: Evidence by the name of its gate.
        now: The time to reckon ages from, with a time zone.
        target: Where the stack that needs the gates is realised.
    """
    gates = stack.gates.entry if side == "entry" else stack.gates.exit
    return tuple(
        standing(gate, evidence.get(gate.name), stack=name, side=side, now=now, target=target)
        for gate in gates
    )
