"""A GPU that fails is withdrawn, and comes back. The failure is a critical XID that the mock NVML reports."""

import pytest

from tests.support.kind import Kind, eventually

pytestmark = pytest.mark.kind
GPU = "nvidia.com/gpu"
FAULTS = "/var/lib/mock-nvidia/etc/faults"


def test_a_critical_error_withdraws_the_gpu_and_recovery_brings_it_back(pilot: Kind) -> None:
    """After an XID the node offers one GPU less; it offers all again once the fault is gone and its plugin restarted.

    NVIDIA's plugin v0.18.2 never takes a GPU back by itself: whoever repairs a GPU restarts the plugin's pod.
    """
    node = pilot.worker("infer-b300")
    plugin = (
        "-n",
        "gpu-operator",
        "-l",
        "app=nvidia-device-plugin-daemonset",
        "--field-selector",
        f"spec.nodeName={node}",
    )
    assert pilot.offered(node) == {GPU: 8}
    try:
        pilot.nodes().execute(node, f"echo '2 79' >> {FAULTS}")
        eventually("one GPU is withdrawn", lambda: pilot.offered(node) == {GPU: 7})
        assert "Xid=79" in pilot.kubectl("logs", *plugin[:4], "--tail=-1", "--all-containers")
    finally:
        pilot.nodes().execute(node, f": > {FAULTS}")
        pilot.kubectl("delete", "pods", *plugin, "--grace-period=0", "--force")
    eventually("all GPUs are offered again", lambda: pilot.offered(node) == {GPU: 8}, 120)


def test_an_application_error_withdraws_nothing(pilot: Kind) -> None:
    """XIDs that a program causes, such as 31, leave the GPU healthy: the control of the test above."""
    node = pilot.worker("infer-gb300")
    try:
        pilot.nodes().execute(node, f"echo '1 31' >> {FAULTS}")
        eventually(
            "the plugin has heard of it",
            lambda: (
                "Skipping event"
                in pilot.kubectl(
                    "-n",
                    "gpu-operator",
                    "logs",
                    "-l",
                    "app=nvidia-device-plugin-daemonset",
                    "--tail=-1",
                    "--all-containers",
                )
            ),
            30,
        )
        assert pilot.offered(node) == {GPU: 4}
    finally:
        pilot.nodes().execute(node, f": > {FAULTS}")
