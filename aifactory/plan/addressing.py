"""Addresses: each cell's networks, cut from the site's in blocks of a given size."""

import ipaddress

from aifactory.plan.site_models import CellAddresses
from aifactory.spec.network import Network


def blocks_in(network: str, prefix: int) -> int:
    """How many blocks of a prefix length a network has; 0 where it is itself smaller than one."""
    whole = ipaddress.ip_network(network)
    return 0 if not whole.prefixlen <= prefix <= whole.max_prefixlen else 1 << (prefix - whole.prefixlen)


def block(network: str, prefix: int, index: int) -> str | None:
    """The block of a network with this index; None where the network has no such block.

    Args:
        network: The site's network in CIDR form.
        prefix: Prefix length of a block.
        index: Which one, from 0; block ``i`` never moves when there are more.
    """
    if not 0 <= index < blocks_in(network, prefix):
        return None
    whole = ipaddress.ip_network(network)
    return f"{whole.network_address + index * 2 ** (whole.max_prefixlen - prefix)}/{prefix}"


def cells_addressable(network: Network) -> dict[str, int]:
    """How many cells each of the site's networks has blocks for, by name of its field; a shared one is left out."""
    blocks = network.cells
    if blocks is None:
        return dict.fromkeys(("pod_cidr", "service_cidr", "node_cidr"), 1)
    rooms = {
        "pod_cidr": blocks_in(network.pod_cidr, blocks.pod_prefix),
        "service_cidr": blocks_in(network.service_cidr, blocks.service_prefix),
        "node_cidr": blocks_in(network.node_cidr, blocks.node_prefix),
    }
    if network.storage_cidr is not None and blocks.storage_prefix is not None:
        rooms["storage_cidr"] = blocks_in(network.storage_cidr, blocks.storage_prefix)
    return rooms


def addresses_of(network: Network, index: int) -> CellAddresses | None:
    """The networks of the cell with this index; None where one of them is exhausted.

    Without blocks the networks are those of the first cell, and there is no second one.
    """
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


def bits_after(network: str, prefix: int) -> int:
    """Bits of an address of the network's family that a prefix leaves; 0 where it is longer than an address."""
    return max(0, ipaddress.ip_network(network).max_prefixlen - prefix)


def pods_addressable(network: Network) -> int:
    """Most pods of one node; the first address is its bridge's, two of a network's are no host's."""
    return max(0, (1 << bits_after(network.pod_cidr, network.pod_prefix_per_node)) - 3)


def pod_prefix(network: Network) -> int:
    """Prefix length of one cell's pod network."""
    return network.cells.pod_prefix if network.cells else ipaddress.ip_network(network.pod_cidr).prefixlen


def node_prefix(network: Network) -> int:
    """Prefix length of one cell's node network."""
    return network.cells.node_prefix if network.cells else ipaddress.ip_network(network.node_cidr).prefixlen


def service_prefix(network: Network) -> int:
    """Prefix length of one cell's service network."""
    if network.cells:
        return network.cells.service_prefix
    return ipaddress.ip_network(network.service_cidr).prefixlen


def pod_networks(network: Network) -> int:
    """Most nodes of one cell that get a pod network of their own."""
    own = network.pod_prefix_per_node
    return 1 << (own - pod_prefix(network)) if own >= pod_prefix(network) else 0


def node_addresses(network: Network) -> int:
    """Most nodes of one cell that get an address; two of a network's addresses are no host's."""
    return max(0, (1 << bits_after(network.node_cidr, node_prefix(network))) - 2)
