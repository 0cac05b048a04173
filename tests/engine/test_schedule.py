"""The real scheduler on the pilot's simulated nodes. Does not prove that a pod runs: its node is simulated."""

from collections.abc import Iterator
from typing import Any

import pytest

from aifactory.cli.inputs import choose
from aifactory.deliver.cluster import Cluster, at_once
from aifactory.manifests.dra import claim_names
from aifactory.manifests.node_pools import node_selector, tolerations
from aifactory.plan.capacity import device_class
from aifactory.plan.models import FactoryPlan, PoolPlan
from aifactory.plan.nodes import nodes_of
from aifactory.spec.pools import Allocation
from aifactory.spec.stack import Target
from tests.support.lab import Lab
from tests.support.processes import wait

pytestmark = pytest.mark.engine
MANAGER = "test-pods"
MARK = {"test": "schedule"}
TIMEOUT_S = 30


def _plan() -> FactoryPlan:
    return choose("korea-pilot", None, Target.SIMULATED).plan


def _pools(allocation: Allocation) -> list[str]:
    return [pool.name for pool in _plan().pools if pool.pool.allocation is allocation]


@pytest.fixture
def cluster(pilot: Lab) -> Iterator[Cluster]:
    """The pilot's cluster; pods and claims of the test are gone afterwards."""
    client = pilot.cluster()
    yield client
    for version, kind in (("v1", "Pod"), ("resource.k8s.io/v1", "ResourceClaimTemplate")):
        at_once(client.delete, client.list(version, kind, "test=schedule"))
    wait(
        lambda: not client.list("v1", "Pod", "test=schedule"),
        TIMEOUT_S,
        lambda: client.list("v1", "Pod", "test=schedule"),
    )


def _planned(name: str) -> PoolPlan:
    return next(pool for pool in _plan().pools if pool.name == name)


def _node_names(planned: PoolPlan) -> list[str]:
    return [node.name for node in nodes_of(_plan(), planned)]


