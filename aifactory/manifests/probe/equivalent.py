"""Mistakes that change nothing: why a mutant may let through exactly what the policies before it did.

Two rules, each a proof from the API's semantics, and nothing that looks at a table:

1. *Another spelling.* A policy means the same where its policyTypes default to what was written, where its
   lists of ports name the same ports (8080 to 8081 beside 8081), and where its address blocks without
   exceptions cover the same addresses (10.0.0.10/31 beside 10.0.0.11/32): entries of a list add up.
2. *Closed anyway.* A policy that has no rules in a direction does one thing there: it closes the direction for
   the pods it selects. Where another policy of the namespace closes that direction for every pod, because
   its podSelector is empty, the first one's share in it is nothing.
"""

import json
from collections.abc import Sequence
from ipaddress import collapse_addresses

from pydantic import JsonValue

from aifactory.manifests.model import KubernetesObject
from aifactory.manifests.probe.evaluate import DIRECTIONS
from aifactory.manifests.probe.networks import Block, block
from aifactory.manifests.probe.rules import Policy, Rule


def _ports(rule: Rule) -> list[JsonValue] | None:
    """The ports of a rule, each by itself; None means every port."""
    entries = rule.get("ports")
    if not isinstance(entries, list) or not entries:
        return None
    found: set[tuple[str, int | str | None]] = set()
    for entry in entries:
        known = entry if isinstance(entry, dict) else {}
        port, end, protocol = known.get("port"), known.get("endPort"), str(known.get("protocol") or "TCP")
        if isinstance(port, int) and isinstance(end, int):
            found |= {(protocol, number) for number in range(port, end + 1)}
        else:
            found.add((protocol, port if isinstance(port, int | str) else None))
    return [list(one) for one in sorted(found, key=str)]


def _peers(peers: Sequence[JsonValue]) -> list[JsonValue]:
    """The peers of a rule, with the address blocks that have no exceptions joined."""
    found: list[JsonValue] = []
    blocks: dict[int, list[Block]] = {4: [], 6: []}
    for peer in peers:
        known = peer.get("ipBlock") if isinstance(peer, dict) else None
        if isinstance(known, dict) and not known.get("except"):
            network = block(str(known["cidr"]))
            blocks[network.version].append(network)
        else:
            found.append(peer)
    joined = [*collapse_addresses(blocks[4]), *collapse_addresses(blocks[6])]  # type: ignore[type-var]
    return [*found, *(str(one) for one in joined)]


def _opens(policy: Policy | None, direction: str) -> str:
    """What a policy opens in a direction, in one spelling; nothing for no policy."""
    if policy is None:
        return "[]"
    said: list[JsonValue] = []
    for rule in policy.rules(direction):
        ports: JsonValue = _ports(rule)
        said.append([_peers(policy.peers(rule, direction)), ports])
    return json.dumps(said, sort_keys=True)


def _closes(policy: Policy | None, direction: str) -> bool:
    return policy is not None and direction in policy.types


def _closed_for_all(others: Sequence[Policy], namespace: str, direction: str) -> bool:
    return any(
        one.namespace == namespace and direction in one.types and not one.spec.get("podSelector")
        for one in others
    )


def why_equivalent(
    before: KubernetesObject, after: KubernetesObject | None, others: Sequence[KubernetesObject]
) -> str | None:
    """Why a changed policy lets through exactly what it did; None where no rule says so.

    Args:
        before: The policy as it was.
        after: The policy as it is; None where it is gone.
        others: Every other policy; they are the same before and after.
    """
    old, new = Policy(before), Policy(after) if after is not None else None
    if new is not None and (old.namespace, old.spec.get("podSelector")) != (
        new.namespace,
        new.spec.get("podSelector"),
    ):
        return None
    if any(_opens(old, direction) != _opens(new, direction) for direction in DIRECTIONS):
        return None
    changed = [direction for direction in DIRECTIONS if _closes(old, direction) != _closes(new, direction)]
    if not changed:
        return "another spelling"
    known = [Policy(one) for one in others]
    if all(_closed_for_all(known, old.namespace, direction) for direction in changed):
        return "closed anyway"
    return None
