"""Nodes that a Job labelled and tainted for a pool get rid of that when the stack goes.

What a NodeFeatureRule or Cluster API wrote goes with its owner; nobody else takes back what a Job did.
"""

from collections.abc import Iterable

from pydantic import JsonValue

from aifactory.deliver.cluster import Cluster, at_once
from aifactory.manifests.model import KubernetesObject, key_of, text_at
from aifactory.manifests.node_pools import GpuNodePoolArgs
from aifactory.plan.nodes import GPU_TAINT, POOL_LABEL, pool_labels


def release_nodes(cluster: Cluster, pools: Iterable[GpuNodePoolArgs]) -> int:
    """No node carries the labels and the taint of a pool whose Job wrote them; how many nodes were changed.

    Labels that have another value by now, and other taints, are somebody else's and stay.

    Args:
        cluster: The cluster; the stack's objects are gone, so that nothing labels the nodes again.
        pools: Arguments of every pool of the stack.

    Raises:
        ClusterError: If the cluster refuses.
    """
    ours = {args.pool.name: pool_labels(args.pool) for args in pools if args.patched}
    if not ours:
        return 0
    held = [
        (node, ours[pool])
        for node in cluster.list("v1", "Node")
        if (pool := text_at(node, "metadata", "labels", POOL_LABEL)) in ours
    ]
    at_once(lambda item: _release(cluster, *item), held)
    return len(held)


def _release(cluster: Cluster, node: KubernetesObject, labels: dict[str, str]) -> None:
    gone: dict[str, JsonValue] = {
        key: None for key, value in labels.items() if text_at(node, "metadata", "labels", key) == value
    }
    spec = node.get("spec")
    taints = spec.get("taints") if isinstance(spec, dict) else None
    kept: list[JsonValue] = [
        taint for taint in (taints if isinstance(taints, list) else []) if not _is_ours(taint)
    ]
    cluster.request(
        "PATCH",
        f"/api/v1/nodes/{key_of(node).name}",
        body={"metadata": {"labels": gone}, "spec": {"taints": kept or None}},
        content_type="application/merge-patch+json",
    )


def _is_ours(taint: JsonValue) -> bool:
    return isinstance(taint, dict) and all(taint.get(key) == value for key, value in GPU_TAINT.items())
