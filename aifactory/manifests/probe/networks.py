"""Addresses of a factory's networks that a probe tries: inside, at both edges, and just outside of each."""

import ipaddress
from collections.abc import Collection, Iterator
from functools import lru_cache

from aifactory.manifests.network_policies import NetworkPoliciesArgs
from aifactory.manifests.probe.endpoints import Endpoint
from aifactory.spec.network import Network

Block = ipaddress.IPv4Network | ipaddress.IPv6Network

LINK_LOCAL = {4: "169.254.0.0/16", 6: "fe80::/10"}
METADATA = {4: "169.254.169.254", 6: "fe80::a9fe:a9fe"}
"""Where clouds serve a node's credentials; the second one stands for any link-local address."""
INTERNET = {4: ("203.0.113.10", "198.51.100.20"), 6: ("2001:db8::10", "2001:db8:ffff::20")}
"""Addresses for documentation (RFC 5737, RFC 3849), which belong to nobody."""

API_SERVER, API_SERVICE, NODES = "API server", "API service", "node network"
STORAGE, MIRRORS, OUTSIDE, METADATA_NAME = "storage network", "mirrors", "internet", "metadata service"
PODS, SERVICES = "pod network", "service network"


@lru_cache(maxsize=4096)
def block(cidr: str) -> Block:
    """A network, or a single address as a network of one."""
    return ipaddress.ip_network(cidr)


def within(address: str, cidr: str | None) -> bool:
    """Whether an address is in a network; none is in no network, nor in one of the other family."""
    if cidr is None:
        return False
    found, network = block(address), block(cidr)
    return found.version == network.version and found.network_address in network


def service_of_api(network: Network) -> str:
    """Address of the Service ``kubernetes``, which always is the first one of the service network."""
    return str(block(network.service_cidr)[1])


def _networks(network: Network) -> Iterator[tuple[str, str]]:
    """Every network that a policy could name, those with the plainest names first."""
    yield API_SERVICE, service_of_api(network)
    yield from ((API_SERVER, str(address)) for address in network.api_servers)
    yield NODES, network.node_cidr
    if network.storage_cidr:
        yield STORAGE, network.storage_cidr
    yield from ((MIRRORS, cidr) for cidr in network.mirror_cidrs)
    yield SERVICES, network.service_cidr
    yield PODS, network.pod_cidr
    yield METADATA_NAME, LINK_LOCAL[block(network.pod_cidr).version]


def _inside(name: str, cidr: str, taken: Collection[str]) -> str:
    """An address well inside a network that nothing else stands for."""
    network = block(cidr)
    if name == METADATA_NAME:
        return METADATA[network.version]
    offset = min(network.num_addresses // 2, 10)
    while str(network[offset]) in taken and offset + 1 < network.num_addresses:
        offset += 1
    return str(network[offset])


def _edges(name: str, cidr: str) -> Iterator[tuple[str, str]]:
    network = block(cidr)
    first, last = int(network[0]), int(network[-1])
    family = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address  # noqa: PLR2004 - IP
    top = 2**network.max_prefixlen - 1
    for label, number in (
        (f"{name}, first", first),
        (f"{name}, last", last),
        (f"below the {name}", first - 1),
        (f"above the {name}", last + 1),
    ):
        if 0 <= number <= top:
            yield label, str(family(number))


def addresses(args: NetworkPoliciesArgs) -> list[Endpoint]:
    """Every address that is probed, each once; near misses are decoys.

    Where the API servers have no address of their own the node network stands for them.
    """
    network = args.network
    version = block(network.pod_cidr).version
    plain: list[tuple[str, str, str]] = []
    for name, cidr in _networks(network):
        plain.append((name, _inside(name, cidr, {one[1] for one in plain}), name))
    plain += [(OUTSIDE, address, OUTSIDE) for address in INTERNET[version]]
    near = [
        (label, address, name) for name, cidr in _networks(network) for label, address in _edges(name, cidr)
    ]
    found: dict[str, Endpoint] = {}
    for index, (name, address, place) in enumerate([*plain, *near]):
        if address not in found:
            label = name if name not in {one.name for one in found.values()} else f"{name} ({address})"
            found[address] = Endpoint(name=label, place=place, address=address, decoy=index >= len(plain))
    return list(found.values())
