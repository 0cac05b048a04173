"""When a kind cluster can be used: its nodes, its network and its DNS do their work."""

import time
from collections.abc import Iterable

from aifactory.deliver.cluster import Cluster
from aifactory.errors import ClusterError, LabError
from aifactory.lab.furnish import Notify
from aifactory.manifests.model import KubernetesObject, text_at

READY_TIMEOUT_S = 300.0
_POLL_S = 0.5
_WORKLOADS = (
    ("apps/v1", "DaemonSet", "kube-system", "kube-router"),
    ("apps/v1", "DaemonSet", "kube-system", "kube-proxy"),
    ("apps/v1", "Deployment", "kube-system", "coredns"),
    ("apps/v1", "Deployment", "local-path-storage", "local-path-provisioner"),
)


def await_ready(cluster: Cluster, nodes: int, notify: Notify, timeout_s: float = READY_TIMEOUT_S) -> None:
    """Every node is Ready and everything that other pods need runs.

    A node that is Ready proves little: DNS has two endpoints, so that it also shows that Services are balanced.

    Args:
        cluster: The cluster.
        nodes: How many nodes it has.
        notify: Told once that it is ready.
        timeout_s: Seconds to wait.

    Raises:
        LabError: If it is not ready in time; names what is missing.
    """
    began = time.monotonic()
    while True:
        missing = _missing(cluster, nodes)
        if not missing:
            break
        if time.monotonic() > began + timeout_s:
            raise LabError(
                f"the kind cluster is not ready after {timeout_s:.0f} s: {'; '.join(missing)};"
                " all of it is needed; see 'kubectl -n kube-system get pods',"
                " or run 'aifactory lab down --target kind' and try again"
            )
        time.sleep(_POLL_S)
    took_s = time.monotonic() - began
    if took_s > 1:
        notify(f"{nodes} nodes are Ready; network, DNS and storage run ({took_s:.0f} s)")


def _missing(cluster: Cluster, nodes: int) -> list[str]:
    try:
        listing = cluster.list("v1", "Node")
        workloads = {
            (kind, text_at(item, "metadata", "namespace"), text_at(item, "metadata", "name")): item
            for kind in ("DaemonSet", "Deployment")
            for item in cluster.list("apps/v1", kind)
        }
    except ClusterError as error:
        return [str(error)]
    found = [f"{nodes - len(listing)} nodes have not joined"] if len(listing) < nodes else []
    found += sorted(
        f"node {text_at(node, 'metadata', 'name')} is not Ready" for node in listing if not _is_ready(node)
    )
    for _, kind, namespace, name in _WORKLOADS:
        item = workloads.get((kind, namespace, name))
        if item is None or not _complete(item):
            found.append(f"{kind} {namespace}/{name} is not complete")
    return found


def _conditions(item: KubernetesObject) -> Iterable[KubernetesObject]:
    status = item.get("status")
    conditions = status.get("conditions") if isinstance(status, dict) else None
    return [one for one in (conditions if isinstance(conditions, list) else []) if isinstance(one, dict)]


def _is_ready(node: KubernetesObject) -> bool:
    return any(one.get("type") == "Ready" and one.get("status") == "True" for one in _conditions(node))


def _complete(item: KubernetesObject) -> bool:
    """Whether every pod that is wanted, of the newest template, is available."""
    status, metadata = item.get("status"), item.get("metadata")
    if not isinstance(status, dict) or not isinstance(metadata, dict):
        return False
    if status.get("observedGeneration") != metadata.get("generation"):
        return False
    if item.get("kind") == "DaemonSet":
        wanted = status.get("desiredNumberScheduled")
        return bool(wanted) and wanted == status.get("numberAvailable") == status.get(
            "updatedNumberScheduled"
        )
    spec = item.get("spec")
    wanted = spec.get("replicas") if isinstance(spec, dict) else None
    return bool(wanted) and wanted == status.get("availableReplicas") == status.get("updatedReplicas")
