"""Cells: a site that is too large for one Kubernetes cluster becomes several.

Each pool is laid over the cells in stripes: its racks ``i * stride`` to ``(i + 1) * stride - 1`` are in cell
``i``. The stride follows from what the stack declares and from the cells' limits, never from any pool's
size; so a pool that grows fills up its last cell and then adds to the next ones, and no rack ever moves.
Neither racks nor NVLink domains are cut. A pool without ``cell_racks`` shares what the others leave: a pool
more changes its stride, so a site that is to grow declares ``cell_racks`` for every pool.
"""

import ipaddress
import math
from typing import Literal

from aifactory.catalog.models import System
from aifactory.plan.addressing import addresses_of, node_addresses, pod_networks
from aifactory.plan.base import PlanModel
from aifactory.plan.models import FactoryPlan, PoolPlan
from aifactory.plan.site_models import CellPlan, CellPool
from aifactory.spec.delivery import DeliveryMode
from aifactory.spec.network import Network
from aifactory.spec.stack import Stack

MAX_PODS = 150_000
"""Pods of one cluster (https://kubernetes.io/docs/setup/best-practices/cluster-large/)."""
NEEDS_GITOPS = "cells-need-gitops"
"""Code of the finding that says nothing to a run for one cell."""


class CellLimit(PlanModel):
    """One reason why a cell has no more nodes."""

    cause: Literal["nodes", "pods", "pod CIDR", "node CIDR"]
    path: str
    """Field of the stack file that sets it."""
    nodes: int
    """Most nodes, those of the system included."""


def cell_limits(stack: Stack) -> tuple[CellLimit, ...]:
    """What limits a cell; its address blocks do where they are declared."""
    cluster = stack.cluster
    found = [
        CellLimit(cause="nodes", path="cluster.max_nodes", nodes=cluster.max_nodes),
        CellLimit(cause="pods", path="cluster.pods_per_node", nodes=MAX_PODS // cluster.pods_per_node),
    ]
    if stack.network.cells is not None:
        pods, nodes = pod_networks(stack.network), node_addresses(stack.network)
        found.append(CellLimit(cause="pod CIDR", path="network.cells.pod_prefix", nodes=pods))
        found.append(CellLimit(cause="node CIDR", path="network.cells.node_prefix", nodes=nodes))
    return tuple(found)


def node_limit(stack: Stack) -> int:
    """Most GPU nodes of one cell."""
    return max(0, min(limit.nodes for limit in cell_limits(stack)) - stack.cluster.system_nodes)


def unit_racks(system: System) -> int:
    """Fewest racks that hold whole NVLink domains; 1 where a domain is within a rack."""
    return math.lcm(max(1, system.nvlink_domain_nodes), system.nodes_per_rack) // system.nodes_per_rack


def strides(stack: Stack, pools: tuple[PoolPlan, ...]) -> dict[str, int]:
    """Racks of each pool in one cell: whole NVLink domains, at least one.

    A pool that says nothing gets an equal part of the nodes that the other ones leave, and at least one unit.
    """
    unit = {pool.name: unit_racks(pool.system) for pool in pools}
    given = {
        pool.name: math.ceil(pool.pool.cell_racks / unit[pool.name]) * unit[pool.name]
        for pool in pools
        if pool.pool.cell_racks is not None
    }
    taken = sum(given[pool.name] * pool.system.nodes_per_rack for pool in pools if pool.name in given)
    silent = len(pools) - len(given)
    part = max(0, node_limit(stack) - taken) // silent if silent else 0
    return {
        pool.name: given[pool.name]
        if pool.name in given
        else max(1, part // (unit[pool.name] * pool.system.nodes_per_rack)) * unit[pool.name]
        for pool in pools
    }


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
    """The cells of a site, in order; as many as the pool needs that needs most.

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


def managed(plan: FactoryPlan) -> bool:
    """Whether a management cluster makes or rolls out the cells of a site.

    Args:
        plan: The plan of a site, or of a cell that is a site of its own.
    """
    delivery = plan.stack.delivery
    return delivery.mode is DeliveryMode.GITOPS and (len(plan.cells) > 1 or delivery.clusters is not None)


def _network_of(network: Network, cell: CellPlan) -> Network:
    """The site's network as the cell has it; API servers at another cell's node addresses are not its own."""
    if cell.addresses is None:
        return network
    site, own = ipaddress.ip_network(network.node_cidr), ipaddress.ip_network(cell.addresses.node_cidr)
    servers = tuple(
        address
        for address in network.api_servers
        if (ip := ipaddress.ip_address(address)) in own or ip not in site
    )
    return network.model_copy(update={**cell.addresses.model_dump(), "cells": None, "api_servers": servers})


def of_cell(plan: FactoryPlan, cell: CellPlan) -> FactoryPlan:
    """The plan of one cell: the site's plan with the cell's part of every pool, and its own networks.

    Power, fabrics and economics stay those of the site, which the cell has its part of.

    Args:
        plan: The plan of the site.
        cell: One of its cells, with addresses.
    """
    parts = {part.name: part for part in cell.pools}
    pools = tuple(
        pool.model_copy(update=parts[pool.name].model_dump(include={"racks", "nodes", "gpus", "first_node"}))
        for pool in plan.pools
        if pool.name in parts
    )
    stack = plan.stack.model_copy(update={"network": _network_of(plan.stack.network, cell)})
    return plan.model_copy(
        update={
            "stack": stack,
            "pools": pools,
            "cells": (cell,),
            "cell": cell.name if len(plan.cells) > 1 or managed(plan) else None,
            "findings": tuple(finding for finding in plan.findings if finding.code != NEEDS_GITOPS),
        }
    )
