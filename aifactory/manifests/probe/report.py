"""What a probe found, against what is meant: rows, differences, and what neither can say."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import JsonValue

OPEN, CLOSED, NOT_PROBED = "open", "closed", "not probed"
HALF_OPEN = "closed by the other side only"
"""One side's policy lets through what it is not meant to; that of the other side still closes it."""
HALF_CLOSED = "closed on both sides instead of one"

NOT_GOVERNED = (
    "pods on the host network: NetworkPolicy does not select them",
    "RDMA (InfiniBand, RoCE, GPUDirect): it bypasses the kernel's network; the fabric's partitions separate tenants",
    "NVLink: memory of an NVLink domain is shared through IMEX, not through the pod network",
    "a pod and its own node: traffic from there, such as the kubelet's probes, is always let through",
)
"""Ways from one tenant to another that no row of the table is about."""
STATIC_PROVES_NO = (
    "that anything enforces the policies: that is the network plugin's part; --live asks a running lab",
    "that pods carry the labels of the flow table: they are those of the pinned charts",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One connection: who to whom, on what, how it is meant and how it was found.

    Attributes:
        source: Name of the endpoint that connects.
        destination: Name of the endpoint that is connected to.
        port: Port number.
        protocol: ``TCP`` or ``UDP``.
        expected: ``open`` or ``closed``.
        found: ``open`` or ``closed``; what else a probe can find says so in words.
        policies: The policies that decide, as ``<namespace>/<name>``.
    """

    source: str
    destination: str
    port: int
    protocol: str
    expected: str
    found: str
    policies: tuple[str, ...] = ()

    def data(self) -> dict[str, JsonValue]:
        """The row for machines."""
        return {
            "from": self.source,
            "to": self.destination,
            "port": self.port,
            "protocol": self.protocol,
            "expected": self.expected,
            "found": self.found,
            "policies": list(self.policies),
        }


@dataclass(frozen=True)
class Report:
    """Everything a probe has to say.

    Attributes:
        stack: Name of the stack.
        mode: ``static`` for the rendered policies, ``live`` for connections in a lab.
        policies: How many policies were read.
        compared: How many connections were compared, near misses and neighbouring ports included.
        rows: Those that are worth a row.
        differences: Every connection that is not as it is meant.
        not_probed: What could not be tried, with the reason.
        not_proven: What the mode does not prove.
        places: What each endpoint of the rows is shown under.
    """

    stack: str
    mode: str
    policies: int
    compared: int
    rows: tuple[Row, ...]
    differences: tuple[Row, ...]
    not_probed: tuple[str, ...]
    not_proven: tuple[str, ...]
    places: dict[str, str]

    def opened(self) -> Iterator[Row]:
        """The rows that are open, by intent or in fact."""
        return (row for row in self.rows if OPEN in (row.expected, row.found))

    def data(self) -> dict[str, JsonValue]:
        """The report for machines."""
        return {
            "stack": self.stack,
            "mode": self.mode,
            "policies": self.policies,
            "compared": self.compared,
            "rows": [row.data() for row in self.rows],
            "differences": [row.data() for row in self.differences],
            "not_probed": list(self.not_probed),
            "not_governed": list(NOT_GOVERNED),
            "not_proven": list(self.not_proven),
        }
