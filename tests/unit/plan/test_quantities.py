"""Power of racks and power of the grid: two types that do not mix.

Each ``type: ignore`` below is itself a check: mypy refuses one that is not needed, so that mixing the types
stays visible to it.
"""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aifactory.plan.quantities import GridPower, ITPower
from aifactory.plan.site_models import FeedPlan

KW = st.floats(0, 1e7)
PUE = st.floats(1, 3)
MIXED = re.escape("ITPower and GridPower do not mix: power stays within its type, and a PUE converts it")


def test_sums_do_not_mix() -> None:
    """IT power and grid power are neither added nor subtracted, at run time and for mypy."""
    with pytest.raises(TypeError, match=MIXED):
        ITPower(1) + GridPower(1)  # type: ignore[operator]
    with pytest.raises(TypeError, match=MIXED):
        ITPower(1) - GridPower(1)  # type: ignore[operator]
    with pytest.raises(TypeError, match="ITPower and int do not mix"):
        ITPower(1) + 1  # type: ignore[operator]


def test_comparisons_do_not_mix() -> None:
    """IT power is not compared with grid power, nor divided by it."""
    with pytest.raises(TypeError, match="'<' not supported"):
        assert ITPower(1) < GridPower(1)  # type: ignore[operator]
    with pytest.raises(TypeError, match="'>=' not supported"):
        assert ITPower(1) >= GridPower(1)  # type: ignore[operator]
    with pytest.raises(TypeError, match=MIXED):
        ITPower(1).per(GridPower(1))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="unsupported operand"):
        ITPower(1) * ITPower(1)  # type: ignore[operator]


def test_models_keep_them_apart() -> None:
    """A field of the plan that is grid power refuses IT power."""
    with pytest.raises(ValueError, match="instance of GridPower"):
        FeedPlan(name="a", capacity=ITPower(1), load=GridPower(1))


@pytest.mark.parametrize("amount", [math.nan, math.inf, -math.inf])
def test_amounts_are_finite(amount: float) -> None:
    """What is not a finite number is no amount of power."""
    with pytest.raises(
        ValueError, match=r"is not an amount of power; a finite number of kilowatts is needed"
    ):
        GridPower(amount)


@pytest.mark.parametrize("pue", [0.0, 0.99, -1.2, math.nan, math.inf])
def test_a_pue_is_at_least_one(pue: float) -> None:
    """No site takes less from the grid than its racks draw."""
    with pytest.raises(ValueError, match=r"is not a PUE; grid power over IT power is at least 1"):
        ITPower(1).at_grid(pue)
    with pytest.raises(ValueError, match=r"is not a PUE"):
        GridPower(1).at_it(pue)


@given(KW, PUE)
def test_there_and_back(kw: float, pue: float) -> None:
    """Grid power for IT power gives that IT power back, and is never less."""
    grid = ITPower(kw).at_grid(pue)

    assert grid.kw >= kw
    assert grid.at_it(pue).kw == pytest.approx(kw)


@given(KW, KW)
def test_arithmetic_within_a_type(one: float, other: float) -> None:
    """Sums, differences, order and ratios are those of the kilowatts."""
    first, second = GridPower(one), GridPower(other)

    assert (first + second).kw == one + other
    assert (first - second).kw == one - other
    assert (first < second) == (one < other)
    assert (first * 2).per(first + GridPower(1)) == one * 2 / (one + 1)


def test_megawatts() -> None:
    """A megawatt is a thousand kilowatts."""
    assert GridPower.of_mw(1.5) == GridPower(1500)
    assert GridPower(1500).mw == 1.5
