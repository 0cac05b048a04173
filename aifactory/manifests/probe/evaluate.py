"""What the rendered NetworkPolicies let through: policies add up, and both sides of a connection must agree."""

import json
from collections.abc import Iterable, Sequence

from pydantic import JsonValue

from aifactory.manifests.model import KubernetesObject
from aifactory.manifests.probe.endpoints import Endpoint, PortId
from aifactory.manifests.probe.matrix import Matrix, Side, everything
from aifactory.manifests.probe.rules import Policy, Rule, port_mask

Opened = dict[int, list[int]]
"""By selected pod, the ports that one policy lets through for each peer."""
DIRECTIONS = ("Ingress", "Egress")


def policies_of(objects: Iterable[KubernetesObject]) -> list[KubernetesObject]:
    """The NetworkPolicies among the objects."""
    return [
        one
        for one in objects
        if one.get("kind") == "NetworkPolicy" and str(one.get("apiVersion")).startswith("networking.k8s.io/")
    ]


class Evaluator:
    """Reads policies against a fixed set of endpoints and ports; what was read once is remembered.

    Args:
        endpoints: The ends of all connections.
        ports: All ports, in the order of the bits.
    """

    def __init__(self, endpoints: Sequence[Endpoint], ports: Sequence[PortId]) -> None:
        self.endpoints = endpoints
        self.ports = ports
        self._all = everything(ports)
        self._read: dict[str, dict[str, Opened]] = {}
        self._rows: dict[tuple[int, ...], tuple[int, ...]] = {}

    def matrix(self, policies: Iterable[KubernetesObject]) -> Matrix:
        """What is open between all endpoints under these policies.

        Raises:
            AIFactoryError: If a policy is one that the API server would refuse.
        """
        read = [self.opened(one) for one in policies]

        def side(direction: str) -> Side:
            return tuple(
                self._row(index, [one[direction] for one in read]) for index in range(len(self.endpoints))
            )

        return Matrix(self.endpoints, self.ports, side("Egress"), side("Ingress"))

    def _row(self, own: int, opened: list[Opened]) -> tuple[int, ...]:
        mine = [one[own] for one in opened if own in one]
        if not mine:
            return (self._all,) * len(
                self.endpoints
            )  # a pod that no policy selects is open, an address always
        key = tuple(map(id, mine))  # what was read is kept, so that an id stays that of the same list
        if key not in self._rows:
            row = mine[0]
            for more in mine[1:]:
                row = [a | b for a, b in zip(row, more, strict=True)]
            self._rows[key] = tuple(row)
        return self._rows[key]

    def opened(self, manifest: KubernetesObject) -> dict[str, Opened]:
        """What one policy opens in each direction, for each pod that it selects."""
        key = json.dumps(manifest, sort_keys=True)
        if key not in self._read:
            policy = Policy(manifest)
            self._read[key] = {direction: self._opened(policy, direction) for direction in DIRECTIONS}
        return self._read[key]

    def _opened(self, policy: Policy, direction: str) -> Opened:
        if direction not in policy.types:
            return {}
        selected = [index for index, one in enumerate(self.endpoints) if policy.selects(one)]
        rules = policy.rules(direction)
        reached = [self._reached(policy, policy.peers(rule, direction)) for rule in rules]
        named = any(_has_names(rule) for rule in rules)
        shared = self._masks(rules, reached, selected[0], direction) if selected and not named else None
        return {
            index: self._masks(rules, reached, index, direction) if shared is None else shared
            for index in selected
        }

    def _reached(self, policy: Policy, peers: list[JsonValue]) -> list[int]:
        return [
            index
            for index, one in enumerate(self.endpoints)
            if not peers or any(policy.is_peer(peer, one) for peer in peers)
        ]

    def _masks(self, rules: list[Rule], reached: list[list[int]], own: int, direction: str) -> list[int]:
        row = [0] * len(self.endpoints)
        for rule, peers in zip(rules, reached, strict=True):
            plain = None if _has_names(rule) else port_mask(rule, self.endpoints[own], self.ports)
            for peer in peers:
                destination = self.endpoints[own if direction == "Ingress" else peer]
                row[peer] |= port_mask(rule, destination, self.ports) if plain is None else plain
        return row


def _has_names(rule: Rule) -> bool:
    """Whether a rule calls ports by name, so that they depend on the destination."""
    ports = rule.get("ports")
    entries = ports if isinstance(ports, list) else []
    return any(isinstance(entry, dict) and isinstance(entry.get("port"), str) for entry in entries)
