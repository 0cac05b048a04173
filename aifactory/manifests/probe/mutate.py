"""Small mistakes made on purpose in rendered NetworkPolicies: a table that is worth something notices them.

Each mutant is the same list of policies with one mistake in one policy, as a slip of a hand, of a template or
of an address plan would make it.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from aifactory.manifests.model import KubernetesObject, key_of
from aifactory.manifests.probe.mutate_parts import block_slips, port_slips, selector_slips

Slip = tuple[str, Any]
"""What is wrong, and the specification with it; None where the whole policy is gone."""


class Mutant:
    """A set of policies with one mistake.

    Args:
        what: The mistake, for example ``training/allow-dns: egress 0: port 53/UDP is gone``.
        index: Which policy has it.
        policies: All policies, with the mistake.
    """

    def __init__(self, what: str, index: int, policies: list[KubernetesObject]) -> None:
        self.what = what
        self.index = index
        self.policies = policies


def _types(spec: dict[str, Any]) -> Iterator[Slip]:
    types = spec["policyTypes"]
    yield "policyTypes is gone", {key: value for key, value in spec.items() if key != "policyTypes"}
    for one in types:
        rest = [other for other in types if other != one]
        if rest:
            yield f"policyTypes lacks {one}", {**spec, "policyTypes": rest}
        else:
            wrong = "Egress" if one == "Ingress" else "Ingress"
            yield f"policyTypes is {wrong} instead of {one}", {**spec, "policyTypes": [wrong]}


def _pods(spec: dict[str, Any]) -> Iterator[Slip]:
    if spec["podSelector"]:
        yield "podSelector is empty", {**spec, "podSelector": {}}
    for what, selector in selector_slips(spec["podSelector"]):
        yield f"podSelector: {what}", {**spec, "podSelector": selector}


def _rule_slips(rule: dict[str, Any], side: str) -> Iterator[Slip]:
    yield "is open to everyone", {**rule, side: []}
    yield "has lost its peers", {key: value for key, value in rule.items() if key != side}
    if rule.get("ports"):
        yield "is open on every port", {key: value for key, value in rule.items() if key != "ports"}
    for what, ports in _each(rule.get("ports", []), port_slips):
        yield f"port {what}", {**rule, "ports": ports}
    for what, peers in _each(rule[side], _peer_slips):
        yield f"peer {what}", {**rule, side: peers}


def _peer_slips(peer: dict[str, Any]) -> Iterator[Slip]:
    if "ipBlock" in peer:
        for what, block in block_slips(peer["ipBlock"]):
            yield what, {"ipBlock": block}
    for kind in ("namespaceSelector", "podSelector"):
        if kind not in peer:
            continue
        if len(peer) > 1:
            yield f"lacks its {kind}", {key: value for key, value in peer.items() if key != kind}
        if peer[kind]:
            yield f"has an empty {kind}", {**peer, kind: {}}
        for what, selector in selector_slips(peer[kind]):
            yield f"{kind}: {what}", {**peer, kind: selector}


def _each(items: Sequence[Any], slips: Callable[[Any], Iterator[Slip]]) -> Iterator[Slip]:
    """One slip in one item of a list at a time, and each item gone where others are left."""
    for index, item in enumerate(items):
        for what, changed in slips(item):
            yield f"{index} {what}", [*items[:index], changed, *items[index + 1 :]]
        if len(items) > 1:
            yield f"{index} is gone", [*items[:index], *items[index + 1 :]]


def _rules(spec: dict[str, Any]) -> Iterator[Slip]:
    for direction, side in (("ingress", "from"), ("egress", "to")):
        rules = spec.get(direction, [])
        for index, rule in enumerate(rules):
            rest = [*rules[:index], *rules[index + 1 :]]
            yield f"{direction} {index} is gone", {**spec, direction: rest}
            for what, changed in _rule_slips(rule, side):
                yield (
                    f"{direction} {index} {what}",
                    {**spec, direction: [*rules[:index], changed, *rules[index + 1 :]]},
                )
        if not rules and direction.capitalize() in spec["policyTypes"]:
            yield f"{direction} has a rule for everything", {**spec, direction: [{}]}


def mutants(policies: Sequence[KubernetesObject]) -> Iterator[Mutant]:
    """Every mistake of every policy, one at a time.

    Args:
        policies: NetworkPolicies as they are rendered: with policyTypes and a podSelector.
    """
    for index, policy in enumerate(policies):
        name = f"{key_of(policy).namespace}/{key_of(policy).name}"
        before, after = list(policies[:index]), list(policies[index + 1 :])
        yield Mutant(f"{name} is gone", index, [*before, *after])
        spec: Any = policy["spec"]
        for what, changed in (*_types(spec), *_pods(spec), *_rules(spec)):
            slipped = copy.deepcopy({**policy, "spec": changed})
            yield Mutant(f"{name}: {what}", index, [*before, slipped, *after])
