"""Cells: a site that is too large for one Kubernetes cluster becomes several.

Each pool is laid over the cells in stripes: its racks ``i * stride`` to ``(i + 1) * stride - 1`` are in cell
``i``. The stride follows from the pool's own declaration and from the cells' limits, never from any pool's
size; so a pool that grows fills up its last cell and then adds to the next ones, and no rack ever moves.
Racks are never cut, and an NVLink domain is never larger than a rack.
"""

import math

from aifactory.plan.addressing import addresses_of, nodes_addressable
from aifactory.plan.models import CellPlan, CellPool, FactoryPlan, PoolPlan
from aifactory.spec.stack import Stack

MAX_PODS = 150_000
"""Pods of one cluster (https://kubernetes.io/docs/setup/best-practices/cluster-large/)."""


def node_limit(stack: Stack) -> int:
    """Most GPU nodes of one cell: by nodes, by pods, and by the addresses that a cell gets."""
    cluster = stack.cluster
    limit = min(
        cluster.max_nodes,
        MAX_PODS // cluster.pods_per_node,
        nodes_addressable(stack.network, cluster.pods_per_node),
    )
    return max(0, limit - cluster.system_nodes)


def strides(stack: Stack, pools: tuple[PoolPlan, ...]) -> dict[str, int]:
    """Racks of each pool in one cell; at least one.

    A pool that says nothing gets an equal part of the nodes that the other ones leave, and at least one rack.
    """
    limit = node_limit(stack)
    given = sum((pool.pool.cell_racks or 0) * pool.system.nodes_per_rack for pool in pools)
    silent = sum(pool.pool.cell_racks is None for pool in pools)
    part = max(0, limit - given) // silent if silent else 0
    return {pool.name: pool.pool.cell_racks or max(1, part // pool.system.nodes_per_rack) for pool in pools}


def _stripe(pool: PoolPlan, stride: int, index: int) -> CellPool | None:
    per_rack = pool.system.nodes_per_rack
    first = index * stride
    racks = min(stride, pool.racks - first)
    if racks <= 0:
        return None
    nodes = min((first + racks) * per_rack, pool.nodes) - first * per_rack
    return CellPool(
        name=pool.name,
        first_rack=first,
        racks=racks,
        first_node=first * per_rack,
        nodes=nodes,
        gpus=nodes * pool.system.gpus_per_node,
    )


def cells_of(name: str, stack: Stack, pools: tuple[PoolPlan, ...]) -> tuple[CellPlan, ...]:
    """The cells of a site, in order.

    Args:
        name: Name of the stack; the cells are named after it.
        stack: The stack.
        pools: Its pools, sized.
    """
    stride = strides(stack, pools)
    count = max((math.ceil(pool.racks / stride[pool.name]) for pool in pools), default=0)
    cells: list[CellPlan] = []
    for index in range(count):
        held = tuple(part for pool in pools if (part := _stripe(pool, stride[pool.name], index)) is not None)
        cells.append(
            CellPlan(
                name=f"{name}-c{index:03d}",
                index=index,
                nodes=sum(part.nodes for part in held),
                gpus=sum(part.gpus for part in held),
                pools=held,
                addresses=addresses_of(stack.network, index),
            )
        )
    return tuple(cells)


def of_cell(plan: FactoryPlan, cell: CellPlan) -> FactoryPlan:
    """The plan of one cell: the site's plan with the cell's part of every pool, and its own networks.

    Args:
        plan: The plan of the site.
        cell: One of its cells, with addresses.
    """
    parts = {part.name: part for part in cell.pools}
    pools = tuple(
        pool.model_copy(
            update={
                "racks": parts[pool.name].racks,
                "nodes": parts[pool.name].nodes,
                "gpus": parts[pool.name].gpus,
                "first_node": parts[pool.name].first_node,
            }
        )
        for pool in plan.pools
        if pool.name in parts
    )
    network = plan.stack.network
    if cell.addresses is not None:
        network = network.model_copy(update={**cell.addresses.model_dump(), "cells": None})
    stack = plan.stack.model_copy(update={"network": network})
    return plan.model_copy(
        update={
            "stack": stack,
            "pools": pools,
            "cells": (cell,),
            "cell": cell.name if len(plan.cells) > 1 else None,
        }
    )
