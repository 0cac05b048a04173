"""Disruptions of the network: flows that were open and are closed, object by object.

- A pod that no policy selects for a direction is open in it; policies add up
  (https://kubernetes.io/docs/concepts/services-networking/network-policies/).
- Established connections may live on or not, as the network plugin does it; new ones are refused.
"""

from collections.abc import Iterator

from pydantic import JsonValue

from aifactory.manifests.disruption.model import (
    Disruption,
    InUse,
    Objects,
    Severity,
    at,
    canonical,
    counted,
    of_kind,
)
from aifactory.manifests.model import KubernetesObject, ManifestModel, key_of
from aifactory.spec.disruption import DisruptionKind

_EVERY = canonical({})
"""A selector of every pod, and a peer or a port that is not restricted."""


class Flow(ManifestModel):
    """One flow that a policy lets through."""

    namespace: str
    direction: str
    pods: str
    """The selector of the pods it is for, as text."""
    peer: str
    port: str

    def covers(self, other: "Flow") -> bool:
        """Whether everything that the other one lets through is let through by this one too."""
        same = (self.namespace, self.direction) == (other.namespace, other.direction)
        pairs = ((self.pods, other.pods), (self.peer, other.peer), (self.port, other.port))
        return same and all(mine in (_EVERY, theirs) for mine, theirs in pairs)


def _directions(item: KubernetesObject) -> list[str]:
    types = at(item, "spec", "policyTypes")
    if isinstance(types, list):
        return [str(direction) for direction in types]
    return ["Ingress", *(["Egress"] if at(item, "spec", "egress") else [])]


def _selector(item: KubernetesObject) -> str:
    return canonical(at(item, "spec", "podSelector") or {})


def flows_of(item: KubernetesObject) -> Iterator[Flow]:
    """What a NetworkPolicy lets through, one flow a peer and port."""
    for direction in _directions(item):
        rules = at(item, "spec", direction.lower())
        for rule in rules if isinstance(rules, list) else []:
            for peer in _list(rule, "from" if direction == "Ingress" else "to"):
                for port in _list(rule, "ports"):
                    yield Flow(
                        namespace=str(key_of(item).namespace),
                        direction=direction,
                        pods=_selector(item),
                        peer=canonical(peer),
                        port=canonical(port),
                    )


def _list(rule: JsonValue, name: str) -> list[JsonValue]:
    found = at(rule, name)
    return found if isinstance(found, list) and found else [{}]


def _policies(objects: Objects) -> dict[str, KubernetesObject]:
    return of_kind(objects, "networking.k8s.io", "NetworkPolicy")


def _isolated(policies: dict[str, KubernetesObject], namespace: str, direction: str, pods: str) -> bool:
    """Whether some policy closes a direction to such pods; one for every pod does it for all."""
    return any(
        key_of(item).namespace == namespace
        and direction in _directions(item)
        and _selector(item) in (_EVERY, pods)
        for item in policies.values()
    )


def _new_namespaces(before: Objects, after: Objects) -> set[str]:
    old = of_kind(before, "", "Namespace")
    return {key_of(item).name for key, item in of_kind(after, "", "Namespace").items() if key not in old}


def _gone_namespaces(before: Objects, after: Objects) -> set[str]:
    return _new_namespaces(after, before)


def flows_closed(before: Objects, after: Objects, _in_use: InUse) -> Iterator[Disruption]:
    """A policy no longer lets through what it did, and nothing else does."""
    old, new = _policies(before), _policies(after)
    still, gone = [flow for item in new.values() for flow in flows_of(item)], _gone_namespaces(before, after)
    for key, item in sorted(old.items()):
        identity = key_of(item)
        if identity.namespace in gone or canonical(at(item, "spec")) == canonical(at(new.get(key), "spec")):
            continue
        lost = [
            flow
            for flow in flows_of(item)
            if _isolated(new, flow.namespace, flow.direction, flow.pods)
            and not any(other.covers(flow) for other in still)
        ]
        if lost:
            ways = " and ".join(sorted({flow.direction.lower() for flow in lost}))
            yield _closed(
                key,
                f"{identity.namespace}/{identity.name}",
                f"{counted(len(lost), 'flow')} ({ways}) that the policy let through {'are' if len(lost) > 1 else 'is'}"
                " closed: new connections are refused",
            )


def pods_isolated(before: Objects, after: Objects, _in_use: InUse) -> Iterator[Disruption]:
    """A policy is the first one that closes a direction to its pods; in a namespace that is new nothing runs."""
    old, new, made = _policies(before), _policies(after), _new_namespaces(before, after)
    for key, item in sorted(new.items()):
        identity = key_of(item)
        space, pods = str(identity.namespace), _selector(item)
        had = _directions(old[key]) if key in old and _selector(old[key]) == pods else []
        shut = [way for way in _directions(item) if way not in had and not _isolated(old, space, way, pods)]
        if shut and space not in made:
            whom = "every pod of the namespace" if pods == _EVERY else "the pods it selects"
            yield _closed(
                key,
                f"{space}/{identity.name}",
                f"{' and '.join(way.lower() for way in shut)} of {whom} was open; now only what policies allow",
            )


def denied(before: Objects, after: Objects, _in_use: InUse) -> Iterator[Disruption]:
    """A ClusterNetworkPolicy denies more than before; what names a namespace that is new closes nothing."""
    old, made = (
        of_kind(before, "policy.networking.k8s.io", "ClusterNetworkPolicy"),
        _new_namespaces(before, after),
    )
    for key, item in sorted(of_kind(after, "policy.networking.k8s.io", "ClusterNetworkPolicy").items()):
        more = set(_denials(item, made)) - set(_denials(old[key], made) if key in old else ())
        if more and not _only_for(item, made):
            yield _closed(
                key,
                key_of(item).name,
                f"{counted(len(more), 'flow')} more denied for every policy below it: new connections are refused",
            )


def _denials(item: KubernetesObject, made: set[str]) -> Iterator[str]:
    for direction in ("ingress", "egress"):
        rules = at(item, "spec", direction)
        for rule in rules if isinstance(rules, list) else []:
            if at(rule, "action") != "Deny":
                continue
            for peer in _list(rule, "from" if direction == "ingress" else "to"):
                yield from (f"{direction} {part}" for part in _parts(peer, made))


def _parts(peer: JsonValue, made: set[str]) -> Iterator[str]:
    """A peer; one that lists namespaces by name in its parts, without those that are new."""
    expressions = at(peer, "namespaces", "matchExpressions")
    values = at(expressions[0], "values") if isinstance(expressions, list) and len(expressions) == 1 else None
    if isinstance(values, list):
        yield from (str(value) for value in values if value not in made)
    else:
        yield canonical(peer)


def _only_for(item: KubernetesObject, made: set[str]) -> bool:
    labels = at(item, "spec", "subject", "namespaces", "matchLabels")
    return isinstance(labels, dict) and labels.get("kubernetes.io/metadata.name") in made


def _closed(key: str, subject: str, message: str) -> Disruption:
    return Disruption(
        kind=DisruptionKind.NETWORK_CLOSED,
        subject=subject,
        severity=Severity.INTERRUPTION,
        message=message,
        objects=(key,),
    )
