"""Parts of the cluster fail; it comes back with no manual step, and GPU pods run again. GPUs are mocked."""

import time

import pytest

from aifactory.plan.nodes import POOL_LABEL
from tests.support.kind import Kind, eventually, gpu_pod

pytestmark = pytest.mark.kind
SPACE = "chaos-test"
GPU = "nvidia.com/gpu"
RECOVERY_S = 180.0


def _offers(pilot: Kind, pool: str) -> bool:
    worker = next(one for one in pilot.workers() if one.pool is not None and one.pool.name == pool)
    assert worker.pool is not None
    return pilot.offered(worker.container) == worker.pool.allocatable


def _gpu_pods_run(pilot: Kind, pool: str) -> None:
    """A Deployment gets a pod with a GPU of the pool.

    A pod that comes while a plugin is away is refused by the kubelet for good; its owner makes another one.
    """
    made = gpu_pod(SPACE, "again", pool, {GPU: 1})
    labels = {"app": "again"}
    spec = {**made["spec"], "restartPolicy": "Always"}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": made["metadata"],
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }
    with pilot.namespace(SPACE):
        pilot.apply(deployment)
        pilot.kubectl("-n", SPACE, "wait", "--for=condition=Available", "deployment/again", "--timeout=110s")
        seen = pilot.kubectl(
            "-n", SPACE, "exec", "deployment/again", "--", "sh", "-c", "echo $NVIDIA_VISIBLE_DEVICES"
        )
        assert seen.startswith("GPU-")
        pilot.kubectl("-n", SPACE, "delete", "deployment", "again")


def _ready(pilot: Kind, node: str) -> bool:
    conditions = pilot.node(node)["status"]["conditions"]
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _boot(pilot: Kind, node: str) -> str:
    return str(pilot.nodes().execute(node, "systemctl show -P ActiveEnterTimestampMonotonic kubelet").strip())


def test_a_worker_restarts(pilot: Kind) -> None:
    """A worker that reboots offers its GPUs again, its pods have a network, and GPU pods run."""
    node = pilot.worker("infer-gb300")
    pilot.nodes().restart(node)
    eventually("the node is Ready", lambda: _ready(pilot, node), RECOVERY_S)
    eventually("its GPUs are offered", lambda: _offers(pilot, "infer-gb300"), RECOVERY_S)
    with pilot.namespace(SPACE):
        pilot.apply(gpu_pod(SPACE, "resolver", "infer-gb300", {}))
        pilot.await_running(SPACE, "resolver", timeout_s=RECOVERY_S)
        name = "kubernetes.default.svc.cluster.local"
        eventually(
            "pods of the node resolve names over the network",
            lambda: pilot.kubectl("-n", SPACE, "exec", "resolver", "--", "nslookup", name, check=False),
            RECOVERY_S,
        )
    _gpu_pods_run(pilot, "infer-gb300")


def test_a_kubelet_restarts(pilot: Kind) -> None:
    """After a kubelet's restart the plugin has registered again: the node offers the same GPUs and runs pods."""
    node = pilot.worker("infer-b300")
    before = _boot(pilot, node)
    pilot.nodes().execute(node, "systemctl restart kubelet")
    eventually("the kubelet is a new one", lambda: _boot(pilot, node) not in {"", "0", before}, RECOVERY_S)
    time.sleep(15)  # a kubelet keeps what it knew for a while: what counts is what stands after that
    eventually("its GPUs are offered", lambda: _offers(pilot, "infer-b300"), RECOVERY_S)
    _gpu_pods_run(pilot, "infer-b300")


def test_a_device_plugin_dies(pilot: Kind) -> None:
    """A device plugin whose pod is deleted is replaced, and the node offers all its GPUs again."""
    node = pilot.worker("infer-gb300")
    where = (
        "-n",
        "gpu-operator",
        "-l",
        "app=nvidia-device-plugin-daemonset",
        "--field-selector",
        f"spec.nodeName={node}",
    )
    before = pilot.kubectl("get", "pods", *where, "-o", "jsonpath={.items[*].metadata.uid}")
    assert before
    pilot.kubectl("delete", "pods", *where, "--grace-period=0", "--force")
    eventually(
        "another plugin runs",
        lambda: (
            pilot.kubectl("get", "pods", *where, "-o", "jsonpath={.items[*].metadata.uid}")
            not in {"", before}
        ),
        RECOVERY_S,
    )
    eventually("its GPUs are offered", lambda: _offers(pilot, "infer-gb300"), RECOVERY_S)
    _gpu_pods_run(pilot, "infer-gb300")


def test_a_node_is_deleted_and_returns(pilot: Kind) -> None:
    """A node that is deleted, boots and joins again is discovered, labelled, tainted and offers its GPUs again.

    Its kubelet registers a Node without what others had written on it, and with another pod network.
    """
    node = pilot.worker("infer-b300")
    uid = pilot.node(node)["metadata"]["uid"]
    pilot.kubectl("delete", "node", node)
    pilot.nodes().restart(node)
    eventually(
        "the node registered again",
        lambda: (
            pilot.kubectl("get", "node", node, "-o", "jsonpath={.metadata.uid}", check=False) not in {"", uid}
        ),
        RECOVERY_S,
    )
    eventually("the node is Ready", lambda: _ready(pilot, node), RECOVERY_S)
    eventually("its GPUs are offered", lambda: _offers(pilot, "infer-b300"), RECOVERY_S)
    _gpu_pods_run(pilot, "infer-b300")


def test_a_pool_that_a_job_labels_is_labelled_again(pilot: Kind) -> None:
    """What a node of such a pool lost, the pool's CronJob writes again; it is started here instead of waited for."""
    node = pilot.worker("infer-gb300")
    pilot.kubectl("label", "node", node, f"{POOL_LABEL}-", "nvidia.com/device-plugin.config-")
    pilot.kubectl("taint", "node", node, "nvidia.com/gpu-")
    pilot.kubectl(
        "-n", "aifactory-system", "create", "job", "--from=cronjob/pool-infer-gb300", "pool-infer-gb300-now"
    )
    try:
        eventually(
            "the label is back",
            lambda: pilot.node(node)["metadata"]["labels"].get(POOL_LABEL) == "infer-gb300",
        )
        eventually("the taint is back", lambda: pilot.node(node)["spec"].get("taints"))
    finally:
        pilot.kubectl("-n", "aifactory-system", "delete", "job", "pool-infer-gb300-now")
    eventually("its GPUs are offered", lambda: _offers(pilot, "infer-gb300"), RECOVERY_S)
    _gpu_pods_run(pilot, "infer-gb300")
