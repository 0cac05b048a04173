"""What the plan has to say about the addresses of cells: too few for a node, for a cell, for all cells."""

from collections.abc import Iterator

from aifactory.catalog.models import Catalog
from aifactory.plan.addressing import (
    bits_after,
    cells_addressable,
    node_addresses,
    pod_networks,
    pods_addressable,
    service_prefix,
)
from aifactory.plan.base import Finding
from aifactory.plan.cells import unit_racks
from aifactory.plan.models import FactoryPlan

MIN_SERVICE_BITS = 8
"""A cell's services need at least 256 addresses (assumption: operators and service planes use a few dozen)."""
SERVICE_BITS = 12
"""Room for 4,096 services of a cell is suggested (assumption)."""


def error(code: str, path: str, message: str, fix: str) -> Finding:
    """A finding that refuses the plan."""
    return Finding(code=code, severity="error", path=path, message=message, fix=fix)


def bits_for(count: int) -> int:
    """Bits that tell so many things apart."""
    return max(0, count - 1).bit_length()


def _uncut(plan: FactoryPlan) -> bool:
    """Whether several cells would share the site's networks: how to cut them is said by ``blocks_missing``."""
    return plan.stack.network.cells is None and len(plan.cells) > 1


def smallest_cell(plan: FactoryPlan) -> int:
    """Fewest nodes that a cell's networks must have room for.

    With blocks: the system's nodes and one unit of racks of each pool. Without: all nodes of the only cell.
    """
    system = plan.stack.cluster.system_nodes
    if plan.stack.network.cells is None:
        return system + max((cell.nodes for cell in plan.cells), default=0)
    units = (min(unit_racks(p.system) * p.system.nodes_per_rack, p.nodes) for p in plan.pools)
    return system + sum(units)


def pods_of_a_node(plan: FactoryPlan, _catalog: Catalog) -> Iterator[Finding]:
    """The pod network of a node has an address for each of its pods."""
    network, wanted = plan.stack.network, plan.stack.cluster.pods_per_node
    room = pods_addressable(network)
    if room < wanted:
        longest = bits_after(network.pod_cidr, bits_for(wanted + 3))
        yield error(
            "pod-addresses-too-few",
            "network.pod_prefix_per_node",
            f"a node's pod network /{network.pod_prefix_per_node} has {room} addresses for pods, and"
            f" cluster.pods_per_node is {wanted}; every pod has an address",
            f"set pod_prefix_per_node: {longest}, or pods_per_node: {room}"
            if room
            else f"set pod_prefix_per_node: {longest}",
        )


def pods_of_a_cell(plan: FactoryPlan, _catalog: Catalog) -> Iterator[Finding]:
    """The pod network of a cell has a network for each node of the smallest cell there can be."""
    network, needed = plan.stack.network, smallest_cell(plan)
    room = pod_networks(network)
    if room < needed and not _uncut(plan):
        longest = network.pod_prefix_per_node - bits_for(needed)
        yield error(
            "pod-addresses-too-few",
            "network.cells.pod_prefix" if network.cells else "network.pod_cidr",
            f"a cell's pod network has room for {room} node networks of /{network.pod_prefix_per_node}, and a cell"
            f" has {needed} nodes or more; every node has a pod network of its own",
            f"set pod_prefix: {longest}" if network.cells else f"make pod_cidr a /{longest} or larger",
        )


def nodes_of_a_cell(plan: FactoryPlan, _catalog: Catalog) -> Iterator[Finding]:
    """The node network of a cell has an address for each node of the smallest cell there can be."""
    network, needed = plan.stack.network, smallest_cell(plan)
    room = node_addresses(network)
    if room < needed and not _uncut(plan):
        longest = bits_after(network.node_cidr, bits_for(needed + 2))
        yield error(
            "node-addresses-too-few",
            "network.cells.node_prefix" if network.cells else "network.node_cidr",
            f"a cell's node network has {room} addresses, and a cell has {needed} nodes or more;"
            " every node has an address",
            f"set node_prefix: {longest}" if network.cells else f"make node_cidr a /{longest} or larger",
        )


def services_of_a_cell(plan: FactoryPlan, _catalog: Catalog) -> Iterator[Finding]:
    """The service network of a cell has room for what the factory itself runs."""
    network = plan.stack.network
    prefix, longest = service_prefix(network), bits_after(network.service_cidr, MIN_SERVICE_BITS)
    if prefix > longest:
        yield error(
            "service-addresses-too-few",
            "network.cells.service_prefix" if network.cells else "network.service_cidr",
            f"a cell's service network /{prefix} has {2 ** bits_after(network.service_cidr, prefix)} addresses;"
            f" at least {2**MIN_SERVICE_BITS}",
            f"set service_prefix: {longest}"
            if network.cells
            else f"make service_cidr a /{longest} or larger",
        )


def blocks_missing(plan: FactoryPlan, _catalog: Catalog) -> Iterator[Finding]:
    """A site of several cells says how its networks are cut."""
    network, cells = plan.stack.network, len(plan.cells)
    if network.cells is not None or cells < 2:  # noqa: PLR2004 - one cell has the networks to itself
        return
    nodes = plan.stack.cluster.system_nodes + max(cell.nodes for cell in plan.cells)
    needed = {
        "pod": (network.pod_cidr, network.pod_prefix_per_node - bits_for(nodes)),
        "service": (network.service_cidr, bits_after(network.service_cidr, SERVICE_BITS)),
        "node": (network.node_cidr, bits_after(network.node_cidr, bits_for(nodes + 2))),
    }
    prefixes = ", ".join(f"{name}_prefix: {prefix}" for name, (_, prefix) in needed.items())
    widest = {name: prefix - bits_for(cells) for name, (_, prefix) in needed.items()}
    larger = [
        f"{name}_cidr to a /{widest[name]}"
        for name, (cidr, _) in needed.items()
        if int(cidr.rpartition("/")[2]) > widest[name]
    ]
    yield error(
        "cell-blocks-missing",
        "network.cells",
        f"the site has {cells} cells, and nothing says which addresses each one gets; more than one cell needs"
        " network.cells",
        f"set cells: {{{prefixes}}}" + (f", and enlarge {' and '.join(larger)}" if larger else ""),
    )


def exhausted(plan: FactoryPlan, _catalog: Catalog) -> Iterator[Finding]:
    """Each of the site's networks has a block for every cell."""
    network, needed = plan.stack.network, len(plan.cells)
    if network.cells is None:
        return
    for name, room in cells_addressable(network).items():
        if room < needed:
            prefix = getattr(network.cells, name.replace("cidr", "prefix"))
            yield error(
                "addresses-exhausted",
                f"network.{name}",
                f"{getattr(network, name)} has room for {room} cells of /{prefix}, and the site has {needed};"
                " every cell has a block of its own",
                f"make it a /{prefix - bits_for(needed)} or larger, or the blocks smaller",
            )
