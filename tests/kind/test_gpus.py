"""GPUs as pods see them. They are reported by a mock NVML and offered by NVIDIA's own device plugin."""

import pytest

from aifactory.lab.kind.offers import wanted
from aifactory.plan.nodes import POOL_LABEL
from aifactory.spec.pools import Allocation
from tests.support.kind import Kind, eventually, gpu_pod

pytestmark = pytest.mark.kind
SPACE = "gpu-test"


def test_every_worker_offers_what_the_plan_says(pilot: Kind) -> None:
    """The allocatable resources of each GPU node are the plan's, and no others of nvidia.com."""
    for worker in pilot.workers():
        assert worker.pool is not None
        assert pilot.offered(worker.container) == worker.pool.allocatable, worker.pool.name


def test_every_worker_is_labelled_and_tainted_as_its_pool(pilot: Kind) -> None:
    """Whatever picks a pool's nodes - a feature rule or a Job - labels and taints exactly its worker."""
    for worker in pilot.workers():
        assert worker.pool is not None
        node = pilot.node(worker.container)
        assert node["metadata"]["labels"][POOL_LABEL] == worker.pool.name
        taints = {(taint["key"], taint["effect"]) for taint in node["spec"].get("taints", [])}
        assert taints == {("nvidia.com/gpu", "NoSchedule")}


def test_a_pod_per_gpu_runs_and_one_more_stays_pending(pilot: Kind) -> None:
    """Each GPU of a node serves one pod, all different; the next pod waits for a GPU."""
    with pilot.namespace(SPACE):
        names = [f"one-{index}" for index in range(4)]
        pilot.apply(*(gpu_pod(SPACE, name, "infer-gb300", {"nvidia.com/gpu": 1}) for name in names))
        pilot.await_running(SPACE, *names)
        seen = [
            pilot.execute(SPACE, name, "echo $NVIDIA_VISIBLE_DEVICES; ls /dev | grep -E '^nvidia[0-9]+$'")
            for name in names
        ]
        devices = [tuple(text.split()) for text in seen]
        assert all(len(device) == 2 for device in devices), devices
        assert len({uuid for uuid, _ in devices}) == len({node for _, node in devices}) == 4
        pilot.apply(gpu_pod(SPACE, "one-more", "infer-gb300", {"nvidia.com/gpu": 1}))
        said = eventually("the scheduler refuses", lambda: pilot.unschedulable(SPACE, "one-more"))
        assert "Insufficient nvidia.com/gpu" in said
        assert pilot.phase(SPACE, "one-more") == "Pending"


def test_a_pod_of_all_gpus_sees_all_of_them(pilot: Kind) -> None:
    """A pod that asks for the whole node gets every device once."""
    with pilot.namespace(SPACE):
        pilot.apply(gpu_pod(SPACE, "all", "infer-b300", {"nvidia.com/gpu": 8}))
        pilot.await_running(SPACE, "all")
        found = pilot.execute(
            SPACE, "all", "echo $NVIDIA_VISIBLE_DEVICES; ls /dev | grep -cE '^nvidia[0-9]+$'"
        ).split()
        assert len(set(found[0].split(","))) == 8
        assert found[1] == "8"


def test_a_pod_without_the_toleration_never_lands_on_a_gpu_node(pilot: Kind) -> None:
    """Neither a plain pod nor one that asks for GPUs gets past the taint."""
    gpu_nodes = set(wanted(pilot.workers()))
    with pilot.namespace(SPACE):
        plain = [f"plain-{index}" for index in range(6)]
        pilot.apply(*(gpu_pod(SPACE, name, None, {}, tolerate=False) for name in plain))
        pilot.apply(gpu_pod(SPACE, "greedy", None, {"nvidia.com/gpu": 1}, tolerate=False))
        pilot.await_running(SPACE, *plain)
        assert not gpu_nodes & {pilot.pod(SPACE, name)["spec"]["nodeName"] for name in plain}
        said = eventually("the scheduler refuses", lambda: pilot.unschedulable(SPACE, "greedy"))
        assert "untolerated taint" in said
        # The control: the same pod with the toleration runs.
        pilot.apply(gpu_pod(SPACE, "tolerant", None, {"nvidia.com/gpu": 1}))
        pilot.await_running(SPACE, "tolerant")


def test_no_node_is_served_both_ways(pilot: Kind) -> None:
    """A node has the device plugin's resources or the DRA driver's devices, never both."""
    by_dra = {spec["nodeName"] for spec in pilot.slices()}
    by_plugin = {worker.container for worker in pilot.workers() if pilot.offered(worker.container)}
    assert by_dra == {
        worker.container
        for worker in pilot.workers()
        if worker.pool is not None and worker.pool.pool.allocation is Allocation.DRA
    }
    assert by_dra
    assert by_plugin
    assert not by_dra & by_plugin
