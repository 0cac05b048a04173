"""What a rule is, what it looks at, and what it finds."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import JsonValue

from aifactory.manifests.disruption.model import at, mapping_at
from aifactory.manifests.model import KubernetesObject, ManifestModel, key_of
from aifactory.manifests.policy.shape import CONTAINERS, faults

ENFORCE = "pod-security.kubernetes.io/enforce"
"""Label by which the API server's Pod Security admission judges the pods of a namespace."""
_GROUPS = {"", "apps", "batch", "extensions"}
"""Kubernetes' own API groups of what makes pods; other projects have kinds of the same names."""
_TEMPLATES: dict[str, tuple[str, ...]] = {
    "Pod": (),
    "PodTemplate": ("template",),
    "DaemonSet": ("spec", "template"),
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "ReplicationController": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
"""Where the pods of a kind of workload are described."""


class Violation(ManifestModel):
    """One object that is not as a rule has it."""

    object: str
    rule: str
    what: str
    allowed: str
    fix: str

    def line(self) -> str:
        """The violation as one line: object, rule, what is wrong, what is allowed, how to fix it."""
        return f"{self.object}: {self.rule}: {self.what}; {self.allowed}; {self.fix}"


class Found(NamedTuple):
    """What a rule's check saw: the object, and what is wrong with it."""

    object: str
    what: str


class Container(NamedTuple):
    """A container of a pod template."""

    name: str
    spec: dict[str, JsonValue]


@dataclass(frozen=True)
class Workload:
    """An object that makes pods."""

    key: str
    namespace: str
    pod: dict[str, JsonValue]
    """The pod's ``spec``; empty where it is not readable."""
    faults: tuple[str, ...] = ()
    """What is not readable of it."""

    @property
    def containers(self) -> tuple[Container, ...]:
        """Its containers, those that only start it included."""
        return tuple(
            Container(str(mapping_at(item).get("name", "?")), mapping_at(item))
            for field in CONTAINERS
            for item in listed(self.pod.get(field))
        )


class Manifests:
    """Objects that are judged together.

    Args:
        objects: The objects; a later one of the same identity replaces an earlier one.
    """

    def __init__(self, objects: Iterable[KubernetesObject]) -> None:
        self.objects: dict[str, KubernetesObject] = {str(key_of(item)): item for item in objects}

    def of_kind(self, *kinds: str) -> Iterator[tuple[str, KubernetesObject]]:
        """Objects of some kinds with their identities."""
        for key, item in self.objects.items():
            if item["kind"] in kinds:
                yield key, item

    def workloads(self) -> Iterator[Workload]:
        """Objects of Kubernetes' own kinds that make pods."""
        for key, item in self.of_kind(*_TEMPLATES):
            if str(item["apiVersion"]).rpartition("/")[0] in _GROUPS:
                template = _TEMPLATES[str(item["kind"])]
                pod = mapping_at(item, *template, "spec")
                yield Workload(key, key_of(item).namespace or "default", pod, tuple(faults(item, template)))

    def namespaces(self) -> dict[str, dict[str, JsonValue]]:
        """Labels of every namespace that is among the objects."""
        return {
            key_of(item).name: mapping_at(item, "metadata", "labels") for _, item in self.of_kind("Namespace")
        }

    def privileged(self, namespace: str) -> bool:
        """Whether a namespace is among the objects and says that its pods may do everything."""
        return self.namespaces().get(namespace, {}).get(ENFORCE) == "privileged"


@dataclass(frozen=True)
class Rule:
    """One demand on the objects.

    Attributes:
        name: Short name, as exceptions and messages have it.
        allowed: What is allowed.
        fix: How to put a violation right.
        check: Finds what is not so.
    """

    name: str
    allowed: str
    fix: str
    check: Callable[[Manifests], Iterator[Found]]

    def violations(self, manifests: Manifests) -> Iterator[Violation]:
        """What the rule has against the objects."""
        for found in self.check(manifests):
            yield Violation(
                object=found.object, rule=self.name, what=found.what, allowed=self.allowed, fix=self.fix
            )


def listed(value: JsonValue, *path: str) -> list[JsonValue]:
    """The list at a path; empty where there is none."""
    found = at(value, *path)
    return found if isinstance(found, list) else []
