"""Desired against live, by the inventory label: what is missing, what differs, what is no longer wanted."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, JsonValue

from aifactory.deliver.cluster import UNPROCESSABLE, ApiProblem, Cluster, at_once
from aifactory.deliver.drift_managers import FALLBACK_MANAGER, is_ours, manager_of
from aifactory.deliver.drift_paths import FieldPath, differences, differing
from aifactory.manifests.labels import STACK
from aifactory.manifests.model import Bundle, KubernetesObject, key_of

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
KINDS: tuple[tuple[str, str], ...] = (
    ("v1", "ConfigMap"),
    ("v1", "Namespace"),
    ("v1", "ResourceQuota"),
    ("v1", "ServiceAccount"),
    ("apps/v1", "DaemonSet"),
    ("batch/v1", "CronJob"),
    ("batch/v1", "Job"),
    ("bootstrap.cluster.x-k8s.io/v1beta2", "KubeadmConfigTemplate"),
    ("cluster.x-k8s.io/v1beta2", "MachineDeployment"),
    ("cluster.x-k8s.io/v1beta2", "MachineHealthCheck"),
    ("infrastructure.cluster.x-k8s.io/v1alpha1", "NicoMachineTemplate"),
    ("infrastructure.cluster.x-k8s.io/v1beta2", "Metal3MachineTemplate"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("nfd.k8s-sigs.io/v1alpha1", "NodeFeatureRule"),
    ("nvidia.com/v1", "ClusterPolicy"),
    ("nvidia.com/v1alpha1", "NVIDIADriver"),
    ("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
    ("resource.k8s.io/v1", "DeviceClass"),
    ("resource.k8s.io/v1", "ResourceClaimTemplate"),
    ("resource.nvidia.com/v1beta1", "ComputeDomain"),
    ("snapshot.storage.k8s.io/v1", "VolumeSnapshotClass"),
    ("storage.k8s.io/v1", "StorageClass"),
)
"""Every kind that a Bundle may hold; what is no longer wanted is looked for among these."""
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


def kinds_of(bundle: Bundle) -> list[tuple[str, str]]:
    """Version and kind of everything that may be ours, sorted: what a Bundle may hold, and what this one holds."""
    return sorted(set(KINDS) | {(key.api_version, key.kind) for key in map(key_of, bundle.objects())})


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

    Namespaces go last: what is in them may still have to go in order.
    """
    items = list(unwanted)
    spaces = [item for item in items if item.get("kind") == "Namespace"]
    others = [item for item in items if item.get("kind") != "Namespace"]
    return sum(at_once(cluster.delete, others)) + sum(at_once(cluster.delete, spaces))
