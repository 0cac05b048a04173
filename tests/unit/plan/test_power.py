"""The arithmetic of power: contract, feeds, racks; nothing is lost or gained by rounding."""

from itertools import combinations
from math import ceil, fsum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aifactory.catalog.load import catalog
from aifactory.plan.capacity import pool_plan
from aifactory.plan.factory import plan
from aifactory.plan.models import FactoryPlan, PoolPlan
from aifactory.plan.power import (
    carried_after_loss,
    exceeds,
    load_of,
    lost_feeds,
    power_plan,
    rack_load,
    racks_of_share,
    racks_within,
    usable,
)
from aifactory.plan.quantities import GridPower
from aifactory.spec.pools import Pool
from aifactory.spec.power import Power
from tests.support.stacks import minimal_stack, pool, stack

SYSTEMS, MODES, KOREA = catalog().systems, catalog().power_modes, catalog().regions["KR"]
SIZED = sorted(name for name, system in SYSTEMS.items() if system.status in {"ga", "early"})
MW = st.floats(0.01, 2000)
FEEDS = st.lists(st.floats(0.1, 500), max_size=7)
REDUNDANCY = st.sampled_from(["n", "n+1", "2n"])


def powered(capacity_mw: float, feeds: list[float] = [], **fields: object) -> Power:  # noqa: B006 - read only
    """A power section with feeds of some capacities."""
    named = [{"name": f"feed-{index}", "capacity_mw": mw} for index, mw in enumerate(feeds)]
    return Power.model_validate({"capacity_mw": capacity_mw, "feeds": named, **fields})


def sized(system: str = "gb300-nvl72", **size: object) -> PoolPlan:
    """A pool of a system with a size."""
    return pool_plan(Pool.model_validate(pool(system=system, **{"nodes": None, **size})), SYSTEMS[system])


def planned(power: dict[str, Any], **fields: object) -> FactoryPlan:
    """The plan of a stack with one pool, whose fields replace those of a GB300 pool."""
    pools = [pool(**{"system": "gb300-nvl72", "nodes": None, **fields})]
    return plan("test", stack(**minimal_stack(pools=pools, power=power)), catalog())


@given(MW, MW, st.floats(0.01, 1), st.sampled_from(SIZED), st.sampled_from(sorted(MODES)))
def test_more_power_never_gives_fewer_racks(
    one: float, other: float, share: float, name: str, mode: str
) -> None:
    """Of two contracts the larger one feeds at least as many racks, of every system in every mode."""
    low, high = sorted([one, other])
    system = SYSTEMS[name]
    few, many = (racks_of_share(powered(mw), share, system, KOREA, MODES[mode]) for mw in (low, high))

    assert 0 <= few <= many
    assert not exceeds(rack_load(system, MODES[mode]).at_grid(1.12) * many, GridPower.of_mw(high) * share)


@given(MW, st.floats(1, 3), st.floats(1, 3), st.sampled_from(SIZED))
def test_a_better_pue_never_gives_fewer_racks(mw: float, one: float, other: float, name: str) -> None:
    """Of two PUEs the lower one feeds at least as many racks."""
    good, bad = sorted([one, other])
    many, few = (
        racks_of_share(powered(mw, pue=pue), 1.0, SYSTEMS[name], KOREA, MODES["tdp"]) for pue in (good, bad)
    )

    assert few <= many


@given(st.floats(1, 100), st.floats(0.1, 1), st.booleans(), st.floats(0, 50))
def test_more_power_never_gives_fewer_gpus(mw: float, share: float, units: bool, more: float) -> None:
    """A whole plan has at least as many GPUs with more power, in whole scalable units too."""
    few, many = (
        planned({"capacity_mw": amount}, power_share=share, whole_units=units) for amount in (mw, mw + more)
    )

    assert few.gpus <= many.gpus
    assert not units or many.pools[0].racks % many.pools[0].system.scalable_unit_racks == 0
    assert many.power is not None
    assert not exceeds(many.power.grid, many.power.usable)


@given(st.integers(0, 100_000), st.floats(0.1, 1000))
def test_a_rack_is_not_lost_to_rounding(racks: int, per_rack: float) -> None:
    """Exactly enough power for some racks feeds exactly these, and a thousandth less feeds one fewer."""
    each = GridPower(per_rack)

    assert racks_within(each * racks, each) == racks
    assert racks_within(each * (racks - 0.001), each) == max(0, racks - 1)


