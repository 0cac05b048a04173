"""Claims: the real DRA driver allocates mock GPUs of one pool, beside pools of the device plugin."""

from typing import Any

import pytest

from aifactory.plan.nodes import POOL_LABEL
from tests.support.kind import GPU_TOLERATION, Kind, eventually, gpu_pod

pytestmark = pytest.mark.kind
SPACE = "training"
"""A namespace of the stack: the claim templates of the pool are there."""
TEMPLATE = "train-gb300-gpu"


def _claiming(name: str) -> dict[str, Any]:
    made = gpu_pod(SPACE, name, "train-gb300", {})
    made["spec"]["resourceClaims"] = [{"name": "gpu", "resourceClaimTemplateName": TEMPLATE}]
    made["spec"]["containers"][0]["resources"] = {
        "claims": [{"name": "gpu"}],
        "requests": {"cpu": "10m", "memory": "16Mi"},
        "limits": {"cpu": "100m", "memory": "64Mi"},
    }
    return made


def test_the_driver_publishes_the_devices_of_the_pool(pilot: Kind) -> None:
    """The driver's slice of the pool's node has a whole GPU for each that the plan says, with its product name."""
    slices = pilot.slices()
    assert {spec["nodeName"] for spec in slices} == {pilot.worker("train-gb300")}
    devices = [device for spec in slices for device in spec["devices"]]
    assert len(devices) == 4
    assert {device["attributes"]["productName"]["string"] for device in devices} == {"NVIDIA GB300"}


def test_a_claim_is_allocated_and_its_pod_runs_with_the_device(pilot: Kind) -> None:
    """Each pod with a claim of the stack's own template runs with another device; the fifth waits."""
    names = [f"claim-{index}" for index in range(4)]
    try:
        pilot.apply(*(_claiming(name) for name in names))
        pilot.await_running(SPACE, *names)
        seen = [pilot.execute(SPACE, name, "ls /dev | grep -E '^nvidia[0-9]+$'").split() for name in names]
        assert sorted(device for devices in seen for device in devices) == [f"nvidia{i}" for i in range(4)], (
            seen
        )
        pilot.apply(_claiming("claim-more"))
        said = eventually("the scheduler refuses", lambda: pilot.unschedulable(SPACE, "claim-more"))
        assert "cannot allocate all claims" in said
    finally:
        pilot.kubectl(
            "-n",
            SPACE,
            "delete",
            "pods",
            "--grace-period=0",
            "--force",
            *names,
            "claim-more",
            "--ignore-not-found",
        )


def test_the_claims_own_pool_has_no_device_plugin(pilot: Kind) -> None:
    """No pod of a device plugin is on the node that serves claims."""
    node = pilot.worker("train-gb300")
    assert pilot.node(node)["metadata"]["labels"][POOL_LABEL] == "train-gb300"
    pods = pilot.kubectl("get", "pods", "-A", "--field-selector", f"spec.nodeName={node}", "-o", "name")
    assert "device-plugin" not in pods
    assert GPU_TOLERATION["key"] in str(pilot.node(node)["spec"]["taints"])
