"""Objects that take far more with them than themselves, and so are never deleted without being asked for."""

from aifactory.manifests.model import KubernetesObject

PROTECTED = frozenset({("cluster.x-k8s.io", "Cluster")})
"""Group and kind; Cluster API deletes the cluster behind a Cluster, with all its machines."""
DELETION_TIMEOUT_H = 2
"""How long one may take to go: machines are drained, and hosts are cleaned."""


def is_protected(manifest: KubernetesObject) -> bool:
    """Whether the object is of such a kind."""
    group = str(manifest.get("apiVersion")).rpartition("/")[0]
    return (group, str(manifest.get("kind"))) in PROTECTED
