"""Checks of the address plan: each returns every problem it finds, none raises."""

import ipaddress
from collections.abc import Iterator

from aifactory.errors import Problem
from aifactory.spec.stack import Stack


def addresses(stack: Stack) -> Iterator[Problem]:
    """The networks of a cell do not overlap."""
    network = stack.network
    named = {
        "network.pod_cidr": network.pod_cidr,
        "network.service_cidr": network.service_cidr,
        "network.node_cidr": network.node_cidr,
    }
    if network.storage_cidr is not None:
        named["network.storage_cidr"] = network.storage_cidr
    paths = list(named)
    for position, path in enumerate(paths):
        for other in paths[:position]:
            mine, theirs = ipaddress.ip_network(named[path]), ipaddress.ip_network(named[other])
            if mine.overlaps(theirs):
                yield Problem(
                    path,
                    f"{mine} overlaps {other} ({theirs})",
                    "pod, service, node and storage networks are disjoint",
                    "choose a network outside the other one",
                )


def address_family(stack: Stack) -> Iterator[Problem]:
    """API servers are given in the address family of the pods, which could not reach them otherwise."""
    family = ipaddress.ip_network(stack.network.pod_cidr).version
    for index, address in enumerate(stack.network.api_servers):
        if ipaddress.ip_address(address).version != family:
            yield Problem(
                f"network.api_servers.{index}",
                f"is not an IPv{family} address",
                f"pods have IPv{family} addresses (network.pod_cidr)",
                "give the address that pods reach the API server by",
            )


def opened_networks(stack: Stack) -> Iterator[Problem]:
    """A network that policies open is not the whole address space."""
    network = stack.network
    opened = {"network.node_cidr": network.node_cidr, "network.storage_cidr": network.storage_cidr}
    opened |= {f"network.mirror_cidrs.{index}": cidr for index, cidr in enumerate(network.mirror_cidrs)}
    for path, cidr in opened.items():
        if cidr is not None and ipaddress.ip_network(cidr).prefixlen == 0:
            yield Problem(
                path,
                "is the whole address space",
                "policies open this network to pods: name the one that is meant",
                "give a prefix longer than /0",
            )
