"""What a change does to running work, as data: objects before and after, what runs, and what it meets."""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum

from pydantic import JsonValue

from aifactory.manifests.model import KubernetesObject, ManifestModel
from aifactory.spec.disruption import Acknowledgement, DisruptionKind

Objects = Mapping[str, KubernetesObject]
"""Objects of a stack by identity, as ``str(key_of(item))`` writes it."""


class Severity(StrEnum):
    """The worst that running work meets, the worst first."""

    LOSS = "loss"
    """Data or objects are gone and do not come back."""
    INTERRUPTION = "interruption"
    """Running pods end, or lose a device or a connection."""
    DELAY = "delay"
    """Running pods go on; new ones wait or are refused."""


class Disruption(ManifestModel):
    """One thing that a change does to running work."""

    kind: DisruptionKind
    subject: str
    """The pool, tier or object; what an acknowledgement names."""
    severity: Severity
    message: str
    """What happens to running work."""
    nodes: int = 0
    """Nodes it happens on; 0 where it is not about nodes."""
    parallel: int | None = None
    """Nodes it happens on at the same time; None where nothing says."""
    waves: int | None = None
    """How many times as many nodes one after the other; None where nothing says."""
    objects: tuple[str, ...] = ()
    """Identities of the objects whose change does it."""


class Volumes(ManifestModel):
    """Volumes of one storage class."""

    delete: int = 0
    """PersistentVolumes that go with their claim."""
    retain: int = 0
    """PersistentVolumes that stay when their claim goes."""
    claims: int = 0


class InUse(ManifestModel):
    """What runs on the cluster now; counts are 0 where nobody asked."""

    asked: bool = False
    """Whether the cluster was asked."""
    pods_by_pool: Mapping[str, int] = {}
    """Pods with GPUs on the nodes of a pool."""
    pods_by_resource: Mapping[str, int] = {}
    """Pods that ask for an extended resource."""
    pods_by_label: Mapping[str, int] = {}
    """Pods whose node selector has ``key=value``."""
    pods_by_namespace: Mapping[str, int] = {}
    claims_by_class: Mapping[str, int] = {}
    """ResourceClaims that ask for a device class."""
    claims_by_namespace: Mapping[str, int] = {}
    """PersistentVolumeClaims."""
    volumes_by_class: Mapping[str, Volumes] = {}

    def pods_here(self, pool: str) -> str:
        """A clause that says how many GPU pods run on a pool; empty where nobody asked."""
        return f"; {counted(self.pods_by_pool.get(pool, 0), 'pod')} with GPUs there now" if self.asked else ""


Rule = Callable[[Objects, Objects, InUse], Iterator[Disruption]]
"""What a change from the first objects to the second does; the objects are those with the stack's label."""


class Judged(ManifestModel):
    """A disruption, and whether somebody has acknowledged it."""

    disruption: Disruption
    acknowledged: Acknowledgement | None
    """The entry of the stack file that counts; None where there is none."""


def counted(count: int, noun: str) -> str:
    """A number with its noun, for example ``1 node`` or ``3 nodes``."""
    ending = "" if count == 1 else "s"
    return f"{count} {noun}{ending}"


def at(value: JsonValue, *path: str) -> JsonValue:
    """The value at a path of an object; None where there is none."""
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def mapping_at(value: JsonValue, *path: str) -> dict[str, JsonValue]:
    """The mapping at a path of an object; empty where there is none."""
    found = at(value, *path)
    return found if isinstance(found, dict) else {}


def of_kind(objects: Objects, group: str, kind: str) -> dict[str, KubernetesObject]:
    """Objects of a kind, whatever the version of their API group; the core group is empty."""
    return {
        key: item
        for key, item in objects.items()
        if item.get("kind") == kind and str(item.get("apiVersion")).rpartition("/")[0] == group
    }


def canonical(value: JsonValue) -> str:
    """A text that is equal for equal values, whatever the order of their keys."""
    return json.dumps(value, sort_keys=True)


def changed_fields(before: JsonValue, after: JsonValue) -> tuple[str, ...]:
    """Top-level fields of two mappings that differ, sorted."""
    one, two = mapping_at(before), mapping_at(after)
    return tuple(sorted(name for name in one.keys() | two.keys() if one.get(name) != two.get(name)))


def scaled(value: JsonValue, total: int, *, up: bool, default: int) -> int:
    """A count, or a percentage of a total, as Kubernetes resolves ``IntOrString``.

    Args:
        value: For example ``2`` or ``25%``; anything else is the default.
        total: What the percentage is of.
        up: Whether a part is rounded up.
        default: What it is where nothing is said.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.endswith("%") and value[:-1].isdigit():
        part = int(value[:-1]) * total
        return math.ceil(part / 100) if up else part // 100
    return default
