"""Addresses: each cell's networks, cut from the site's in blocks of a given size."""

import ipaddress

from aifactory.plan.models import CellAddresses
from aifactory.spec.network import Network


def block(network: str, prefix: int, index: int) -> str | None:
    """The block of a network with this index; None where the network has no such block.

    Args:
        network: The site's network in CIDR form.
        prefix: Prefix length of a block.
        index: Which one, from 0; block ``i`` never moves when there are more.
    """
    whole = ipaddress.ip_network(network)
    if prefix < whole.prefixlen or prefix > whole.max_prefixlen or index >= 2 ** (prefix - whole.prefixlen):
        return None
    return f"{whole.network_address + index * 2 ** (whole.max_prefixlen - prefix)}/{prefix}"


def addresses_of(network: Network, index: int) -> CellAddresses | None:
    """The networks of the cell with this index; None where one of them is exhausted."""
    blocks = network.cells
    if blocks is None:
        if index > 0:
            return None
        return CellAddresses(
            pod_cidr=network.pod_cidr,
            service_cidr=network.service_cidr,
            node_cidr=network.node_cidr,
            storage_cidr=network.storage_cidr,
        )
    pod = block(network.pod_cidr, blocks.pod_prefix, index)
    service = block(network.service_cidr, blocks.service_prefix, index)
    node = block(network.node_cidr, blocks.node_prefix, index)
    if pod is None or service is None or node is None:
        return None
    storage = network.storage_cidr
    if storage is not None and blocks.storage_prefix is not None:
        storage = block(storage, blocks.storage_prefix, index)
        if storage is None:
            return None
    return CellAddresses(pod_cidr=pod, service_cidr=service, node_cidr=node, storage_cidr=storage)


def nodes_addressable(network: Network, pods_per_node: int) -> int:
    """Most nodes of one cell for which its networks have addresses; 0 where a node's own network is too small.

    The first pod address of a node is its bridge's, two of a network's addresses are no host's.
    """
    pods = ipaddress.ip_network(network.pod_cidr)
    pod_prefix = network.cells.pod_prefix if network.cells else pods.prefixlen
    per_node = 2 ** max(0, pods.max_prefixlen - network.pod_prefix_per_node) - 3
    if per_node < pods_per_node or network.pod_prefix_per_node < pod_prefix:
        return 0
    nodes = ipaddress.ip_network(network.node_cidr)
    node_prefix = network.cells.node_prefix if network.cells else nodes.prefixlen
    by_nodes = max(0, 2 ** max(0, nodes.max_prefixlen - node_prefix) - 2)
    return int(min(2 ** (network.pod_prefix_per_node - pod_prefix), by_nodes))
