"""What the plan has to say about power: contract, feeds, shares, and the rules of the site's country.

One cause gives one finding: too much load is reported once, against the limit that is the tighter one.
"""

import math
from collections.abc import Callable, Iterator

from aifactory.catalog.models import Catalog
from aifactory.plan import site_power_findings
from aifactory.plan.base import Finding
from aifactory.plan.models import FactoryPlan
from aifactory.plan.power import carried_after_loss, exceeds, lost_feeds
from aifactory.plan.power_fit import nearest_size
from aifactory.plan.quantities import GridPower
from aifactory.spec.power import Power


def _mw(power: GridPower) -> str:
    """An amount in megawatts, exact to the kilowatt."""
    return f"{round(power.mw, 3):.12g} MW"


def _at_least(power: GridPower) -> str:
    """The amount in megawatts, rounded up to the kilowatt, so that it is enough; noise is not rounded up."""
    return f"{math.ceil(power.kw * (1 - 1e-9)) / 1000:.12g} MW"


def _after(power: Power) -> str:
    lost = ", ".join(f"'{feed.name}'" for feed in lost_feeds(power))
    return f"after the loss of {lost} ({power.redundancy.value})" if lost else "together"


def power_exceeded(plan: FactoryPlan, catalog: Catalog) -> Iterator[Finding]:
    """The pools take no more grid power than is contracted."""
    power, declared = plan.power, plan.stack.power
    if power is None or declared is None or not exceeds(power.grid, power.capacity):
        return
    feeds = carried_after_loss(declared)
    tight = feeds is not None and feeds < power.capacity
    why = f"what the feeds carry {_after(declared)}" if tight else "the contract"
    fed = " with feeds that carry it" if tight else ""
    yield Finding(
        code="power-exceeded",
        severity="error",
        path="power.capacity_mw",
        message=(
            f"the pools take {_mw(power.grid)} of grid power, {_mw(power.grid - power.usable)} more than there is;"
            f" at most {_mw(power.usable)} may be planned with ({why})"
        ),
        fix=f"{nearest_size(plan, power, catalog)}, or contract {_at_least(power.grid)}{fed}",
    )


def feed_overloaded(plan: FactoryPlan, catalog: Catalog) -> Iterator[Finding]:
    """What is left of the feeds carries the pools; a load above the contract is reported as that."""
    power, declared = plan.power, plan.stack.power
    if power is None or declared is None or exceeds(power.grid, power.capacity):
        return
    carried = carried_after_loss(declared)
    if carried is None or not exceeds(power.grid, carried):
        return
    yield Finding(
        code="feed-overloaded",
        severity="error",
        path="power.feeds",
        message=(
            f"the feeds carry {_mw(carried)} {_after(declared)}, and the pools take {_mw(power.grid)};"
            f" the whole load has to be carried with redundancy {declared.redundancy.value}"
        ),
        fix=f"{nearest_size(plan, power, catalog)}, or let what is left of the feeds carry {_at_least(power.grid)}",
    )


def feeds_below_contract(plan: FactoryPlan, catalog: Catalog) -> Iterator[Finding]:
    """The contract can be used up; said only where the load itself is carried."""
    del catalog
    power, declared = plan.power, plan.stack.power
    if power is None or declared is None or exceeds(power.grid, power.usable):
        return
    carried = carried_after_loss(declared)
    if carried is not None and exceeds(power.capacity, carried):
        yield Finding(
            code="feeds-below-contract",
            severity="warning",
            path="power.feeds",
            message=(
                f"the feeds carry {_mw(carried)} {_after(declared)}, {_mw(power.capacity - carried)} less than"
                f" contracted; only {_mw(carried)} of {_mw(power.capacity)} may be planned with"
            ),
            fix=f"add feeds, or contract {carried.mw:.12g} MW",
        )


def share_without_rack(plan: FactoryPlan, catalog: Catalog) -> Iterator[Finding]:
    """A share of the power feeds at least one rack, or one scalable unit where whole ones are asked for."""
    del catalog
    if plan.power is None:
        return
    planned = {pool.name: pool for pool in plan.pools}
    for index, declared in enumerate(plan.stack.pools):
        pool = planned.get(declared.name)
        if pool is None or declared.power_share is None or pool.racks > 0:
            continue
        unit = (
            f"a scalable unit of {pool.system.scalable_unit_racks} racks"
            if declared.whole_units
            else "a rack"
        )
        yield Finding(
            code="share-without-rack",
            severity="error",
            path=f"pools.{index}.power_share",
            message=(
                f"{_mw(plan.power.usable * declared.power_share)} do not feed {unit} of {pool.system.id};"
                " a pool has at least one"
            ),
            fix="raise the share, or remove the pool",
        )


RULES: tuple[Callable[[FactoryPlan, Catalog], Iterator[Finding]], ...] = (
    *site_power_findings.RULES,
    power_exceeded,
    feed_overloaded,
    feeds_below_contract,
    share_without_rack,
)
"""Every rule about power."""
