"""Shared and partitioned GPUs, two configurations at once. MIG here is what a mock NVML reports."""

import pytest
import yaml

from tests.support.kind import Kind, gpu_pod

pytestmark = pytest.mark.kind
SPACE = "sharing-test"
SHARED, INSTANCE = "nvidia.com/gpu.shared", "nvidia.com/mig-1g.23gb"


def test_time_slicing_and_mig_are_offered_side_by_side(pilot: Kind) -> None:
    """Four shares of each GPU on one pool, seven instances of each GPU on another, at the same time."""
    assert pilot.offered(pilot.worker("twin-rtx")) == {SHARED: 8 * 4}
    assert pilot.offered(pilot.worker("infer-b200-mig")) == {INSTANCE: 8 * 7}


def test_shares_of_one_gpu_serve_several_pods(pilot: Kind) -> None:
    """More pods than GPUs run on a time-sliced node; each gets one GPU, some the same."""
    with pilot.namespace(SPACE):
        names = [f"share-{index}" for index in range(9)]
        pilot.apply(*(gpu_pod(SPACE, name, "twin-rtx", {SHARED: 1}) for name in names))
        pilot.await_running(SPACE, *names)
        seen = [pilot.execute(SPACE, name, "echo $NVIDIA_VISIBLE_DEVICES").strip() for name in names]
        assert all(len(text.split(",")) == 1 and text.startswith("GPU-") for text in seen), seen
        assert len(set(seen)) < len(seen)


def test_more_than_one_share_is_refused(pilot: Kind) -> None:
    """Shares add neither memory nor time: a pod that asks for two is refused by the plugin."""
    with pilot.namespace(SPACE):
        pilot.apply(gpu_pod(SPACE, "two", "twin-rtx", {SHARED: 2}))
        pilot.kubectl(
            "-n", SPACE, "wait", "--for=jsonpath={.status.phase}=Failed", "pod/two", "--timeout=60s"
        )
        assert "UnexpectedAdmissionError" in str(pilot.pod(SPACE, "two")["status"])


def test_mig_instances_are_distinct_devices(pilot: Kind) -> None:
    """Pods that each ask for an instance get instances that nobody else has."""
    with pilot.namespace(SPACE):
        names = [f"instance-{index}" for index in range(8)]
        pilot.apply(*(gpu_pod(SPACE, name, "infer-b200-mig", {INSTANCE: 1}) for name in names))
        pilot.await_running(SPACE, *names)
        seen = {pilot.execute(SPACE, name, "echo $NVIDIA_VISIBLE_DEVICES").strip() for name in names}
        assert len(seen) == len(names)
        assert all(text.startswith("MIG-") for text in seen), seen


def test_each_pool_has_its_own_configuration(pilot: Kind) -> None:
    """The configurations that the plugins read are the stack's, one a pool."""
    found = pilot.kubectl("-n", "gpu-operator", "get", "configmap", "aifactory-device-plugin", "-o", "yaml")
    files = yaml.safe_load(found)["data"]
    strategies = {key: yaml.safe_load(text)["flags"]["migStrategy"] for key, text in files.items()}
    assert strategies["infer-b200-mig"] == "mixed"
    assert strategies["infer-gb300"] == "none"
    twin = yaml.safe_load(files["twin-rtx"])["sharing"]["timeSlicing"]
    assert twin["resources"] == [{"name": "nvidia.com/gpu", "replicas": 4}]
