"""Disruptions by which something is gone for good: storage classes, namespaces, definitions.

A volume keeps what it was made with: its own reclaim policy decides what becomes of it, whatever becomes of its class
(https://kubernetes.io/docs/concepts/storage/persistent-volumes/#reclaiming).
"""

from collections.abc import Iterator

from aifactory.manifests.disruption.model import (
    Disruption,
    InUse,
    Objects,
    Severity,
    Volumes,
    counted,
    of_kind,
)
from aifactory.manifests.immutable import replaced_by
from aifactory.manifests.model import key_of, text_at
from aifactory.spec.disruption import DisruptionKind


def storage_classes_replaced(before: Objects, after: Objects, in_use: InUse) -> Iterator[Disruption]:
    """A storage class goes, or is made anew with other immutable fields."""
    wanted = of_kind(after, "storage.k8s.io", "StorageClass")
    for key, item in sorted(of_kind(before, "storage.k8s.io", "StorageClass").items()):
        fields = replaced_by(item, wanted[key]) if key in wanted else ()
        if key in wanted and not fields:
            continue
        name, policy = key_of(item).name, text_at(item, "reclaimPolicy") or "Delete"
        what = f"is made anew ({', '.join(fields)})" if fields else "is deleted"
        volumes = in_use.volumes_by_class.get(name, Volumes())
        none = in_use.asked and not (volumes.delete or volumes.retain or volumes.claims)
        yield Disruption(
            kind=DisruptionKind.VOLUMES_LOST,
            subject=name,
            severity=Severity.DELAY if none else Severity.LOSS,
            message=f"the storage class {what}: {_fate(volumes, policy, none=none, asked=in_use.asked)}",
            objects=(key,),
        )


def _fate(volumes: Volumes, policy: str, *, none: bool, asked: bool) -> str:
    if none:
        return "no volume is of it now; claims that ask for it meanwhile wait"
    if not asked:
        return f"how many volumes are of it is not known; its reclaim policy is {policy}"
    return (
        f"of it are {counted(volumes.claims, 'claim')} and {counted(volumes.delete + volumes.retain, 'volume')} now,"
        " which keep the old settings, and no new one gets these: when their claims are made anew,"
        f" {volumes.delete} with reclaim policy Delete are lost and {volumes.retain} with Retain are left orphaned"
    )


def namespaces_deleted(before: Objects, after: Objects, in_use: InUse) -> Iterator[Disruption]:
    """A namespace goes, and everything in it."""
    for key, item in sorted(of_kind(before, "", "Namespace").items()):
        if key in after:
            continue
        name = key_of(item).name
        pods, claims = in_use.pods_by_namespace.get(name, 0), in_use.claims_by_namespace.get(name, 0)
        now = f": {counted(pods, 'pod')} and {counted(claims, 'volume claim')} now" if in_use.asked else ""
        yield Disruption(
            kind=DisruptionKind.NAMESPACE_DELETED,
            subject=name,
            severity=Severity.LOSS,
            message=f"the namespace is deleted with everything in it, whoever made it{now}",
            objects=(key,),
        )


def definitions_deleted(before: Objects, after: Objects, _in_use: InUse) -> Iterator[Disruption]:
    """A CustomResourceDefinition goes, and every object of its kind in all namespaces."""
    for key, item in sorted(of_kind(before, "apiextensions.k8s.io", "CustomResourceDefinition").items()):
        if key not in after:
            yield Disruption(
                kind=DisruptionKind.DEFINITION_DELETED,
                subject=key_of(item).name,
                severity=Severity.LOSS,
                message="the definition is deleted, and with it every object of its kind, whoever made it",
                objects=(key,),
            )
