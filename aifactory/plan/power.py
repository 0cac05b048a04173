"""Power: from contracted megawatts to racks, and from planned racks to the load of each feed."""

import math

from aifactory.catalog.models import System
from aifactory.catalog.programme import PowerModeRow, Region
from aifactory.plan.models import PoolPlan
from aifactory.plan.quantities import GridPower, ITPower
from aifactory.plan.site_models import FeedPlan, PowerPlan
from aifactory.spec.power import Feed, Power, Redundancy

_ROUNDING = 1e-9
"""A rack that misses its power by less than this part of the whole is counted: it is floating-point noise."""
_NOISE = 1e-8
"""A load above its limit by less than this part is within it: above the noise of counting racks and adding them."""


def lost_feeds(power: Power) -> tuple[Feed, ...]:
    """The worst loss that redundancy allows: the largest feed, or the largest half of them, rounded up.

    Two halves of an odd number of feeds are not the same; the larger half is then taken as lost.
    """
    count = {Redundancy.N: 0, Redundancy.N_PLUS_1: 1, Redundancy.TWO_N: math.ceil(len(power.feeds) / 2)}
    largest_first = sorted(power.feeds, key=lambda feed: -feed.capacity_mw)
    return tuple(largest_first[: count[power.redundancy]])


def carried_after_loss(power: Power) -> GridPower | None:
    """What the feeds carry after the worst loss that redundancy allows; None where no feed is declared."""
    if not power.feeds:
        return None
    lost = {feed.name for feed in lost_feeds(power)}
    return GridPower.of_mw(math.fsum(feed.capacity_mw for feed in power.feeds if feed.name not in lost))


def usable(power: Power) -> GridPower:
    """What may be planned with: the contract, or what the feeds carry after the loss that redundancy allows."""
    contract, carried = GridPower.of_mw(power.capacity_mw), carried_after_loss(power)
    return contract if carried is None else min(contract, carried)


def exceeds(load: GridPower, limit: GridPower) -> bool:
    """Whether a load is above a limit by more than floating-point noise."""
    return load > limit * (1 + _NOISE)


def pue_of(power: Power, region: Region) -> float:
    """The site's PUE, or the planning value of its country."""
    return power.pue if power.pue is not None else region.pue_plan


def rack_load(system: System, mode: PowerModeRow) -> ITPower:
    """What one rack is given in a mode, with its share of switches, storage and management.

    The mode acts on the rack alone: switches and storage are not throttled.
    """
    return ITPower(system.rack_power.tdp_kw / mode.oversubscription + system.rack_power.share_kw)


def racks_within(capacity: GridPower, per_rack: GridPower) -> int:
    """Whole racks that a capacity feeds; more capacity never gives fewer.

    Args:
        capacity: What there is; nothing or less feeds no rack.
        per_rack: What one rack takes, above zero.
    """
    return max(0, math.floor(capacity.per(per_rack) * (1 + _ROUNDING)))


def racks_of_share(power: Power, share: float, system: System, region: Region, mode: PowerModeRow) -> int:
    """Whole racks that a share of the site's usable power feeds."""
    return racks_within(usable(power) * share, rack_load(system, mode).at_grid(pue_of(power, region)))


def load_of(pool: PoolPlan, mode: PowerModeRow) -> ITPower:
    """What a pool draws: full racks in proportion to their nodes, so that a part-filled rack draws its part."""
    return rack_load(pool.system, mode) * (pool.nodes / pool.system.nodes_per_rack)


def power_plan(power: Power, pools: tuple[PoolPlan, ...], region: Region, mode: PowerModeRow) -> PowerPlan:
    """The site's power and what the pools take of it.

    Args:
        power: The power section of the stack.
        pools: The pools, sized.
        region: The site's country.
        mode: The row of the power mode.
    """
    pue = pue_of(power, region)
    it = ITPower(math.fsum(load_of(pool, mode).kw for pool in pools))
    grid, room = it.at_grid(pue), usable(power)
    carried = math.fsum(feed.capacity_mw for feed in power.feeds)
    return PowerPlan(
        capacity=GridPower.of_mw(power.capacity_mw),
        usable=room,
        pue=pue,
        pue_given=power.pue is not None,
        mode=power.mode,
        redundancy=power.redundancy,
        it=it,
        grid=grid,
        headroom=room - grid,
        feeds=tuple(
            FeedPlan(
                name=feed.name,
                capacity=GridPower.of_mw(feed.capacity_mw),
                load=grid * (feed.capacity_mw / carried),
            )
            for feed in power.feeds
        ),
    )
