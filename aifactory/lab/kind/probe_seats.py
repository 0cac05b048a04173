"""Which endpoints of a truth table get a place in a kind lab, and on which ports they are tried. Pure.

A connection can be tried where both ends are real: a pod that carries the labels of the flow table, or an
address that answers. What has no such end is named with the reason, and never counted as passed.
"""

from collections.abc import Iterator, Sequence

from aifactory.manifests.model import ManifestModel
from aifactory.manifests.names import dns_label
from aifactory.manifests.probe.endpoints import Endpoint, PortId
from aifactory.manifests.probe.intent import API_SERVICE_PORT, known_ports
from aifactory.manifests.probe.networks import (
    API_SERVICE,
    METADATA_NAME,
    MIRRORS,
    NODES,
    OUTSIDE,
    STORAGE,
)
from aifactory.manifests.probe.pods import DNS_LABELS, DNS_NAMESPACE
from aifactory.manifests.probe.table import TruthTable

STOOD_IN = (STORAGE, MIRRORS, OUTSIDE, METADATA_NAME)
"""Networks outside the cluster; an address of each is given to the control plane's node, and routed there."""
DNS_PORTS = (PortId(53, "UDP"), PortId(53, "TCP"))
OPENED = 3
"""Opened ports of an endpoint that are tried, besides those that nobody may reach."""
WEB = (443, 80)
"""One of these is tried wherever it is closed: services, mirrors and credentials of clouds are there."""
NODE_POD_NAMESPACE = "kube-system"


class Seat(ManifestModel):
    """An endpoint with its place in the lab."""

    endpoint: Endpoint
    node: str | None = None
    """The node that it is on; None where it is on several, as a Service."""
    pod: str | None = None
    """Name of the probe pod that connections are opened from; None where it is only connected to."""
    pod_namespace: str = NODE_POD_NAMESPACE
    listens: tuple[PortId, ...] = ()
    """Ports on which a listener of ours says the identity."""
    answers: tuple[PortId, ...] = ()
    """Ports on which something else answers: the API server, the cluster's DNS."""

    @property
    def identity(self) -> str:
        """What the listener says, so that an answer is known to be from here."""
        return dns_label("seat", self.endpoint.name)

    @property
    def tried(self) -> tuple[PortId, ...]:
        """Every port on which a connection to it is tried."""
        return (*self.listens, *self.answers)


def _opened(table: TruthTable) -> list[int]:
    """For each endpoint, the ports that are meant to be open to anybody, as bits."""
    found = [0] * len(table.endpoints)
    for source, destination in table.pairs():
        found[destination] |= table.expected.open(source, destination)
    return found


def _listened(table: TruthTable, opened: int) -> tuple[PortId, ...]:
    """Ports to listen on: some that are meant to be open to somebody, and some that are open to nobody.

    Args:
        table: The truth table.
        opened: The ports that are meant to be open to anybody, as bits.
    """
    known = [port for port in known_ports(table.args) if port.protocol == "TCP"]
    open_ports = [port for port in known if opened >> table.ports.index(port) & 1]
    closed = [port for port in reversed(known) if port not in open_ports]
    web = [port for port in closed[1:] if port.number in WEB]
    return (*open_ports[:OPENED], *closed[:1], *web[:1])


def _is_dns(endpoint: Endpoint) -> bool:
    return endpoint.namespace == DNS_NAMESPACE and endpoint.labels == DNS_LABELS


def seats(table: TruthTable, workers: Sequence[str], control_plane: str) -> list[Seat]:
    """The places of a table's endpoints in a lab, near misses left out; pods have no address yet.

    Pods are spread over the workers; whatever stands for an address is on the control plane's node, so that
    no connection between a pod and an address stays on one node, which no policy governs.

    Args:
        table: The truth table.
        workers: Names of the nodes for pods.
        control_plane: Name of the control plane's node.
    """
    found: list[Seat] = []
    opened = _opened(table)
    for index, endpoint in enumerate(table.endpoints):
        if endpoint.decoy:
            continue
        if endpoint.is_pod:
            found.append(_pod_seat(table, endpoint, opened[index], workers[len(found) % len(workers)]))
        else:
            found += _address_seats(table, endpoint, opened[index], control_plane)
    return found


def _pod_seat(table: TruthTable, endpoint: Endpoint, opened: int, node: str) -> Seat:
    if _is_dns(endpoint):
        return Seat(endpoint=endpoint, answers=DNS_PORTS)
    space, _, name = endpoint.name.partition("/")
    return Seat(
        endpoint=endpoint,
        node=node,
        pod=dns_label("aifactory-probe", name),
        pod_namespace=space,
        listens=_listened(table, opened),
    )


def _address_seats(table: TruthTable, endpoint: Endpoint, opened: int, control_plane: str) -> Iterator[Seat]:
    api = PortId(table.args.network.api_server_port, "TCP")
    listened = tuple(port for port in _listened(table, opened) if port != api)
    if endpoint.name == NODES:
        yield Seat(
            endpoint=endpoint,
            node=control_plane,
            pod=node_pod(control_plane),
            listens=listened[-1:],
            answers=(api,),
        )
    elif endpoint.name == API_SERVICE:
        yield Seat(endpoint=endpoint, answers=(API_SERVICE_PORT,))
    elif endpoint.place in STOOD_IN:
        yield Seat(endpoint=endpoint, node=control_plane, listens=listened)


def node_pod(node: str) -> str:
    """Name of the probe pod on a node's own network."""
    return dns_label("aifactory-probe-node", node)


def left_out(table: TruthTable, seated: Sequence[Seat]) -> tuple[str, ...]:
    """What the table has and the lab does not try, with the reason.

    Args:
        table: The truth table.
        seated: The places in the lab.
    """
    names = {seat.endpoint.name for seat in seated}
    decoys = sum(1 for one in table.endpoints if one.decoy)
    said = [
        f"{decoys} near misses (labels, namespaces, addresses at edges): only rendered policies are tried with them"
    ]
    said += [
        f"{one.name}: nothing answers there in a lab"
        for one in table.endpoints
        if not one.decoy and one.name not in names
    ]
    said.append("UDP but for DNS: the lab's listeners speak TCP")
    said.append(
        "storage, mirrors, internet and metadata service as sources: their addresses only stand in as targets"
    )
    said.append("the cluster's DNS as a source: no command can be run in its pods")
    return tuple(said)
