"""Checks of the blocks that cells and nodes get out of the site's networks: none raises."""

import ipaddress
from collections.abc import Iterator

from aifactory.errors import Problem
from aifactory.spec.stack import Stack


def _inside(path: str, prefix: int, name: str, cidr: str) -> Iterator[Problem]:
    """A block of this prefix length lies in a network."""
    network = ipaddress.ip_network(cidr)
    if not network.prefixlen <= prefix <= network.max_prefixlen:
        yield Problem(
            path,
            f"a block of /{prefix} is not inside {name} ({network})",
            f"a prefix length from {network.prefixlen} to {network.max_prefixlen}",
            f"set it to {min(network.prefixlen + 4, network.max_prefixlen)}, or change {name}",
        )


def cell_blocks(stack: Stack) -> Iterator[Problem]:
    """The blocks of a cell are parts of the site's networks; storage has blocks only where it has a network."""
    network = stack.network
    blocks = network.cells
    if blocks is None:
        return
    path = "network.cells"
    yield from _inside(f"{path}.pod_prefix", blocks.pod_prefix, "network.pod_cidr", network.pod_cidr)
    yield from _inside(
        f"{path}.service_prefix", blocks.service_prefix, "network.service_cidr", network.service_cidr
    )
    yield from _inside(f"{path}.node_prefix", blocks.node_prefix, "network.node_cidr", network.node_cidr)
    if blocks.storage_prefix is None:
        return
    if network.storage_cidr is None:
        yield Problem(
            f"{path}.storage_prefix",
            "cells have blocks of a storage network that is not declared",
            "storage_prefix needs network.storage_cidr",
            "add network.storage_cidr, or remove storage_prefix",
        )
        return
    yield from _inside(
        f"{path}.storage_prefix", blocks.storage_prefix, "network.storage_cidr", network.storage_cidr
    )


def node_blocks(stack: Stack) -> Iterator[Problem]:
    """The pod network of a node is a part of its cell's; a cell outside its own network is reported as that."""
    network = stack.network
    pods = ipaddress.ip_network(network.pod_cidr)
    cell = network.cells.pod_prefix if network.cells is not None else pods.prefixlen
    if pods.prefixlen <= cell <= pods.max_prefixlen and not (
        cell <= network.pod_prefix_per_node <= pods.max_prefixlen
    ):
        yield Problem(
            "network.pod_prefix_per_node",
            f"the pod network of a node (/{network.pod_prefix_per_node}) is not inside that of a cell (/{cell})",
            f"a prefix length from {cell} to {pods.max_prefixlen}",
            f"set pod_prefix_per_node: {min(cell + 8, pods.max_prefixlen)}, or widen the pod network",
        )


CHECKS = (cell_blocks, node_blocks)