def _pod(name: str, planned: PoolPlan, **spec: object) -> dict[str, Any]:
    """A pod in the namespace of the pool's service, for the pool's nodes."""
    plane = next(one for one in _plan().stack.services if one.name is planned.pool.service)
    container = {
        "name": "main",
        "image": "example.invalid/work",
        "resources": spec.pop("resources", {}),
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    security = {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": plane.namespace, "labels": MARK},
        "spec": {
            "nodeSelector": node_selector(planned),
            "tolerations": tolerations(),
            "securityContext": security,
            "containers": [container],
            **spec,
        },
    }


def _units(name: str, planned: PoolPlan, **spec: object) -> dict[str, Any]:
    """A pod that asks for one unit of the pool's resource."""
    return _pod(name, planned, resources={"limits": {planned.resource: "1"}}, **spec)


def _pinned(node: str) -> dict[str, Any]:
    return {"nodeSelector": {"kubernetes.io/hostname": node}}


def _state(cluster: Cluster, pod: dict[str, Any]) -> tuple[str, str, str]:
    """Phase, node and the scheduler's words of a pod."""
    live: dict[str, Any] = cluster.get(pod) or {}
    status = live.get("status", {})
    told = [
        c["message"] for c in status.get("conditions", []) if c["type"] == "PodScheduled" and "message" in c
    ]
    return status.get("phase", "absent"), live.get("spec", {}).get("nodeName", ""), " ".join(told)


def _create(cluster: Cluster, *items: dict[str, Any]) -> None:
    at_once(lambda item: cluster.apply(item, manager=MANAGER), items)


def _await_running(cluster: Cluster, *pods: dict[str, Any]) -> list[str]:
    """The nodes of pods, once all of them run."""
    wait(
        lambda: all(_state(cluster, pod)[0] == "Running" for pod in pods),
        TIMEOUT_S,
        lambda: [_state(cluster, pod) for pod in pods],
    )
    return [_state(cluster, pod)[1] for pod in pods]


def _await_refused(cluster: Cluster, pod: dict[str, Any], reason: str) -> None:
    """The scheduler has said why the pod stays Pending without a node."""
    wait(
        lambda: _state(cluster, pod)[:2] == ("Pending", "") and reason in _state(cluster, pod)[2],
        TIMEOUT_S,
        lambda: _state(cluster, pod),
    )


@pytest.mark.parametrize("name", _pools(Allocation.DEVICE_PLUGIN))
def test_a_pod_that_asks_for_the_resource_runs_in_the_pool(cluster: Cluster, name: str) -> None:
    """A pod with the pool's resource, toleration and node selector runs on a node of the pool."""
    planned = _planned(name)
    pod = _units("one", planned)
    _create(cluster, pod)
    assert _await_running(cluster, pod)[0] in _node_names(planned)


@pytest.mark.parametrize("name", _pools(Allocation.DEVICE_PLUGIN))
def test_a_full_node_takes_no_more(cluster: Cluster, name: str) -> None:
    """A node runs as many units as it offers; one more stays Pending for want of the resource."""
    planned = _planned(name)
    node = _node_names(planned)[0]
    fit = [_units(f"fit-{i}", planned, **_pinned(node)) for i in range(planned.allocatable[planned.resource])]
    _create(cluster, *fit)
    assert set(_await_running(cluster, *fit)) == {node}
    extra = _units("extra", planned, **_pinned(node))
    _create(cluster, extra)
    _await_refused(cluster, extra, f"Insufficient {planned.resource}")


def test_pods_without_the_toleration_stay_off_gpu_nodes(cluster: Cluster) -> None:
    """Pods without the GPU toleration run on system nodes only; sent to a pool, they stay Pending."""
    plan = _plan()
    free = [_pod(f"free-{i}", plan.pools[0], tolerations=[], nodeSelector={}) for i in range(10)]
    sent = [_pod(f"sent-{i}", pool, tolerations=[]) for i, pool in enumerate(plan.pools)]
    _create(cluster, *free, *sent)
    gpu_nodes = {node for pool in plan.pools for node in _node_names(pool)}
    assert not gpu_nodes & set(_await_running(cluster, *free))
    for pod in sent:
        _await_refused(cluster, pod, "untolerated taint")


def _claiming(name: str, planned: PoolPlan, template: str, **spec: object) -> dict[str, Any]:
    claims = [{"name": "gpus", "resourceClaimTemplateName": template}]
    return _pod(name, planned, resources={"claims": [{"name": "gpus"}]}, resourceClaims=claims, **spec)


def _allocated(cluster: Cluster, pod: dict[str, Any]) -> list[tuple[str, str]]:
    """Node and device of everything the pod's claim got."""
    live: dict[str, Any] = cluster.get(pod) or {}
    (made,) = live["status"]["resourceClaimStatuses"]
    metadata = {"name": made["resourceClaimName"], "namespace": live["metadata"]["namespace"]}
    claim: dict[str, Any] = (
        cluster.get({"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim", "metadata": {**metadata}})
        or {}
    )
    results = claim.get("status", {}).get("allocation", {}).get("devices", {}).get("results", [])
    assert {result["driver"] for result in results} <= {"gpu.nvidia.com"}
    return [(result["pool"], result["device"]) for result in results]


@pytest.mark.parametrize("name", _pools(Allocation.DRA))
def test_claims_get_devices_of_one_node(cluster: Cluster, name: str) -> None:
    """The stack's claim templates get one device, or all devices of one node, from the real scheduler."""
    planned = _planned(name)
    for template, count in zip(claim_names(planned), (1, planned.system.gpus_per_node), strict=True):
        pod = _claiming(f"claims-{count}", planned, template)
        _create(cluster, pod)
        (node,) = _await_running(cluster, pod)
        devices = _allocated(cluster, pod)
        assert node in _node_names(planned)
        assert {where for where, _ in devices} == {node}
        assert len(set(devices)) == len(devices) == count


@pytest.mark.parametrize("name", _pools(Allocation.DRA))
def test_claims_beyond_a_node_stay_pending(cluster: Cluster, name: str) -> None:
    """A claim on a node whose devices are taken, and one for more devices than a node has, get nothing."""
    planned = _planned(name)
    one, whole_node = claim_names(planned)
    node = _node_names(planned)[0]
    first = _claiming("first", planned, whole_node, **_pinned(node))
    _create(cluster, first)
    _await_running(cluster, first)
    second = _claiming("second", planned, one, **_pinned(node))
    exactly = {"deviceClassName": device_class(planned.pool), "count": planned.system.gpus_per_node + 1}
    too_many = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaimTemplate",
        "metadata": {"name": "too-many", "namespace": second["metadata"]["namespace"], "labels": MARK},
        "spec": {"spec": {"devices": {"requests": [{"name": "gpu", "exactly": exactly}]}}},
    }
    third = _claiming("third", planned, "too-many")
    _create(cluster, too_many)
    _create(cluster, second, third)
    for pod in (second, third):
        _await_refused(cluster, pod, "cannot allocate all claims")
        assert _allocated(cluster, pod) == []
