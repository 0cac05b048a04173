"""What a deployed stack says of itself against the phase that is to follow it."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from aifactory.plan.deployed import contradictions, deployed
from aifactory.spec.stack import Target
from tests.support.promotions import OLD, planned

NEXT = deployed(planned("new", OLD | {"phase": "scale-out", "previous": "old"}))


def told(edit: Callable[[dict[str, Any]], object]) -> tuple[str, ...]:
    """What contradicts the next phase, after an edit of the outputs; they come back from a backend as JSON."""
    found = json.loads(json.dumps(deployed(planned("old", OLD))))
    edit(found)
    return contradictions(found, "old", NEXT)


def test_the_phase_before_contradicts_nothing() -> None:
    """The outputs of the phase that is named, the same and not larger, let the next one in."""
    assert told(lambda _: None) == ()


CASES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "another site": (
        lambda found: found.update(site="korea-seoul"),
        "previous: the deployed stack old is of site 'korea-seoul'; 'korea-ulsan' is needed; name the stack of the"
        " phase before, in the backend where it is deployed",
    ),
    "another stack": (
        lambda found: found.update(stack="third"),
        "previous: the deployed stack old is of stack 'third'; 'old' is needed; name the stack of the phase before,"
        " in the backend where it is deployed",
    ),
    "a later phase": (
        lambda found: found.update(phase="gigawatt"),
        "phase: scale-out does not follow the deployed gigawatt; gigawatt is allowed; bring the phases up in their"
        " order",
    ),
    "no phase at all": (
        lambda found: found.update(phase="unheard-of"),
        "phase: scale-out does not follow the deployed unheard-of; a known phase is allowed; bring the phases up in"
        " their order",
    ),
    "a simulated one before a real one": (
        lambda found: found.update(target="simulated"),
        "previous: old is deployed on target simulated; a real site follows a real one; bring it up on target cluster",
    ),
    "a pool that is gone": (
        lambda found: found["pools"].update(more={"nodes": 1, "identity": {}}),
        "pools: the pool 'more' that old runs is gone; pools that run are kept; add it",
    ),
    "a pool that is another one": (
        lambda found: found["pools"]["train"]["identity"].update(system="hgx-b300"),
        "pools: the pool 'train' differs from the one that old runs in system; the values that run are allowed; take"
        " them from old",
    ),
    "a larger pool": (
        lambda found: found["pools"]["train"].update(nodes=9.0),
        "pools: the pool 'train' has 8 nodes and old runs 9; pools only grow; give it at least 9 nodes",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_contradiction_is_one_line(case: str) -> None:
    """What is deployed and what is wanted differ in one thing: one line names both, and what to do."""
    edit, line = CASES[case]

    assert told(edit) == (line,)


@pytest.mark.parametrize("found", [None, {}, "text", [], {"stack": "old"}])
def test_outputs_that_tell_no_phase_are_not_a_phase_before(found: object) -> None:
    """A stack that never came up, or another program's, is no predecessor."""
    (line,) = contradictions(found, "old", NEXT)

    assert line == (
        "previous: the stack old is not deployed: its outputs do not tell its phase; a phase that is up is needed;"
        " run aifactory up old first"
    )


def test_a_simulated_phase_follows_a_simulated_one() -> None:
    """On a lab, what is deployed on a lab is enough."""
    simulated = {**copy.deepcopy(NEXT), "target": Target.SIMULATED.value}
    found = {**deployed(planned("old", OLD)), "target": Target.SIMULATED.value}

    assert contradictions(found, "old", simulated) == ()


def test_pools_of_another_cell_are_not_compared() -> None:
    """A new cell follows the site: it does not have to hold what another cell runs."""
    found = {**deployed(planned("old", OLD)), "pools": {"more": {"nodes": 1}}, "cell": 1}

    assert contradictions(found, "old", NEXT) == ()
