"""What the workers of a kind lab offer, held against the plan: extended resources, and devices of DRA."""

import time
from collections import Counter
from collections.abc import Callable, Iterable

from aifactory.deliver.cluster import Cluster
from aifactory.errors import LabError
from aifactory.lab.kind.layout import Worker
from aifactory.manifests.model import KubernetesObject, text_at
from aifactory.spec.pools import Allocation

GPU_DRIVER = "gpu.nvidia.com"
DEVICES = f"devices of {GPU_DRIVER}"
"""Stands for a resource where a node's GPUs are devices of the DRA driver."""
OFFER_TIMEOUT_S = 180.0
_POLL_S = 0.5
Offer = dict[str, int]
Notify = Callable[[str], None]


def wanted(made: Iterable[Worker]) -> dict[str, Offer]:
    """What each GPU worker has to offer, by its name: the plan's allocatable resources of one node.

    A node whose pool allocates through DRA offers devices, and no resource of the device plugin at all. One whose
    pool is shared by MPS offers nothing: the plugin waits for a control daemon, which needs CUDA.
    """
    found: dict[str, Offer] = {}
    for worker in made:
        if worker.pool is None:
            continue
        pool = worker.pool.pool
        if pool.partitioning.mps is not None:
            found[worker.container] = {}
        elif pool.allocation is Allocation.DRA:
            found[worker.container] = {DEVICES: worker.pool.system.gpus_per_node}
        else:
            found[worker.container] = dict(worker.pool.allocatable)
    return found


def offered(cluster: Cluster, names: Iterable[str]) -> dict[str, Offer]:
    """What the named nodes offer now: resources of nvidia.com, and devices of NVIDIA's DRA driver."""
    found: dict[str, Offer] = {name: {} for name in names}
    for node in cluster.list("v1", "Node"):
        name = text_at(node, "metadata", "name")
        if name in found:
            found[name] |= _resources(node)
    devices = _devices(cluster.list("resource.k8s.io/v1", "ResourceSlice"))
    for name, count in devices.items():
        if name in found:
            found[name][DEVICES] = count
    return found


def await_offers(
    cluster: Cluster, made: tuple[Worker, ...], notify: Notify, timeout_s: float = OFFER_TIMEOUT_S
) -> None:
    """Every GPU worker offers exactly what the plan says.

    Args:
        cluster: The lab's cluster.
        made: Its workers.
        notify: Told once that all is there.
        timeout_s: Seconds to wait.

    Raises:
        LabError: If some do not in time; names each node, what it offers and what it should.
    """
    expected = wanted(made)
    deadline = time.monotonic() + timeout_s
    while True:
        now = offered(cluster, expected)
        if now == expected:
            break
        if time.monotonic() > deadline:
            wrong = [
                f"{name} offers {_shown(now[name])} instead of {_shown(offer)}"
                for name, offer in expected.items()
                if now[name] != offer
            ]
            raise LabError(
                f"after {timeout_s:.0f} s {'; '.join(wrong)}; each worker has to offer what the plan says;"
                " see the logs of the device plugin and the DRA driver with kubectl"
            )
        time.sleep(_POLL_S)
    notify(
        f"{len(expected)} GPU workers offer what the plan says: mock GPUs, offered by NVIDIA's own programs"
    )


def _resources(node: KubernetesObject) -> Offer:
    status = node.get("status")
    allocatable = status.get("allocatable") if isinstance(status, dict) else None
    return {
        key: int(str(count))
        for key, count in (allocatable if isinstance(allocatable, dict) else {}).items()
        if key.startswith("nvidia.com/") and int(str(count))
    }


def _devices(slices: Iterable[KubernetesObject]) -> Counter[str]:
    found: Counter[str] = Counter()
    for one in slices:
        spec = one.get("spec")
        if not isinstance(spec, dict) or spec.get("driver") != GPU_DRIVER:
            continue
        devices = spec.get("devices")
        found[str(spec.get("nodeName"))] += len(devices) if isinstance(devices, list) else 0
    return found


def _shown(offer: Offer) -> str:
    return ", ".join(f"{name}: {count}" for name, count in sorted(offer.items())) or "nothing"
