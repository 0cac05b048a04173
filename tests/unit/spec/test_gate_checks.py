"""Checks of the gates section: every message in full."""

from typing import Any

import pytest

from tests.support.stacks import minimal_stack, refusal

BURN_IN = {"name": "burn-in", "kind": "burn-in"}
CASES: dict[str, tuple[dict[str, Any], str]] = {
    "one name twice": (
        {"entry": [BURN_IN], "exit": [BURN_IN]},
        "gates: 2 gates are named 'burn-in'; names are unique over entry and exit: each is the name of an evidence"
        " file; rename all but one",
    ),
    "two thresholds": (
        {"exit": [{**BURN_IN, "at_least": 1, "at_most": 2, "unit": "h"}]},
        "gates.exit.0: both at_least and at_most are given; one of them, or neither for pass or fail; split the gate"
        " in two",
    ),
    "no unit": (
        {"exit": [{**BURN_IN, "at_least": 1}]},
        "gates.exit.0.unit: a threshold without a unit is given; a threshold has a unit, and pass or fail has none;"
        " add unit, for example GB/s",
    ),
    "a unit of nothing": (
        {"entry": [{**BURN_IN, "unit": "h"}]},
        "gates.entry.0.unit: a unit without a threshold is given; a threshold has a unit, and pass or fail has none;"
        " remove unit, or add at_least",
    ),
    "conformance to nothing": (
        {"exit": [{"name": "k8s", "kind": "conformance"}]},
        "gates.exit.0.requirement: a gate of kind conformance names no requirement; the number of a requirement,"
        " three letters or digits and two digits; add it, for example requirement: K8S01",
    ),
    "approval by nobody": (
        {"exit": [{"name": "yes", "kind": "approval"}]},
        "gates.exit.0.role: a gate of kind approval names no role; the role of the person who signs; add it, for"
        " example role: head of operations",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_gate_that_evidence_cannot_meet_is_refused(case: str) -> None:
    """Each rule of the gates is one line that says what is wrong, what is allowed, and how to fix it."""
    gates, line = CASES[case]

    assert refusal(minimal_stack(gates=gates)) == [line]


def test_a_quota_that_kubernetes_cannot_hold_is_refused() -> None:
    """A ResourceQuota of more than 8,388 TiB overflows in the API server; the stack file may not declare one."""
    tier = {"name": "fast", "role": "scratch", "backend": "weka", "capacity_tib": 99999}
    tier |= {"write_gbps": 1, "read_gbps": 1}
    quota = {"namespace": "training", "tier": "fast", "capacity_tib": 8389}

    (line,) = refusal(minimal_stack(storage={"tiers": [tier], "quotas": [quota]}))

    assert line.startswith("storage.quotas.0.capacity_tib: ")
    assert "must be at most 8388" in line
