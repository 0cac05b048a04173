"""Labels that others write on the workers of a kind lab, awaited before what depends on them goes on."""

import time

from aifactory.deliver.cluster import Cluster
from aifactory.errors import LabError
from aifactory.lab.kind.layout import Worker
from aifactory.manifests.model import text_at
from aifactory.plan.nodes import POOL_LABEL

LABELS_TIMEOUT_S = 180.0
GPU_PRESENT = "nvidia.com/gpu.present"
_POLL_S = 0.5


def await_discovery(cluster: Cluster, made: tuple[Worker, ...], timeout_s: float = LABELS_TIMEOUT_S) -> None:
    """Every GPU worker carries what Node Feature Discovery found on it.

    A lab that is up is then the same whenever it is looked at: its labels do not come later, beside a stack's.

    Args:
        cluster: The lab's cluster.
        made: Its workers.
        timeout_s: Seconds to wait.

    Raises:
        LabError: If some do not in time; names each.
    """
    _await(
        cluster,
        GPU_PRESENT,
        {worker.container: "true" for worker in made if worker.pool is not None},
        "which says that a GPU was found; Node Feature Discovery writes it; see the logs of nfd-worker and nfd-master"
        " in the namespace node-feature-discovery",
        timeout_s,
    )


def await_pool_labels(
    cluster: Cluster, made: tuple[Worker, ...], timeout_s: float = LABELS_TIMEOUT_S
) -> None:
    """Every GPU worker carries its pool's label, which also names its device-plugin configuration.

    A plugin that starts before is told to restart as soon as the label comes, and a kubelet that hears of the old
    plugin's end after the new one's registration then offers nothing.

    Args:
        cluster: The lab's cluster.
        made: Its workers.
        timeout_s: Seconds to wait.

    Raises:
        LabError: If some do not in time; names each.
    """
    _await(
        cluster,
        POOL_LABEL,
        {worker.container: worker.pool.name for worker in made if worker.pool is not None},
        "of their pool; a feature rule or a Job of the stack writes it; see the logs of nfd-master and of the Jobs in"
        " the namespace aifactory-system",
        timeout_s,
    )


def _await(cluster: Cluster, label: str, expected: dict[str, str], why: str, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while True:
        labels = {
            text_at(node, "metadata", "name"): text_at(node, "metadata", "labels", label)
            for node in cluster.list("v1", "Node")
        }
        wrong = sorted(name for name, value in expected.items() if labels.get(name) != value)
        if not wrong:
            return
        if time.monotonic() > deadline:
            raise LabError(f"after {timeout_s:.0f} s {', '.join(wrong)} do not carry the label {label} {why}")
        time.sleep(_POLL_S)
