"""Desired against live, by the inventory label: what is missing, what differs, what is no longer wanted."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, JsonValue

from aifactory.deliver.cluster import UNPROCESSABLE, ApiProblem, Cluster, at_once
from aifactory.deliver.drift_managers import FALLBACK_MANAGER, is_ours, manager_of
from aifactory.deliver.drift_paths import FieldPath, differences, differing
from aifactory.deliver.kinds import KINDS, kinds_of
from aifactory.errors import ClusterError
from aifactory.manifests.labels import STACK
from aifactory.manifests.model import Bundle, KubernetesObject, key_of
from aifactory.manifests.protected import DELETION_TIMEOUT_H, is_protected

__all__ = [
    "FALLBACK_MANAGER",
    "KINDS",
    "Compared",
    "Drift",
    "compared",
    "differences",
    "drift",
    "is_ours",
    "is_terminating",
    "kinds_of",
    "live_objects",
    "manager_of",
    "prune",
    "repair",
    "tried",
]
GONE_TIMEOUT_S = DELETION_TIMEOUT_H * 3600.0
"""How long what takes more with it may take to go, as components give the engine."""
GONE_INTERVAL_S = 2.0
Suspicion = Callable[[KubernetesObject, KubernetesObject], Iterable[FieldPath]]
"""Where a live object may differ from a wanted one, given in the order wanted, live."""


class Drift(BaseModel):
    """How the cluster differs from the Bundle."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    missing: tuple[KubernetesObject, ...]
    """Wanted, but not there."""
    changed: tuple[KubernetesObject, ...]
    """Wanted objects whose live fields differ."""
    fields: dict[str, tuple[str, ...]]
    """Paths of the differing fields by object."""
    unwanted: tuple[KubernetesObject, ...]
    """Live objects with our inventory label that are not wanted."""


def live_objects(cluster: Cluster, stack: str, bundle: Bundle) -> dict[str, KubernetesObject]:
    """Live objects that carry the stack's inventory label, by identity; one list request a kind."""
    lists = at_once(lambda kind: cluster.list(*kind, f"{STACK}={stack}"), kinds_of(bundle))
    return {str(key_of(item)): item for items in lists for item in items if not is_terminating(item)}


def is_terminating(item: KubernetesObject) -> bool:
    """Whether a live object is being deleted."""
    metadata = item.get("metadata")
    return isinstance(metadata, dict) and "deletionTimestamp" in metadata


@dataclass(frozen=True)
class Compared:
    """Wanted and live objects by identity, and what the API server says of those that look different."""

    wanted: dict[str, KubernetesObject]
    live: dict[str, KubernetesObject]
    """Those with the stack's inventory label."""
    suspects: dict[str, tuple[FieldPath, ...]]
    """Where objects look different; a field may only be written differently (1000m is 1)."""
    tried: dict[str, KubernetesObject | None]
    """Each suspect as it would be after an apply; None where it cannot be changed to that in place."""

    @property
    def missing(self) -> tuple[str, ...]:
        """Wanted, but not there."""
        return tuple(key for key in self.wanted if key not in self.live)

    @property
    def unwanted(self) -> tuple[str, ...]:
        """Live objects with our inventory label that are not wanted."""
        return tuple(key for key in self.live if key not in self.wanted)

    @property
    def changed(self) -> tuple[str, ...]:
        """Suspects that an apply would change."""
        return tuple(
            key
            for key, result in self.tried.items()
            if result is None or _content(result) != _content(self.live[key])
        )


def compared(cluster: Cluster, bundle: Bundle, suspicion: Suspicion = differing) -> Compared:
    """Wanted against live: one list request a kind, one dry-run apply an object that looks different.

    Args:
        cluster: The cluster; nothing is written to it.
        bundle: What is wanted.
        suspicion: Where a live object may differ; the API server decides what of it is real.

    Raises:
        ClusterError: If the cluster cannot be reached, or refuses a dry run.
    """
    live = live_objects(cluster, bundle.stack, bundle)
    wanted = {str(key_of(item)): item for item in bundle.objects()}
    found = {key: tuple(suspicion(item, live[key])) for key, item in wanted.items() if key in live}
    suspects = {key: paths for key, paths in found.items() if paths}
    results = at_once(lambda key: tried(cluster, wanted[key], live[key]), suspects)
    return Compared(wanted, live, suspects, dict(zip(suspects, results, strict=True)))


def drift(cluster: Cluster, bundle: Bundle) -> Drift:
    """How the cluster differs from the bundle; reads only.

    A field that looks different may only be written differently (1000m is 1): the API server decides by a
    dry-run apply.
    """
    found = compared(cluster, bundle)
    return Drift(
        missing=tuple(found.wanted[key] for key in found.missing),
        changed=tuple(found.wanted[key] for key in found.changed),
        fields={key: tuple(map(".".join, found.suspects[key])) for key in found.changed},
        unwanted=tuple(found.live[key] for key in found.unwanted),
    )


def tried(cluster: Cluster, wanted: KubernetesObject, live: KubernetesObject) -> KubernetesObject | None:
    """A live object as an apply would leave it, by a dry run; None where it cannot be changed to that in place."""
    try:
        return cluster.apply(wanted, manager=manager_of(live), force=True, dry_run=True)
    except ApiProblem as problem:
        if problem.status != UNPROCESSABLE:
            raise
        return None


def _content(item: KubernetesObject) -> dict[str, JsonValue]:
    metadata = item.get("metadata")
    noise = {"managedFields", "resourceVersion", "generation"}
    kept = {k: v for k, v in metadata.items() if k not in noise} if isinstance(metadata, dict) else {}
    return {**{k: v for k, v in item.items() if k != "status"}, "metadata": kept}


def repair(cluster: Cluster, found: Drift) -> int:
    """Write back the fields that others changed, under the manager that owns them; how many objects.

    Raises:
        ApiProblem: If the API server refuses.
    """

    def write(item: KubernetesObject) -> None:
        live = cluster.get(item)
        cluster.apply(item, manager=manager_of(live or {}), force=True)

    at_once(write, found.changed)
    return len(found.changed)


def prune(cluster: Cluster, unwanted: Iterable[KubernetesObject]) -> int:
    """Delete objects of ours that are no longer wanted; how many.

    What takes more with it goes first, and is waited for: it goes in order only while the rest is there.
    Namespaces go last: what is in them may still have to go in order.

    Raises:
        ClusterError: If one that is waited for does not go.
    """
    items = list(unwanted)
    first = [item for item in items if is_protected(item)]
    spaces = [item for item in items if item.get("kind") == "Namespace"]
    others = [item for item in items if not is_protected(item) and item.get("kind") != "Namespace"]
    gone = sum(at_once(cluster.delete, first))
    for item in first:
        _await_gone(cluster, item)
    return gone + sum(at_once(cluster.delete, others)) + sum(at_once(cluster.delete, spaces))


def _await_gone(cluster: Cluster, item: KubernetesObject) -> None:
    deadline = time.monotonic() + GONE_TIMEOUT_S
    while cluster.get(item) is not None:
        if time.monotonic() > deadline:
            raise ClusterError(
                f"{key_of(item)} is still there after {GONE_TIMEOUT_S:.0f} s; it has to go before what it refers to;"
                " see its conditions for what holds it, then run the same command again"
            )
        time.sleep(GONE_INTERVAL_S)
