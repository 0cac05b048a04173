"""Desired against live, by the inventory label: what is missing, what differs, what is no longer wanted."""

from collections.abc import Iterable, Iterator, Mapping

from pydantic import BaseModel, ConfigDict, JsonValue

from aifactory.deliver.cluster import UNPROCESSABLE, ApiProblem, Cluster, at_once
from aifactory.manifests.labels import STACK
from aifactory.manifests.model import Bundle, KubernetesObject, key_of

KINDS: tuple[tuple[str, str], ...] = (
    ("v1", "ConfigMap"),
    ("v1", "Namespace"),
    ("v1", "ResourceQuota"),
    ("v1", "ServiceAccount"),
    ("apps/v1", "DaemonSet"),
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
_OUR_MANAGERS = ("pulumi-kubernetes", "aifactory")
FALLBACK_MANAGER = "aifactory"


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
    return {str(key_of(item)): item for items in lists for item in items if not _terminating(item)}


def _terminating(item: KubernetesObject) -> bool:
    metadata = item.get("metadata")
    return isinstance(metadata, dict) and "deletionTimestamp" in metadata


def differences(wanted: JsonValue, live: JsonValue, path: str = "") -> Iterator[str]:
    """Paths at which the live value lacks or contradicts what is wanted; fields of others are ignored."""
    if isinstance(wanted, Mapping) and isinstance(live, Mapping):
        for name, value in wanted.items():
            where = f"{path}.{name}" if path else name
            if name not in live:
                if value not in (None, {}, []):
                    yield where
            else:
                yield from differences(value, live[name], where)
    elif isinstance(wanted, list) and isinstance(live, list):
        if len(wanted) != len(live):
            yield path
            return
        for index, (mine, theirs) in enumerate(zip(wanted, live, strict=True)):
            yield from differences(mine, theirs, f"{path}.{index}")
    elif wanted != live or isinstance(wanted, bool) != isinstance(live, bool):  # in Python 1 equals True
        yield path


def drift(cluster: Cluster, bundle: Bundle) -> Drift:
    """How the cluster differs from the bundle; reads only.

    A field that looks different may only be written differently (1000m is 1): the API server decides by a
    dry-run apply.
    """
    live = live_objects(cluster, bundle.stack, bundle)
    desired = {str(key_of(item)): item for item in bundle.objects()}
    missing = tuple(item for key, item in desired.items() if key not in live)
    suspects: dict[str, tuple[str, ...]] = {}
    for key, item in desired.items():
        if key in live:
            found = tuple(differences(item, live[key]))
            if found:
                suspects[key] = found
    real = at_once(lambda key: _confirmed(cluster, desired[key], live[key]), suspects)
    fields = {key: paths for (key, paths), confirmed in zip(suspects.items(), real, strict=True) if confirmed}
    return Drift(
        missing=missing,
        changed=tuple(desired[key] for key in fields),
        fields=fields,
        unwanted=tuple(item for key, item in live.items() if key not in desired),
    )


def _confirmed(cluster: Cluster, wanted: KubernetesObject, live: KubernetesObject) -> bool:
    try:
        result = cluster.apply(wanted, manager=manager_of(live), force=True, dry_run=True)
    except ApiProblem as problem:
        if problem.status != UNPROCESSABLE:
            raise
        return True  # a field that cannot be changed in place
    return _content(result) != _content(live)


def _content(item: KubernetesObject) -> dict[str, JsonValue]:
    metadata = item.get("metadata")
    noise = {"managedFields", "resourceVersion", "generation"}
    kept = {k: v for k, v in metadata.items() if k not in noise} if isinstance(metadata, dict) else {}
    return {**{k: v for k, v in item.items() if k != "status"}, "metadata": kept}


def is_ours(entry: Mapping[str, JsonValue]) -> bool:
    """Whether an entry of ``managedFields`` is an apply of this tool, or of the provider it drives."""
    name = entry.get("manager")
    return isinstance(name, str) and entry.get("operation") == "Apply" and name.startswith(_OUR_MANAGERS)


def manager_of(live: KubernetesObject) -> str:
    """The field manager under which we applied the live object."""
    metadata = live.get("metadata")
    entries = metadata.get("managedFields") if isinstance(metadata, dict) else None
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and is_ours(entry):
            return str(entry["manager"])
    return FALLBACK_MANAGER


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
