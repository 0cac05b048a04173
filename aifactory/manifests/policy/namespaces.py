"""Rules of what has to be in a namespace: default deny, and a quota where people run work."""

from collections.abc import Iterator

from aifactory.manifests.disruption.model import at
from aifactory.manifests.foundation import SYSTEM_NAMESPACE
from aifactory.manifests.model import KubernetesObject, key_of
from aifactory.manifests.policy.model import Found, Manifests, Rule, listed


def _denies(item: KubernetesObject) -> bool:
    """Whether a NetworkPolicy closes both directions for every pod, and opens nothing itself."""
    spec = item.get("spec")
    return (
        at(spec, "podSelector") == {}
        and {"Ingress", "Egress"} <= {str(kind) for kind in listed(spec, "policyTypes")}
        and not listed(spec, "ingress")
        and not listed(spec, "egress")
    )


def _open(manifests: Manifests) -> Iterator[Found]:
    closed = {key_of(item).namespace for _, item in manifests.of_kind("NetworkPolicy") if _denies(item)}
    for key, item in manifests.of_kind("Namespace"):
        if key_of(item).name not in closed:
            yield Found(key, "no NetworkPolicy closes it in both directions")


def _unlimited(manifests: Manifests) -> Iterator[Found]:
    limited = {key_of(item).namespace for _, item in manifests.of_kind("ResourceQuota")}
    for key, item in manifests.of_kind("Namespace"):
        name = key_of(item).name
        if name != SYSTEM_NAMESPACE and not manifests.privileged(name) and name not in limited:
            yield Found(key, "people run work in it, and no ResourceQuota limits them")


RULES = (
    Rule(
        "default-deny",
        "every namespace has a NetworkPolicy with an empty podSelector, both policyTypes and no rule",
        "declare the namespace to the layer network-policies",
        _open,
    ),
    Rule(
        "quota-present",
        "every namespace of a service or a tenant has a ResourceQuota",
        "give it one in storage.quotas of the stack file, or to its tenant",
        _unlimited,
    ),
)
"""The rules of this module."""
