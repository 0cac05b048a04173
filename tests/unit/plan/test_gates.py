"""How gates stand: each state by evidence that has it, and its reason in full."""

import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from aifactory.plan.gates import Standing, State, standing, standings
from aifactory.spec.gates import Evidence, Gate
from aifactory.spec.stack import Target
from tests.support.stacks import stack

NOW = datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.UTC)
FAST = Gate.model_validate(
    {"name": "fast", "kind": "burn-in", "at_least": 72, "unit": "h", "max_age_days": 30}
)
LOW = Gate.model_validate({"name": "low", "kind": "power-acceptance", "at_most": 2.0, "unit": "MW"})
SIGNED = Gate.model_validate({"name": "signed", "kind": "approval", "role": "head of operations"})
WORDS: dict[str, dict[str, Any]] = {FAST.name: {"measured": 80}, LOW.name: {"measured": 1.5}, SIGNED.name: {}}


def found(opened: Gate, **overrides: Any) -> Evidence:
    """Sealed evidence that opens the gate, with some fields replaced."""
    fields: dict[str, Any] = {
        "gate": opened.name,
        "stack": "old",
        "result": "pass",
        "threshold": opened.threshold,
        "unit": opened.unit,
        "tool": "tool",
        "tool_version": "1.0",
        "simulated": False,
        "time": NOW,
        "who": "Kim",
        **WORDS[opened.name],
    }
    return Evidence.sealed(**{**fields, **overrides})


def judged(gate: Gate, evidence: Evidence | None, target: Target = Target.CLUSTER) -> Standing:
    """How the gate of the stack ``old`` stands."""
    return standing(gate, evidence, stack="old", side="exit", now=NOW, target=target)


@pytest.mark.parametrize("gate", [FAST, LOW, SIGNED])
def test_good_evidence_opens_every_kind_of_gate(gate: Gate) -> None:
    """Real, fresh evidence that meets the gate opens it, and the reason names who found it."""
    one = judged(gate, found(gate))

    assert (one.state, one.stands, one.age_days) == (State.PASSED, True, 0)
    assert one.reason == "passed, found by Kim"


