"""Layer gpu-operator: the NVIDIA GPU Operator with its ConfigMaps, and after it what it is told.

Values are those of the chart gpu-operator v26.7 (https://github.com/NVIDIA/gpu-operator).
"""

import yaml
from pydantic import JsonValue

from aifactory.catalog.models import Chart
from aifactory.manifests import gpu_operator_config as config
from aifactory.manifests.chart_images import from_registry
from aifactory.manifests.gpu_operator_config import GpuOperatorArgs
from aifactory.manifests.layers import layer
from aifactory.manifests.model import KubernetesObject, Layer, LayerName, Release
from aifactory.manifests.namespaces import namespace
from aifactory.manifests.render import render_one
from aifactory.manifests.sharing import config_files
from aifactory.plan.models import PoolPlan
from aifactory.spec.operators import Owner

NVIDIA_VENDOR = "10DE"
"""PCI vendor id of NVIDIA, as mig-parted's device filter ends."""
_NFD_MASTER: dict[str, JsonValue] = {"enableTaints": True}
"""Pools are tainted by their NodeFeatureRule, which the master ignores by default."""
_NFD_TOLERATIONS: list[JsonValue] = [
    {"key": "node-role.kubernetes.io/control-plane", "operator": "Exists", "effect": "NoSchedule"},
    config.GPU_TOLERATION,
]


def layers(args: GpuOperatorArgs) -> tuple[Layer, ...]:
    """The operator, then its custom resources, in a layer of their own; nothing where it is absent.

    - Namespace and chart are declared only where this stack keeps the operator.
    - ConfigMaps and custom resources are ours whoever keeps it.

    Raises:
        ValueError: If an image is missing, a pool is named ``default``, a MIG layout is unknown, or pools
            differ in their driver while NVIDIADrivers are off.
    """
    if args.spec.owner is Owner.ABSENT:
        return ()
    home = args.spec.namespace
    objects: list[KubernetesObject] = []
    if args.spec.owner is Owner.MANAGED:
        objects.append(namespace(home, "privileged"))
    elif _nfd_alone(args) and args.nfd.namespace != home:
        objects.append(namespace(args.nfd.namespace, "privileged"))
    objects += [
        _config_map(config.PLUGIN_CONFIG, home, dict(config_files(args.pools))),
        _config_map(config.MIG_CONFIG, home, {"config.yaml": yaml.safe_dump(mig_layouts(args.pools))}),
        render_one("gpu-operator/dcgm-metrics.yaml.j2", {"name": config.METRICS_CONFIG, "namespace": home}),
    ]
    told = [config.cluster_policy(args), *config.nvidia_drivers(args)]
    return (
        layer(LayerName.GPU_OPERATOR, args.inventory, objects, _releases(args)),
        layer(LayerName.GPU_OPERATOR_CONFIG, args.inventory, told),
    )


def plugin_configs(args: GpuOperatorArgs) -> tuple[str, ...]:
    """Keys of the device plugin's configurations: one a pool of the device plugin, and ``default``.

    Pools of a standalone plugin have theirs here too: the operator's GPU feature discovery runs on their
    nodes, and reads the same node label.
    """
    return tuple(config_files(args.pools))


def mig_layouts(pools: tuple[PoolPlan, ...]) -> dict[str, JsonValue]:
    """The MIG layouts that the pools use, and ``all-disabled``, in mig-parted's format v1.

    - A layout has one entry for each GPU that uses it, picked by the GPU's PCI id: one name can mean
      different instances on different GPUs.

    Args:
        pools: The pools of the operator.

    Raises:
        ValueError: If a pool's GPU has no such layout.
    """
    layouts: dict[str, JsonValue] = {"all-disabled": [{"devices": "all", "mig-enabled": False}]}
    used = {
        (planned.pool.partitioning.mig.layout, planned.system.gpu.pci_device): planned
        for planned in pools
        if planned.pool.partitioning.mig is not None and planned.system.gpu.pci_device is not None
    }
    for name in sorted({layout for layout, _ in used}):
        entries: list[JsonValue] = []
        for (layout, device), planned in sorted(used.items(), key=lambda item: item[0]):
            if layout != name:
                continue
            if name not in planned.system.mig:
                raise ValueError(f"pool {planned.name}: {name} is no MIG layout of {planned.system.gpu.name}")
            instances: dict[str, JsonValue] = {**planned.system.mig[name]}
            entries.append(
                {
                    "device-filter": [f"0x{device.upper()}{NVIDIA_VENDOR}"],
                    "devices": "all",
                    "mig-enabled": True,
                    "mig-devices": instances,
                }
            )
        layouts[name] = entries
    return {"version": "v1", "mig-configs": layouts}


def operator_values(args: GpuOperatorArgs) -> dict[str, JsonValue]:
    """Values of the operator's chart: it brings the operator, its CRDs and perhaps NFD, and no resources.

    A taint has to be tolerated by NFD's workers as well as by the operator's DaemonSets.
    """
    return {
        "clusterPolicy": {"deployCR": False},
        "gpuCluster": {"deployCR": False},
        "driver": {"nvidiaDriverCRD": {"enabled": args.spec.driver_crd, "deployDefaultCR": False}},
        "operator": {"upgradeCRD": True, "cleanupCRD": False},
        "nfd": {"enabled": args.nfd.owner is Owner.MANAGED},
        "node-feature-discovery": {
            "master": _NFD_MASTER,
            "worker": {"tolerations": _NFD_TOLERATIONS},
        },
    }


def _nfd_values() -> dict[str, JsonValue]:
    classes: list[JsonValue] = ["02", "0200", "0207", "0300", "0302"]
    pci: dict[str, JsonValue] = {"deviceClassWhitelist": classes, "deviceLabelFields": ["vendor"]}
    return {
        "master": {**_NFD_MASTER, "config": {"extraLabelNs": ["nvidia.com"]}},
        "worker": {"tolerations": _NFD_TOLERATIONS, "config": {"sources": {"pci": pci}}},
    }


def _nfd_alone(args: GpuOperatorArgs) -> bool:
    return (
        args.nfd_chart is not None
        and args.nfd.owner is Owner.MANAGED
        and args.spec.owner is not Owner.MANAGED
    )


def _releases(args: GpuOperatorArgs) -> list[Release]:
    if args.spec.owner is Owner.MANAGED:
        return [_release(args, args.chart, args.spec.namespace, operator_values(args))]
    if args.nfd_chart is not None and _nfd_alone(args):
        return [_release(args, args.nfd_chart, args.nfd.namespace, _nfd_values())]
    return []


def _release(args: GpuOperatorArgs, chart: Chart, home: str, values: dict[str, JsonValue]) -> Release:
    return Release(
        name=chart.chart,
        namespace=home,
        chart=chart.chart,
        version=chart.version,
        repository=chart.repository,
        digest=chart.digest,
        values=from_registry(chart.id, values, args.images) if args.mirrored else values,
        skipped=args.skip_charts,
    )


def _config_map(name: str, home: str, data: dict[str, JsonValue]) -> KubernetesObject:
    return render_one("gpu-operator/config-map.yaml.j2", {"name": name, "namespace": home, "data": data})


__all__ = ["GpuOperatorArgs", "layers", "mig_layouts", "operator_values", "plugin_configs"]