@pytest.mark.parametrize("kw", [0.0, -1.0])
def test_no_power_feeds_no_rack(kw: float) -> None:
    """Nothing, or less than nothing, feeds no rack."""
    assert racks_within(GridPower(kw), GridPower(180)) == 0


@given(MW, FEEDS, REDUNDANCY)
def test_no_allowed_loss_is_worse(mw: float, feeds: list[float], redundancy: str) -> None:
    """Whichever feeds redundancy allows to lose, the others carry at least what is planned with."""
    power = powered(mw, feeds, redundancy=redundancy)
    count = {"n": 0, "n+1": min(1, len(feeds)), "2n": ceil(len(feeds) / 2)}[redundancy]
    carried = carried_after_loss(power)

    assert len(lost_feeds(power)) == count
    assert usable(power) <= GridPower.of_mw(mw)
    if carried is None:
        assert not feeds
        return
    for lost in combinations(range(len(feeds)), count):
        others = fsum(feed for index, feed in enumerate(feeds) if index not in lost)
        assert carried.mw <= others * (1 + 1e-12)


@given(
    st.lists(st.floats(0.5, 20), min_size=2, max_size=6), st.sampled_from(["n+1", "2n"]), st.integers(1, 60)
)
def test_a_plan_without_errors_survives_its_loss(feeds: list[float], redundancy: str, racks: int) -> None:
    """A plan that is not refused is carried after the loss of any one feed (n+1), or of any half (2n)."""
    named = [{"name": f"feed-{index}", "capacity_mw": mw} for index, mw in enumerate(feeds)]
    made = planned({"capacity_mw": 10.0, "feeds": named, "redundancy": redundancy}, racks=racks)
    count = 1 if redundancy == "n+1" else ceil(len(feeds) / 2)
    left = min(
        fsum(feed for index, feed in enumerate(feeds) if index not in lost)
        for lost in combinations(range(len(feeds)), count)
    )
    assert made.power is not None

    codes = {finding.code for finding in made.errors} & {"power-exceeded", "feed-overloaded"}
    assert bool(codes) == exceeds(made.power.grid, GridPower.of_mw(min(left, 10.0)))
    assert len(codes) <= 1


@given(MW, st.lists(st.floats(0.1, 500), min_size=1, max_size=7), st.integers(0, 500))
def test_feeds_share_the_load(mw: float, feeds: list[float], nodes: int) -> None:
    """The loads of the feeds add up to the grid power, each in proportion to its capacity."""
    pools = (sized(nodes=nodes),) if nodes else ()
    made = power_plan(powered(mw, feeds), pools, KOREA, MODES["tdp"])

    assert fsum(feed.load.kw for feed in made.feeds) == pytest.approx(made.grid.kw)
    assert made.grid.kw == pytest.approx(made.it.kw * 1.12)
    assert made.headroom == made.usable - made.grid
    for feed in made.feeds:
        assert feed.load.kw / feed.capacity.kw == pytest.approx(made.grid.kw / (fsum(feeds) * 1000))


def test_a_part_filled_rack_draws_its_part() -> None:
    """Half a rack of nodes draws half of what a rack draws; a mode acts on the rack, not on its share."""
    rack = 142 + 18

    assert load_of(sized(racks=2), MODES["tdp"]).kw == 2 * rack
    assert load_of(sized(nodes=9), MODES["tdp"]).kw == rack / 2
    assert load_of(sized(racks=1), MODES["maxlps"]).kw == pytest.approx(142 / 1.45 + 18)


def test_the_site_has_the_last_word_on_its_pue() -> None:
    """A PUE of the stack file is used as it is, and the country's planning value where there is none."""
    given, assumed = (power_plan(powered(1.0, pue=pue), (), KOREA, MODES["tdp"]) for pue in (1.3, None))

    assert (given.pue, given.pue_given) == (1.3, True)
    assert (assumed.pue, assumed.pue_given) == (1.12, False)


def test_the_larger_half_of_an_odd_number_is_lost() -> None:
    """With three feeds and 2n two are lost, the largest ones, in whatever order they are declared."""
    assert usable(powered(100, [10, 40, 30], redundancy="2n")) == GridPower.of_mw(10)
    assert usable(powered(100, [40, 10, 30], redundancy="n+1")) == GridPower.of_mw(40)
    assert usable(powered(100, [40, 10, 30], redundancy="n")) == GridPower.of_mw(80)
    assert usable(powered(20, [40, 10, 30], redundancy="n+1")) == GridPower.of_mw(20)
