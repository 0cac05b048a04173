"""Checks of the pools' sizes: every message in full."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aifactory.errors import Problem
from tests.support.stacks import FILE, minimal_stack, pool, refusal

SIZES = "exactly one of racks, nodes, power_share"
POWER = {"capacity_mw": 10.0}


def shared(*shares: float, **sections: object) -> dict[str, Any]:
    """A stack with a pool for each share of the power."""
    pools = [pool(name=f"p{index}", nodes=None, power_share=share) for index, share in enumerate(shares)]
    return minimal_stack(**{"pools": pools, "power": POWER, **sections})


CASES: dict[str, tuple[dict[str, Any], Problem]] = {
    "two sizes": (
        minimal_stack(pools=[pool(power_share=0.5)], power=POWER),
        Problem(
            "pools.0",
            "nodes and power_share are given together",
            SIZES,
            "keep one of them, for example racks: 2",
        ),
    ),
    "three sizes": (
        minimal_stack(pools=[pool(racks=1, power_share=0.5)], power=POWER),
        Problem(
            "pools.0",
            "racks and nodes and power_share are given together",
            SIZES,
            "keep one of them, for example racks: 2",
        ),
    ),
    "a share of no power": (
        shared(0.5, power=None),
        Problem(
            "pools.0.power_share",
            "there is no power to take a share of",
            "power_share needs the section power, with capacity_mw",
            "add the section power, or give the pool's size in racks or nodes",
        ),
    ),
    "more than all": (
        shared(0.7, 0.6),
        Problem(
            "pools",
            "the power shares of 2 pools add up to 1.3",
            "power_share of all pools together is at most 1",
            "lower them by 0.3 in all",
        ),
    ),
    "whole units of a given size": (
        minimal_stack(pools=[pool(whole_units=True)]),
        Problem(
            "pools.0.whole_units",
            "whole_units is set on a pool whose size is given",
            "whole_units rounds a size by power_share; racks and nodes are taken as they are",
            "remove whole_units, or give the size as power_share",
        ),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_contradiction_is_explained(case: str) -> None:
    """A stack with one contradiction is refused with exactly its line."""
    raw, problem = CASES[case]

    assert refusal(raw) == [problem.line(FILE).removeprefix(f"{FILE}: ")]


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=8))
def test_shares_of_a_whole_are_accepted(parts: list[int]) -> None:
    """Shares that add up to one are accepted however they round, and a thousandth more is not."""
    shares = [part / sum(parts) for part in parts]

    assert refusal(shared(*shares)) == []
    assert len(refusal(shared(*shares, 0.001))) == 1


def test_a_share_in_whole_units_passes() -> None:
    """One pool may take all power, in whole units of its system."""
    sized = [pool(nodes=None, power_share=1.0, whole_units=True)]

    assert refusal(minimal_stack(pools=sized, power=POWER)) == []
