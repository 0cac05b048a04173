"""Which ports are open between all pairs of endpoints, as bits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from aifactory.manifests.probe.endpoints import Endpoint, PortId

Side = tuple[tuple[int, ...], ...]
"""For each endpoint, and for each of its peers, the ports that its own side lets through."""


@dataclass(frozen=True)
class Matrix:
    """Both sides of every connection; it is open where both let it through.

    Attributes:
        endpoints: The ends, in the order of all indices.
        ports: The ports, in the order of the bits.
        egress: ``egress[source][destination]``: what the source may reach.
        ingress: ``ingress[destination][source]``: what the destination may be reached on.
    """

    endpoints: Sequence[Endpoint]
    ports: Sequence[PortId]
    egress: Side
    ingress: Side

    def open(self, source: int, destination: int) -> int:
        """The open ports from one endpoint to another one, as bits."""
        return self.egress[source][destination] & self.ingress[destination][source]

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Every pair that NetworkPolicy has a say in: no endpoint with itself, no two addresses."""
        for source, one in enumerate(self.endpoints):
            for destination, other in enumerate(self.endpoints):
                if source != destination and (one.is_pod or other.is_pod):
                    yield source, destination


def everything(ports: Sequence[PortId]) -> int:
    """Every port, as bits."""
    return (1 << len(ports)) - 1


class Difference(NamedTuple):
    """Where two matrices differ.

    Attributes:
        source: Index of the one end.
        destination: Index of the other end.
        ports: The ports that are open in one and closed in the other, as bits.
        hidden: The ports that one side alone lets through in only one of the two, while the connection is the
            same: the other side's policy hides it.
    """

    source: int
    destination: int
    ports: int
    hidden: int


def differing(one: Matrix, other: Matrix) -> Iterator[Difference]:
    """Pairs for which two matrices of the same endpoints and ports differ, in the whole or on one side."""
    changed = {
        (index, peer)
        for index, (mine, theirs) in enumerate(zip(one.egress, other.egress, strict=True))
        for peer in _unequal(mine, theirs)
    }
    changed |= {
        (peer, index)
        for index, (mine, theirs) in enumerate(zip(one.ingress, other.ingress, strict=True))
        for peer in _unequal(mine, theirs)
    }
    for source, destination in sorted(changed):
        if source == destination:
            continue  # nothing of a pod's connections to itself leaves it
        egress = one.egress[source][destination] ^ other.egress[source][destination]
        ingress = one.ingress[destination][source] ^ other.ingress[destination][source]
        ports = one.open(source, destination) ^ other.open(source, destination)
        yield Difference(source, destination, ports, (egress | ingress) & ~ports)


def _unequal(mine: tuple[int, ...], theirs: tuple[int, ...]) -> Iterator[int]:
    if mine != theirs:
        yield from (index for index, ports in enumerate(mine) if ports != theirs[index])
