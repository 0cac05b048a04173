"""The truth table of a factory: what the flow table means, held against what the rendered policies say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from aifactory.manifests.model import Bundle, KubernetesObject
from aifactory.manifests.network_policies import NetworkPoliciesArgs
from aifactory.manifests.probe.decide import Deciders
from aifactory.manifests.probe.endpoints import Endpoint, PortId, mask_of
from aifactory.manifests.probe.evaluate import Evaluator, policies_of
from aifactory.manifests.probe.intent import expected, known_ports, ports_of
from aifactory.manifests.probe.matrix import Difference, Matrix, differing
from aifactory.manifests.probe.networks import addresses
from aifactory.manifests.probe.pods import namespaces_of, pods
from aifactory.manifests.probe.report import (
    CLOSED,
    HALF_CLOSED,
    HALF_OPEN,
    OPEN,
    STATIC_PROVES_NO,
    Report,
    Row,
)


@dataclass(frozen=True)
class TruthTable:
    """What is meant to be open in a factory, and its policies.

    Attributes:
        args: Which namespaces are closed, which conditions hold, and the address plan.
        endpoints: The ends of all connections.
        ports: All ports that are compared.
        policies: The rendered NetworkPolicies.
        unread: How many ClusterNetworkPolicies there are, which are not read.
    """

    args: NetworkPoliciesArgs
    endpoints: Sequence[Endpoint]
    ports: Sequence[PortId]
    policies: Sequence[KubernetesObject]
    unread: int = 0

    @cached_property
    def expected(self) -> Matrix:
        """What is meant to be open, from the flow table and the address plan alone."""
        return expected(self.args, self.endpoints, self.ports)

    @cached_property
    def evaluator(self) -> Evaluator:
        """Reads policies against the table's endpoints."""
        return Evaluator(self.endpoints, self.ports)

    @cached_property
    def found(self) -> Matrix:
        """What the rendered policies let through."""
        return self.evaluator.matrix(self.policies)

    @cached_property
    def deciders(self) -> Deciders:
        """Which policies decide on a connection."""
        return Deciders(self.evaluator, self.policies)

    def row(self, source: int, destination: int, port: int, found: str | None = None) -> Row:
        """The row of one connection.

        Args:
            source: Index of the one end.
            destination: Index of the other end.
            port: Index of the port.
            found: What was found; None means what the rendered policies say.
        """
        number, protocol = self.ports[port]
        bit = 1 << port
        return Row(
            source=self.endpoints[source].name,
            destination=self.endpoints[destination].name,
            port=number,
            protocol=protocol,
            expected=OPEN if self.expected.open(source, destination) & bit else CLOSED,
            found=found or (OPEN if self.found.open(source, destination) & bit else CLOSED),
            policies=self.deciders.of(source, destination, bit),
        )

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Pairs that are worth rows: no near misses, and at least one end in a namespace that is closed."""
        homes = self.args.homes()
        for source, destination in self.expected.pairs():
            ends = self.endpoints[source], self.endpoints[destination]
            if not any(end.decoy for end in ends) and any(end.namespace in homes for end in ends):
                yield source, destination

    def rows(self) -> Iterator[Row]:
        """The rows of these pairs, for every port of the flow table."""
        wanted = mask_of(self.ports, known_ports(self.args))
        chosen = [index for index in range(len(self.ports)) if wanted >> index & 1]
        for source, destination in self.pairs():
            yield from (self.row(source, destination, port) for port in chosen)

    def differences(self) -> Iterator[Row]:
        """Every connection that the policies decide otherwise than is meant, near misses included."""
        for one in differing(self.expected, self.found):
            for index in range(len(self.ports)):
                if one.ports >> index & 1:
                    yield self.row(one.source, one.destination, index)
                elif one.hidden >> index & 1:
                    yield self.row(one.source, one.destination, index, self._hidden(one, index))

    def _hidden(self, one: Difference, port: int) -> str:
        pair = one.source, one.destination
        more = (self.found.egress[pair[0]][pair[1]] & ~self.expected.egress[pair[0]][pair[1]]) | (
            self.found.ingress[pair[1]][pair[0]] & ~self.expected.ingress[pair[1]][pair[0]]
        )
        return HALF_OPEN if more >> port & 1 else HALF_CLOSED


def truth_table(args: NetworkPoliciesArgs, bundle: Bundle, others: Sequence[str] = ()) -> TruthTable:
    """The truth table of a factory.

    Args:
        args: Arguments of the component NetworkPolicies.
        bundle: Everything the factory declares; its namespaces and NetworkPolicies are read.
        others: More namespaces that nothing closes, such as those of tenants.

    Raises:
        AIFactoryError: If the pod network is too small, or a policy is one that the API server would refuse.
    """
    objects = list(bundle.objects())
    ends = [*pods(args, namespaces_of(objects), others), *addresses(args)]
    unread = sum(1 for one in objects if one.get("kind") == "ClusterNetworkPolicy")
    return TruthTable(args, ends, ports_of(args), policies_of(objects), unread)


def static_report(stack: str, table: TruthTable) -> Report:
    """What the rendered policies say, against what is meant.

    Args:
        stack: Name of the stack.
        table: Its truth table.
    """
    return Report(
        stack=stack,
        mode="static",
        policies=len(table.policies),
        compared=sum(1 for _ in table.expected.pairs()) * len(table.ports),
        rows=tuple(table.rows()),
        differences=tuple(table.differences()),
        not_probed=(),
        not_proven=(*STATIC_PROVES_NO, *([_unread(table.unread)] if table.unread else [])),
        places={one.name: one.place for one in table.endpoints if not one.decoy},
    )


def _unread(count: int) -> str:
    return f"what {count} ClusterNetworkPolicies deny beyond that: they are declared, and not read here"
