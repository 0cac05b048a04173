"""Layer gpu-operator-config: what the GPU Operator is told, as ClusterPolicy and NVIDIADriver.

Two decisions follow from how GPU Operator v26.7 reads these objects
(https://github.com/NVIDIA/gpu-operator, controllers/object_controls.go, internal/nvidiadriver):

- A ClusterPolicy has one MIG strategy, and the device plugin takes it before its configuration file. So it is
  left out, and each pool's own strategy comes through its named configuration.
- Two NVIDIADrivers that match one node stop every driver, and only ``nodeSelector`` decides who matches. So
  each pool has its own, selected by the pool's label, which a node has once.
"""

from collections.abc import Iterable

from pydantic import JsonValue

from aifactory.catalog.models import Chart
from aifactory.manifests.labels import Inventory
from aifactory.manifests.model import KubernetesObject, ManifestModel
from aifactory.manifests.render import render_one
from aifactory.manifests.sharing import DEFAULT
from aifactory.plan.models import PoolPlan
from aifactory.plan.nodes import GPU_TAINT, POOL_LABEL
from aifactory.spec.operators import GpuOperator, NodeFeatureDiscovery
from aifactory.spec.pools import DeviceStack, Driver

PLUGIN_CONFIG = "aifactory-device-plugin"
"""ConfigMap of the device plugin's named configurations."""
MIG_CONFIG = "aifactory-mig-layouts"
"""ConfigMap of the MIG layouts."""
METRICS_CONFIG = "aifactory-dcgm-metrics"
"""ConfigMap of the list of metrics."""
OPERATOR_IMAGE = "nvcr.io/nvidia/gpu-operator"
"""The operator's image, which also validates; its version is the chart's."""
GPU_TOLERATION: dict[str, JsonValue] = {
    "key": GPU_TAINT["key"],
    "operator": "Exists",
    "effect": GPU_TAINT["effect"],
}
_OPERANDS = {
    "toolkit": "container-toolkit",
    "device_plugin": "k8s-device-plugin",
    "dcgm": "dcgm",
    "dcgm_exporter": "dcgm-exporter",
    "mig_manager": "mig-manager",
    "driver_manager": "driver-manager",
}
"""Images of the operands by their catalogue ids."""


class GpuOperatorArgs(ManifestModel):
    """Arguments of the component GpuOperator."""

    inventory: Inventory = Inventory()
    spec: GpuOperator = GpuOperator()
    """Who owns the operator, and the choices that are the stack's."""
    nfd: NodeFeatureDiscovery = NodeFeatureDiscovery()
    """Who owns Node Feature Discovery; the operator's chart brings it where this stack does."""
    pools: tuple[PoolPlan, ...]
    """The pools whose driver the operator installs; those of DRA included."""
    chart: Chart
    """The pinned chart of the operator."""
    nfd_chart: Chart | None = None
    """The pinned chart of NFD, for a managed NFD beside an operator that somebody else keeps."""
    images: dict[str, str]
    """Pinned image references by catalogue id."""
    mirrored: bool = False
    """Whether images come from a registry of the site: the charts then take their own images from there too."""
    service_monitor: bool = False
    """Whether Prometheus finds the exporter by a ServiceMonitor; only where the cluster serves that kind."""
    skip_charts: str | None = None
    """Why charts are not installed; None means they are."""


def image(images: dict[str, str], name: str) -> dict[str, JsonValue]:
    """A pinned image as the operator's objects name it: repository, image and version, all text.

    Args:
        images: References by catalogue id, each with a tag or a digest.
        name: Catalogue id.

    Raises:
        ValueError: If there is no such image, or its reference has no version.
    """
    if name not in images:
        raise ValueError(f"the catalogue pins no image '{name}', which the GPU Operator needs")
    reference = images[name]
    path, _, version = reference.rpartition("@" if "@" in reference else ":")
    repository, _, last = path.rpartition("/")
    if not repository or not last or "/" in version:
        raise ValueError(f"the image '{name}' is not pinned: {reference} has no version")
    return {"repository": repository, "image": last, "version": version}


