"""What connections are between: pods with their labels, and addresses outside the pod network."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pydantic import Field

from aifactory.manifests.model import ManifestModel

NAME_LABEL = "kubernetes.io/metadata.name"
"""Written on every namespace by the API server, with the namespace's own name."""


class PortId(NamedTuple):
    """A port of one protocol."""

    number: int
    protocol: str

    def __str__(self) -> str:
        """For example ``443/TCP``."""
        return f"{self.number}/{self.protocol}"


class NamedPort(ManifestModel):
    """A port of a container that policies may call by name."""

    name: str
    number: int
    protocol: str = "TCP"


class Endpoint(ManifestModel):
    """One end of a connection: a pod, or an address that is no pod's."""

    name: str
    """Unique in a table: ``<namespace>/<pod>``, or what the address stands for."""
    place: str
    """What it is shown under: its namespace, or the network that the address is of."""
    address: str
    namespace: str | None = None
    """None for an address."""
    labels: dict[str, str] = Field(default_factory=dict)
    namespace_labels: dict[str, str] = Field(default_factory=dict)
    named_ports: tuple[NamedPort, ...] = ()
    decoy: bool = False
    """A near miss, such as an address just outside a network: compared, and shown only where it differs."""

    @property
    def is_pod(self) -> bool:
        """Whether policies can select it."""
        return self.namespace is not None


def mask_of(ports: Sequence[PortId], wanted: Iterable[PortId]) -> int:
    """A set of ports as bits, in the order of all ports; those that are not among them are left out."""
    chosen = set(wanted)
    return sum(1 << index for index, port in enumerate(ports) if port in chosen)


def ports_in(ports: Sequence[PortId], mask: int) -> list[PortId]:
    """The ports of a set of bits."""
    return [port for index, port in enumerate(ports) if mask >> index & 1]