DAY = datetime.timedelta(days=1)
CASES: dict[str, tuple[Gate, dict[str, Any], State, str]] = {
    "failed": (SIGNED, {"result": "fail"}, State.FAILED, "tool 1.0 reported fail; pass is needed"),
    "below": (
        FAST,
        {"measured": 71.9},
        State.FAILED,
        "measured 71.9 h, though its result says pass; at least 72 h is needed",
    ),
    "above": (
        LOW,
        {"measured": 2.1, "result": "fail"},
        State.FAILED,
        "measured 2.1 MW; at most 2 MW is needed",
    ),
    "met but called a failure": (
        FAST,
        {"result": "fail"},
        State.FAILED,
        "tool 1.0 reported fail; pass is needed",
    ),
    "no figure": (
        FAST,
        {"measured": None},
        State.FAILED,
        "the evidence names no measured value; at least 72 h is needed",
    ),
    "stale": (
        FAST,
        {"time": NOW - 30 * DAY - datetime.timedelta(seconds=1)},
        State.STALE,
        "the evidence is 30 days old; at most 30 are allowed",
    ),
    "from the future": (
        FAST,
        {"time": NOW + DAY},
        State.FUTURE,
        "the evidence is of 2026-11-25T12:00:00+00:00, which has not come",
    ),
    "another stack": (
        FAST,
        {"stack": "other"},
        State.MISMATCHED,
        "the evidence is for stack 'other', the gate is for stack 'old'",
    ),
    "another gate": (
        FAST,
        {"gate": "other"},
        State.MISMATCHED,
        "the evidence is for gate 'other', the gate is for gate 'fast'",
    ),
    "another unit": (
        FAST,
        {"unit": "min"},
        State.MISMATCHED,
        "the evidence is for unit 'min', the gate is for unit 'h'",
    ),
    "a threshold that was raised since": (
        FAST,
        {"threshold": 24},
        State.MISMATCHED,
        "the evidence is for threshold 24, the gate is for threshold 72",
    ),
    "a threshold where there is none": (
        SIGNED,
        {"threshold": 24},
        State.MISMATCHED,
        "the evidence is for threshold 24, the gate is for threshold none",
    ),
    "simulated": (
        FAST,
        {"simulated": True},
        State.SIMULATED_ONLY,
        "the evidence is simulated; a real site needs evidence of its hardware",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_evidence_that_does_not_open_a_gate_says_why(case: str) -> None:
    """Each way to miss a gate has its own state and one sentence."""
    gate, overrides, state, reason = CASES[case]

    one = judged(gate, found(gate, **overrides))

    assert (one.state, one.stands, one.reason) == (state, False, reason)


def test_no_evidence_is_missing() -> None:
    """A gate without evidence is closed, and has no age."""
    one = judged(FAST, None)

    assert (one.state, one.age_days) == (State.MISSING, None)
    assert one.reason == "there is no evidence; a file with it is needed"


@pytest.mark.parametrize(
    "edit", [{"measured": 90.0}, {"simulated": True}, {"who": "Lee"}, {"time": NOW - DAY}]
)
def test_an_edit_after_the_seal_is_seen(edit: dict[str, Any]) -> None:
    """Whatever field is edited, the digest no longer agrees."""
    one = judged(FAST, found(FAST).model_copy(update=edit))

    assert one.state is State.TAMPERED
    assert one.reason == "the digest does not agree with the content; evidence is never edited"


def test_the_last_day_and_small_clock_differences_count() -> None:
    """Evidence as old as is allowed stands, and so does that of a clock a few minutes ahead."""
    assert judged(FAST, found(FAST, time=NOW - 30 * DAY)).stands
    assert judged(FAST, found(FAST, time=NOW + datetime.timedelta(minutes=4))).stands


@given(
    measured=st.floats(allow_nan=False, allow_infinity=False),
    result=st.sampled_from(["pass", "fail"]),
    gate=st.sampled_from([FAST, LOW, SIGNED]),
    age=st.integers(-3, 4000),
)
def test_simulated_evidence_never_opens_a_real_gate(
    measured: float, result: str, gate: Gate, age: int
) -> None:
    """Whatever simulated evidence says, a gate of target cluster stays closed."""
    evidence = found(gate, measured=measured, result=result, simulated=True, time=NOW - age * DAY)

    assert not judged(gate, evidence).stands


@given(measured=st.floats(allow_nan=False, allow_infinity=False), result=st.sampled_from(["pass", "fail"]))
def test_a_gate_stands_exactly_where_figure_and_result_agree(measured: float, result: str) -> None:
    """The figure alone opens nothing, and neither does the word."""
    assert judged(FAST, found(FAST, measured=measured, result=result)).stands == (
        measured >= 72 and result == "pass"
    )


@pytest.mark.parametrize("target", [Target.SIMULATED, Target.KIND])
def test_simulated_evidence_counts_on_a_lab_and_says_so(target: Target) -> None:
    """On a simulated or kind target simulated evidence opens the gate, with a remark."""
    one = judged(FAST, found(FAST, simulated=True), target)

    assert one.stands
    assert one.reason == f"passed with simulated evidence, which counts on target {target.value} only"


def test_the_seal_does_not_depend_on_the_time_zone_that_is_written() -> None:
    """The same moment in another zone is the same evidence."""
    korean = NOW.astimezone(datetime.timezone(datetime.timedelta(hours=9)))

    assert found(FAST).digest == found(FAST, time=korean).digest


@pytest.mark.parametrize(
    "fields", [{"time": "2026-11-24 09:00:00"}, {"measured": float("nan")}, {"simulated": "no"}]
)
def test_evidence_that_could_be_misread_is_refused(fields: dict[str, Any]) -> None:
    """A time without a zone, a figure that is none and a word for a flag are no evidence."""
    with pytest.raises(ValidationError):
        found(FAST, **fields)


def test_gates_of_a_side_come_in_the_order_of_the_file() -> None:
    """Entry and exit gates are asked apart, each with the evidence of its name."""
    declared = stack(gates={"entry": [SIGNED.model_dump()], "exit": [LOW.model_dump(), FAST.model_dump()]})

    leaving = standings("old", declared, "exit", {"low": found(LOW)}, now=NOW, target=Target.CLUSTER)
    entering = standings("old", declared, "entry", {"low": found(LOW)}, now=NOW, target=Target.CLUSTER)

    assert [(one.gate.name, one.state) for one in leaving] == [("low", State.PASSED), ("fast", State.MISSING)]
    assert [(one.gate.name, one.side) for one in entering] == [("signed", "entry")]
