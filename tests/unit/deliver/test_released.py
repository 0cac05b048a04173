"""Nodes that a stack gives back."""

from typing import Any

import pytest

from aifactory.deliver.released import release_nodes
from aifactory.manifests.node_pools import GpuNodePoolArgs
from aifactory.plan.nodes import POOL_LABEL, pool_labels
from tests.support.node_pools import SELECTED, arguments

TAINT = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}
OTHER = {"key": "maintenance", "effect": "NoExecute"}


class _Cluster:
    """A stand-in that lists nodes and keeps what is sent."""

    def __init__(self, *nodes: dict[str, Any]) -> None:
        self.nodes = nodes
        self.sent: dict[str, Any] = {}

    def list(self, _version: str, kind: str) -> list[dict[str, Any]]:
        """The nodes."""
        assert kind == "Node"
        return [*self.nodes]

    def request(self, method: str, path: str, *, body: Any, content_type: str) -> dict[str, Any]:
        """Keep what is sent."""
        assert (method, content_type) == ("PATCH", "application/merge-patch+json")
        self.sent[path] = body
        return {}


def _node(name: str, labels: dict[str, str], *taints: dict[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {"taints": [*taints]},
    }


@pytest.fixture
def patched() -> GpuNodePoolArgs:
    """A pool that a Job labels."""
    return arguments(provisioning=SELECTED)


def test_what_the_job_wrote_is_taken_back(patched: GpuNodePoolArgs) -> None:
    """The pool's labels and the GPU taint go; other taints, other nodes and changed labels stay."""
    labels = pool_labels(patched.pool)
    changed = next(key for key in labels if key != POOL_LABEL)
    cluster: Any = _Cluster(
        _node("mine", {**labels, changed: "by hand", "zone": "a"}, TAINT, OTHER),
        _node("theirs", {POOL_LABEL: "another"}, TAINT),
    )

    assert release_nodes(cluster, [patched]) == 1

    (sent,) = cluster.sent.items()
    assert sent[0] == "/api/v1/nodes/mine"
    assert sent[1]["metadata"]["labels"] == {key: None for key in labels if key != changed}
    assert sent[1]["spec"]["taints"] == [OTHER]


def test_pools_of_rules_are_left_to_their_rules() -> None:
    """A pool that a NodeFeatureRule labels is not looked at: its labels go with the rule."""
    args = arguments()
    assert not args.patched
    cluster: Any = _Cluster(_node("mine", pool_labels(args.pool), TAINT))

    assert release_nodes(cluster, [args]) == 0
    assert cluster.sent == {}
