"""What the plan has to say about cells and their addresses."""

import math
from collections.abc import Callable, Iterator

from aifactory.catalog.models import Catalog
from aifactory.plan import address_findings
from aifactory.plan.address_findings import error, smallest_cell
from aifactory.plan.base import Finding
from aifactory.plan.cell_choice import names_of
from aifactory.plan.cells import NEEDS_GITOPS, CellLimit, cell_limits, node_limit, strides, unit_racks
from aifactory.plan.models import FactoryPlan, PoolPlan
from aifactory.spec.delivery import DeliveryMode
from aifactory.spec.stack import Target

Rule = Callable[[FactoryPlan, Catalog], Iterator[Finding]]
_MOST_NODES = 5000
_WHY = {
    "nodes": "cluster.max_nodes",
    "pods": "150,000 pods at cluster.pods_per_node each",
    "pod CIDR": "node networks in a block of network.cells.pod_prefix",
    "node CIDR": "addresses in a block of network.cells.node_prefix",
}


def _full_stripes(plan: FactoryPlan) -> dict[str, int]:
    """Nodes of each pool in a full cell: what it declares, or else what it takes by now."""
    stride = strides(plan.stack, plan.pools)
    return {
        pool.name: stride[pool.name] * pool.system.nodes_per_rack
        if pool.pool.cell_racks is not None
        else min(stride[pool.name] * pool.system.nodes_per_rack, pool.nodes)
        for pool in plan.pools
    }


def cell_too_large(plan: FactoryPlan, _catalog: Catalog) -> Iterator[Finding]:
    """A full cell keeps its limits; where its blocks hold no cell at all, that is said of the addresses."""
    limit = min(cell_limits(plan.stack), key=lambda one: one.nodes)
    stripes = _full_stripes(plan)
    nodes = sum(stripes.values()) + plan.stack.cluster.system_nodes
    addresses = limit.path.startswith("network.")
    if not plan.pools or nodes <= limit.nodes or (addresses and limit.nodes < smallest_cell(plan)):
        return
    path, fix = _smaller(plan, stripes, limit, nodes - limit.nodes)
    yield error(
        "cell-too-large",
        path,
        f"a full cell has {nodes} nodes, {plan.stack.cluster.system_nodes} of them for the system; at most"
        f" {limit.nodes}, limited by {limit.cause} ({_WHY[limit.cause]})",
        fix,
    )


def _smaller(plan: FactoryPlan, stripes: dict[str, int], limit: CellLimit, excess: int) -> tuple[str, str]:
    """Where to change what, so that a cell is smaller by so many nodes or may have them."""
    declared = [pool for pool in plan.pools if pool.pool.cell_racks is not None]
    largest = max(declared or plan.pools, key=lambda pool: stripes[pool.name])
    racks = (stripes[largest.name] - excess) // largest.system.nodes_per_rack
    position = next(index for index, pool in enumerate(plan.stack.pools) if pool.name == largest.name)
    if declared and racks >= unit_racks(largest.system):
        racks -= racks % unit_racks(largest.system)
        return f"pools.{position}.cell_racks", f"set cell_racks: {racks} on pool '{largest.name}'"
    if declared:
        return f"pools.{position}.cell_racks", f"lower cell_racks of the pools by {excess} nodes in all"
    if limit.cause == "nodes" and limit.nodes + excess <= _MOST_NODES:
        return limit.path, f"set max_nodes: {limit.nodes + excess}"
    return limit.path, f"let a cell have {excess} nodes more, or move pools to another stack"


FAULTS: tuple[Rule, ...] = (
    address_findings.pods_of_a_node,
    address_findings.pods_of_a_cell,
    address_findings.nodes_of_a_cell,
    address_findings.services_of_a_cell,
    cell_too_large,
)
"""Rules that a cell breaks by itself; how many cells there are means nothing then."""


def _only_where_sound(rule: Rule) -> Rule:
    """The rule, silent where a cell is wrong in itself: one cause gives one finding."""

    def asked(plan: FactoryPlan, catalog: Catalog) -> Iterator[Finding]:
        if not any(True for fault in FAULTS for _ in fault(plan, catalog)):
            yield from rule(plan, catalog)

    asked.__name__, asked.__doc__ = rule.__name__, rule.__doc__
    return asked


def _fewest_cells(plan: FactoryPlan, silent: list[PoolPlan], room: int) -> int:
    """Fewest cells that hold the pools which do not say how much of them a cell holds."""

    def fits(cells: int) -> bool:
        return sum(_racks_in(pool, cells) * pool.system.nodes_per_rack for pool in silent) <= room

    low, high = 1, len(plan.cells)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle + 1, high)
    return low


def _racks_in(pool: PoolPlan, cells: int) -> int:
    """Racks of a pool in one cell, where so many cells share it evenly."""
    unit = unit_racks(pool.system)
    return math.ceil(pool.racks / (cells * unit)) * unit


def more_cells_than_needed(plan: FactoryPlan, _catalog: Catalog) -> Iterator[Finding]:
    """Pools that do not say how much of them a cell holds share it equally, which fits unequal pools badly."""
    silent = [pool for pool in plan.pools if pool.pool.cell_racks is None and pool.racks]
    if not silent or len(plan.cells) < 2:  # noqa: PLR2004 - fewer than one is not possible
        return
    stride = strides(plan.stack, plan.pools)
    declared = [pool for pool in plan.pools if pool.pool.cell_racks is not None]
    held = sum(stride[pool.name] * pool.system.nodes_per_rack for pool in declared)
    needed = max((math.ceil(pool.racks / stride[pool.name]) for pool in declared), default=1)
    cells = max(needed, _fewest_cells(plan, silent, node_limit(plan.stack) - held))
    if cells >= len(plan.cells):
        return
    numbers = ", ".join(f"{pool.name}: {_racks_in(pool, cells)}" for pool in silent)
    yield Finding(
        code="more-cells-than-needed",
        severity="info",
        path="pools",
        message=f"the site has {len(plan.cells)} cells, because pools without cell_racks share a cell equally;"
        f" {cells} cells would hold it",
        fix=f"set cell_racks, for example {numbers}; where cells are in use already this moves racks between them",
    )


def cells_need_gitops(plan: FactoryPlan, _catalog: Catalog) -> Iterator[Finding]:
    """Direct delivery reaches one cluster, so it does not roll out a site of several cells."""
    if len(plan.cells) < 2 or plan.stack.delivery.mode is not DeliveryMode.DIRECT:  # noqa: PLR2004 - several
        return
    yield Finding(
        code=NEEDS_GITOPS,
        severity="error" if plan.target is Target.CLUSTER else "info",
        path="delivery.mode",
        message=f"the site has {len(plan.cells)} cells ({names_of(plan.cells)}), and direct delivery reaches one"
        " cluster; a run is for one cell, or a GitOps engine rolls out all of them",
        fix="name a cell with --cell, or set delivery.mode: gitops",
    )


RULES: tuple[Rule, ...] = (
    *FAULTS,
    *(
        _only_where_sound(rule)
        for rule in (
            address_findings.blocks_missing,
            address_findings.exhausted,
            more_cells_than_needed,
            cells_need_gitops,
        )
    ),
)
"""Every rule of this module and of the addresses'."""