def driver_names(args: GpuOperatorArgs) -> tuple[str, ...]:
    """Names of the NVIDIADrivers: one a pool, named like it; none where the ClusterPolicy has the driver."""
    return tuple(planned.name for planned in args.pools) if args.spec.driver_crd else ()


def cluster_policy(args: GpuOperatorArgs) -> KubernetesObject:
    """The one ClusterPolicy, complete: nothing is left to the operator's own defaults but MIG strategy.

    Raises:
        ValueError: If an image is missing, or pools differ in their driver while NVIDIADrivers are off.
    """
    operands: dict[str, JsonValue] = {key: image(args.images, name) for key, name in _OPERANDS.items()}
    operator = {"gpu-operator": f"{OPERATOR_IMAGE}:{args.chart.version}", **args.images}
    driver = None if args.spec.driver_crd else _one_driver(args.pools)
    return render_one(
        "gpu-operator/cluster-policy.yaml.j2",
        {
            "images": {**operands, "operator": image(operator, "gpu-operator")},
            "tolerations": [GPU_TOLERATION],
            "driver_crd": args.spec.driver_crd,
            "driver": _driver_image(args.images, driver) if driver else None,
            "kernel_module": driver.kernel_module if driver else None,
            "rdma": driver.rdma if driver else None,
            "gds": image(args.images, "nvidia-fs") if driver and driver.gds else None,
            "upgrade_policy": upgrade_policy(driver) if driver else None,
            "serves_pools": any(planned.pool.served_by is DeviceStack.OPERATOR for planned in args.pools),
            "plugin_config": PLUGIN_CONFIG,
            "plugin_default": DEFAULT,
            "standalone_dcgm": args.spec.standalone_dcgm,
            "metrics_config": METRICS_CONFIG,
            "service_monitor": args.service_monitor,
            "mig_config": MIG_CONFIG,
        },
    )


def nvidia_drivers(args: GpuOperatorArgs) -> tuple[KubernetesObject, ...]:
    """One NVIDIADriver a pool; none where the ClusterPolicy has the driver.

    - No two select one node: each selects its pool's label, which has one value on a node.
    - Trays with another architecture or page size are pools of their own, so each has its own driver.

    Raises:
        ValueError: If an image is missing.
    """
    if not args.spec.driver_crd:
        return ()
    return tuple(_nvidia_driver(planned, args.images) for planned in args.pools)


def upgrade_policy(driver: Driver) -> dict[str, JsonValue]:
    """How a new driver is rolled over the nodes; durations in seconds.

    - Pods with an emptyDir are removed too: nearly every GPU pod has its shared memory in one.
    - Nodes are not drained: pods without GPUs stay.
    """
    return {
        "autoUpgrade": True,
        "maxParallelUpgrades": driver.max_parallel_upgrades,
        "maxUnavailable": driver.max_unavailable,
        "waitForCompletion": {"podSelector": "", "timeoutSeconds": 0},
        "podDeletion": {"force": False, "timeoutSeconds": 300, "deleteEmptyDir": True},
        "drain": {"enable": False, "force": False, "timeoutSeconds": 300, "deleteEmptyDir": False},
    }


def _nvidia_driver(planned: PoolPlan, images: dict[str, str]) -> KubernetesObject:
    driver = planned.pool.driver
    return render_one(
        "gpu-operator/nvidia-driver.yaml.j2",
        {
            "name": planned.name,
            "node_selector": {POOL_LABEL: planned.name},
            "driver": _driver_image(images, driver),
            "manager": image(images, "driver-manager"),
            "kernel_module": driver.kernel_module,
            "rdma": driver.rdma,
            "gds": image(images, "nvidia-fs") if driver.gds else None,
            "tolerations": [GPU_TOLERATION],
            "upgrade_policy": upgrade_policy(driver),
        },
    )


def _driver_image(images: dict[str, str], driver: Driver) -> dict[str, JsonValue]:
    pinned = image(images, "driver")
    return pinned if driver.version is None else {**pinned, "version": driver.version}


def _one_driver(pools: Iterable[PoolPlan]) -> Driver:
    needs = {planned.pool.driver for planned in pools} or {Driver()}
    if len(needs) > 1:
        raise ValueError("pools differ in their driver, which needs operators.gpu_operator.driver_crd: true")
    return needs.pop()
