"""What runs on a cluster is counted by what it holds."""

from pathlib import Path
from typing import Any

import pytest

from aifactory.deliver.cluster import Cluster
from aifactory.deliver.in_use import in_use_of
from aifactory.manifests.disruption.model import Volumes
from tests.unit.deliver.api_server import ApiServer

POOL = "node.cluster.x-k8s.io/aifactory-pool"
CORE = {
    "Node": "nodes",
    "PersistentVolumeClaim": "persistentvolumeclaims",
    "PersistentVolume": "persistentvolumes",
}


def served(kinds: dict[str, str]) -> dict[str, Any]:
    """Discovery of some kinds."""
    return {"resources": [{"kind": k, "name": n, "namespaced": False} for k, n in kinds.items()]}


def listed(*items: dict[str, Any], more: str = "") -> list[tuple[int, Any]]:
    """A list, or a page of one."""
    return [(200, {"metadata": {"continue": more}, "items": list(items)})]


def pod(space: str, node: str | None = None, *resources: str, **spec: Any) -> dict[str, Any]:
    """A pod whose one container asks for resources."""
    container = {"resources": {"limits": dict.fromkeys(resources, "1")}}
    return {"metadata": {"namespace": space}, "spec": {"nodeName": node, "containers": [container], **spec}}


@pytest.fixture
def furnished(api: ApiServer) -> ApiServer:
    """A server with a node and volumes."""
    claim = {
        "spec": {"devices": {"requests": [{"exactly": {"deviceClassName": "c"}}, {"firstAvailable": []}]}}
    }
    kept, lost = (
        {"spec": {"storageClassName": "fast", "persistentVolumeReclaimPolicy": policy}}
        for policy in ("Retain", "Delete")
    )
    api.answers = {
        "GET /api/v1": [(200, served(CORE))],
        "GET /apis/resource.k8s.io/v1": [(200, served({"ResourceClaim": "resourceclaims"}))],
        "GET /api/v1/nodes": listed({"metadata": {"name": "n", "labels": {POOL: "train"}}}),
        "GET /api/v1/persistentvolumes": listed(kept, lost, lost),
        "GET /api/v1/persistentvolumeclaims": listed(
            {"metadata": {"namespace": "a"}, "spec": {"storageClassName": "fast"}}
        ),
        "GET /apis/resource.k8s.io/v1/resourceclaims": listed(claim),
        "GET /api/v1/pods": [
            *listed(pod("a", "n", "nvidia.com/gpu", "cpu", nodeSelector={"hall": "1"}), more="next"),
            *listed(pod("a", "n"), pod("b", None, "nvidia.com/gpu"), pod("b", "n", resourceClaims=[{}])),
        ],
    }
    return api


def test_everything_is_counted(furnished: ApiServer, tmp_path: Path) -> None:
    """Pods of all pages, claims and volumes are counted by pool, resource, label, namespace and class."""
    found = in_use_of(Cluster(furnished.kubeconfig(tmp_path)))

    assert found.asked
    assert found.pods_by_pool == {"train": 2}
    assert found.pods_by_resource == {"nvidia.com/gpu": 2}
    assert found.pods_by_label == {"hall=1": 1}
    assert found.pods_by_namespace == {"a": 2, "b": 2}
    assert (found.claims_by_class, found.claims_by_namespace) == ({"c": 1}, {"a": 1})
    assert found.volumes_by_class == {"fast": Volumes(delete=2, retain=1, claims=1)}
    assert [path.partition("continue=")[2] for _, path, _ in furnished.asked if "/pods" in path] == [
        "",
        "next",
    ]
    assert {method for method, _, _ in furnished.asked} == {"GET"}


def test_who_may_not_read_is_told_nothing(furnished: ApiServer, tmp_path: Path) -> None:
    """Without the right to read pods nothing is counted, and that is known."""
    furnished.answers["GET /api/v1/pods"] = [(403, {"message": "forbidden"})]

    assert not in_use_of(Cluster(furnished.kubeconfig(tmp_path))).asked
