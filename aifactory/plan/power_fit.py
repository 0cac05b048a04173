"""The nearest size of the pools that the site's power feeds."""

import math

from aifactory.catalog.models import Catalog
from aifactory.plan.models import FactoryPlan, PoolPlan
from aifactory.plan.power import load_of, rack_load, racks_within
from aifactory.plan.quantities import GridPower
from aifactory.plan.site_models import PowerPlan

SHARE_STEPS = 1000
"""A share of the power is proposed in steps of a thousandth."""


def fitting_size(
    pool: PoolPlan, room: GridPower, power: PowerPlan, catalog: Catalog
) -> tuple[str, str] | None:
    """The largest size of a pool that some power feeds.

    Args:
        pool: The pool as planned.
        room: Grid power that is left for it.
        power: The site's power.
        catalog: The rows of the power modes.

    Returns:
        The field that has the pool's size, and its value; None where not even one rack or node is fed.
    """
    rack = rack_load(pool.system, catalog.power_modes[power.mode.value]).at_grid(power.pue)
    if pool.pool.nodes is not None:
        nodes = racks_within(room, rack * (1 / pool.system.nodes_per_rack))
        return ("nodes", str(nodes)) if nodes else None
    racks = racks_within(room, rack)
    if not racks:
        return None
    if pool.pool.power_share is not None:
        steps = math.floor(room.per(power.usable) * SHARE_STEPS)
        return ("power_share", f"{steps / SHARE_STEPS:g}") if steps else None
    return "racks", str(racks)


def nearest_size(plan: FactoryPlan, power: PowerPlan, catalog: Catalog) -> str:
    """What to write so that the pools are fed: the largest pool made smaller, or all of them where that is not enough.

    Args:
        plan: A plan whose pools take more than there is.
        power: Its power.
        catalog: The rows of the power modes.
    """
    mode = catalog.power_modes[power.mode.value]
    loads = [load_of(pool, mode).at_grid(power.pue) for pool in plan.pools]
    largest = max(range(len(loads)), key=lambda index: loads[index].kw)
    pool = plan.pools[largest]
    fit = fitting_size(pool, power.usable - (power.grid - loads[largest]), power, catalog)
    if fit is None:
        return f"shrink the pools to {math.floor(100 * power.usable.per(power.grid))}% of their size"
    field, value = fit
    size = {"racks": pool.racks, "nodes": pool.nodes}.get(field, pool.pool.power_share)
    return f"set {field} of pool '{pool.name}' to {value} instead of {size}"
