"""Fields that cannot be changed once an object exists: another value means another object of the same name."""

from aifactory.manifests.model import KubernetesObject

IMMUTABLE: dict[str, tuple[str, ...]] = {
    "ComputeDomain": ("spec",),
    "Job": ("spec",),
    "ResourceClaimTemplate": ("spec",),
    "StorageClass": (
        "allowedTopologies",
        "parameters",
        "provisioner",
        "reclaimPolicy",
        "volumeBindingMode",
    ),
}
"""Fields that the API server does not change in place, by kind: the object is made anew under its name."""


def replaced_by(before: KubernetesObject, after: KubernetesObject) -> tuple[str, ...]:
    """Immutable fields that differ; where there are any, the object is deleted and made anew.

    Args:
        before: The object as it is, without fields of others.
        after: The object as it is wanted.
    """
    fields = IMMUTABLE.get(str(after.get("kind")), ())
    return tuple(field for field in fields if (before.get(field) or None) != (after.get(field) or None))
