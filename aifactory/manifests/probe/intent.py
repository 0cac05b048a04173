"""Who is meant to reach whom: the flow table and the address plan, read without any rendered policy.

Nothing here looks at a NetworkPolicy, nor at the code that writes them: otherwise a wrong policy would be
expected to be as it is.
"""

from collections.abc import Mapping, Sequence

from aifactory.manifests.flow import Flow, Home, Peer, Pods
from aifactory.manifests.flows import FLOWS
from aifactory.manifests.network_policies import HEALTH_NAMESPACE, NetworkPoliciesArgs
from aifactory.manifests.probe.endpoints import Endpoint, PortId, mask_of
from aifactory.manifests.probe.matrix import Matrix, Side, everything
from aifactory.manifests.probe.networks import LINK_LOCAL, block, service_of_api, within
from aifactory.manifests.probe.pods import DNS_LABELS, DNS_NAMESPACE
from aifactory.spec.network import PolicyProfile

API_SERVICE_PORT = PortId(443, "TCP")
"""Port of the Service ``kubernetes`` in every cluster."""


def ports_of(args: NetworkPoliciesArgs) -> tuple[PortId, ...]:
    """Every port of the table and of the API, in both protocols, the ports beside them, and one of a workload."""
    table = {port.number for flow in FLOWS for port in flow.ports}
    table |= {args.network.api_server_port, API_SERVICE_PORT.number, 29500}
    near = {number + step for number in table for step in (-1, 0, 1)}
    numbers = sorted(number for number in near if 0 < number < 2**16)
    return tuple(PortId(number, protocol) for number in numbers for protocol in ("TCP", "UDP"))


def known_ports(args: NetworkPoliciesArgs) -> tuple[PortId, ...]:
    """The ports that are worth a row: those of the table and the API as they are there, and one of a workload."""
    table = {PortId(port.number, port.protocol) for flow in FLOWS for port in flow.ports}
    api = PortId(args.network.api_server_port, "TCP")
    return tuple(sorted({*table, api, API_SERVICE_PORT, PortId(29500, "TCP")}))


def _picked(pods: Pods, endpoint: Endpoint) -> bool:
    if pods.key is None:
        return True
    value = endpoint.labels.get(pods.key)
    return value is not None and (not pods.values or value in pods.values)


def _is_outside(address: str, args: NetworkPoliciesArgs) -> bool:
    network = args.network
    inside = (network.pod_cidr, network.service_cidr, network.node_cidr, network.storage_cidr)
    version = block(network.pod_cidr).version
    same_family = block(address).version == version
    return same_family and not any(within(address, cidr) for cidr in (*inside, LINK_LOCAL[version]))


def _is_mirror(address: str, args: NetworkPoliciesArgs) -> bool:
    if args.network.mirror_cidrs:
        return any(within(address, cidr) for cidr in args.network.mirror_cidrs)
    return args.profile is PolicyProfile.PILOT and _is_outside(address, args)


def _is_peer(flow: Flow, own: Endpoint, other: Endpoint, args: NetworkPoliciesArgs) -> bool:
    """Whether the other endpoint is what the row calls its peer; API servers are not asked for here."""
    network = args.network
    spaces = {
        Peer.DNS: DNS_NAMESPACE,
        Peer.MONITORING: network.monitoring_namespace,
        Peer.HEALTH: HEALTH_NAMESPACE,
        Peer.NAMESPACE_PODS: own.namespace,
    }
    if flow.peer in spaces:
        labels = DNS_LABELS.items() if flow.peer is Peer.DNS else ()
        narrowed = flow.peer is not Peer.NAMESPACE_PODS or _picked(flow.peer_pods, other)
        return other.namespace == spaces[flow.peer] and narrowed and set(labels) <= other.labels.items()
    if flow.peer is Peer.MIRRORS:
        return _is_mirror(other.address, args)
    return within(other.address, network.node_cidr if flow.peer is Peer.NODES else network.storage_cidr)


def _api_ports(other: Endpoint, args: NetworkPoliciesArgs) -> set[PortId]:
    """Ports of the API at an address: the servers' own, and that of their Service."""
    network = args.network
    servers = [str(address) for address in network.api_servers] or [network.node_cidr]
    found: set[PortId] = set()
    if any(within(other.address, server) for server in servers):
        found.add(PortId(network.api_server_port, "TCP"))
    if other.address == service_of_api(network):
        found.add(API_SERVICE_PORT)
    return found


class _Reader:
    """The table as it applies to one factory.

    Args:
        args: Which namespaces are closed, which conditions hold, and the address plan.
        ports: All ports, in the order of the bits.
    """

    def __init__(self, args: NetworkPoliciesArgs, ports: Sequence[PortId]) -> None:
        self._args = args
        self._ports = ports
        self._all = everything(ports)
        self._homes: Mapping[str, set[Home]] = args.homes()
        self._masks = {
            flow.name: mask_of(ports, (PortId(port.number, port.protocol) for port in flow.ports))
            if flow.ports
            else self._all
            for flow in FLOWS
        }

    def row(self, own: Endpoint, direction: str, endpoints: Sequence[Endpoint]) -> tuple[int, ...]:
        """What the endpoint's own side is meant to let through, for each of its peers."""
        homes = self._homes.get(own.namespace or "")
        if homes is None:
            return (self._all,) * len(endpoints)  # nothing closes it
        flows = [
            flow
            for flow in FLOWS
            if flow.direction == direction
            and flow.home in homes
            and self._args.holds(flow.condition)
            and _picked(flow.pods, own)
        ]
        return tuple(self._opened(flows, own, other) for other in endpoints)

    def _opened(self, flows: Sequence[Flow], own: Endpoint, other: Endpoint) -> int:
        opened = 0
        for flow in flows:
            if flow.peer is Peer.API_SERVERS:
                opened |= mask_of(self._ports, _api_ports(other, self._args))
            elif _is_peer(flow, own, other, self._args):
                opened |= self._masks[flow.name]
        return opened


def expected(args: NetworkPoliciesArgs, endpoints: Sequence[Endpoint], ports: Sequence[PortId]) -> Matrix:
    """What is meant to be open between all endpoints."""
    reader = _Reader(args, ports)

    def side(direction: str) -> Side:
        return tuple(reader.row(one, direction, endpoints) for one in endpoints)

    return Matrix(endpoints, ports, side("Egress"), side("Ingress"))
