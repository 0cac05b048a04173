"""Layers dra-driver and dra-config: GPUs and NVLink domains as claims (Dynamic Resource Allocation).

Objects of ``resource.k8s.io/v1`` need Kubernetes 1.34; values and attributes are those of
dra-driver-nvidia-gpu 0.4.1 (https://github.com/kubernetes-sigs/dra-driver-nvidia-gpu).
"""

import json
from typing import Literal

from pydantic import Field, JsonValue

from aifactory.catalog.models import Chart
from aifactory.manifests.chart_images import from_registry
from aifactory.manifests.labels import Inventory
from aifactory.manifests.layers import layer
from aifactory.manifests.model import KubernetesObject, Layer, LayerName, ManifestModel, Release
from aifactory.manifests.names import dns_label
from aifactory.manifests.namespaces import namespace
from aifactory.manifests.render import render_one
from aifactory.plan.capacity import device_class
from aifactory.plan.models import PoolPlan
from aifactory.plan.nodes import GPU_TAINT, POOL_LABEL
from aifactory.spec.operators import DraDriver, Owner
from aifactory.spec.pools import ComputeDomain

CLIENT_LABEL = "nvidia.com/gpu.deploy.client"
"""Written by GPU Operator 26.7: it is paused while a driver or a MIG layout is changed under GPU clients."""
_NOT_NOW: list[JsonValue] = ["false", "paused-for-driver-upgrade", "paused-for-mig-change"]


class DynamicResourceAllocationArgs(ManifestModel):
    """Arguments of the component DynamicResourceAllocation."""

    inventory: Inventory = Inventory()
    spec: DraDriver = DraDriver()
    """Who owns the DRA driver, and its namespace."""
    pools: tuple[PoolPlan, ...]
    """The pools that allocate through DRA; without any, nothing is declared."""
    chart: Chart
    """The pinned chart of the DRA driver."""
    images: dict[str, str] = Field(default_factory=dict)
    """Pinned image references by catalogue id; read where they come from a registry of the site."""
    mirrored: bool = False
    """Whether images come from a registry of the site: the chart then takes its image from there too."""
    skip_charts: str | None = None
    """Why charts are not installed; None means they are."""
    driver_root: Literal["/run/nvidia/driver", "/"] = "/run/nvidia/driver"
    """Where the NVIDIA driver is on a node: in the GPU Operator's driver container, or on the host."""
    claim_namespaces: tuple[str, ...] = ()
    """Existing namespaces that get the claim templates of every pool."""


def layers(args: DynamicResourceAllocationArgs) -> tuple[Layer, ...]:
    """The driver where this stack keeps it, then device classes, claim templates and compute domains.

    - Without pools, or with an absent driver, there are no layers.
    - With a driver that somebody else keeps, there is only layer dra-config.
    """
    if not args.pools or args.spec.owner is Owner.ABSENT:
        return ()
    config = layer(
        LayerName.DRA_CONFIG,
        args.inventory,
        [
            *(_device_class(planned) for planned in args.pools),
            *(claim for planned in args.pools for claim in _claim_templates(planned, args.claim_namespaces)),
            *(_compute_domain(domain) for domain in compute_domains(args)),
        ],
    )
    if args.spec.owner is not Owner.MANAGED:
        return (config,)
    home = namespace(args.spec.namespace, "privileged")
    return (layer(LayerName.DRA_DRIVER, args.inventory, [home], [_release(args)]), config)


def compute_domains(args: DynamicResourceAllocationArgs) -> tuple[ComputeDomain, ...]:
    """The compute domains of all pools, in the order of the pools."""
    return tuple(domain for planned in args.pools for domain in planned.pool.compute_domains)


def claim_names(planned: PoolPlan) -> tuple[str, str]:
    """Names of a pool's claim templates: for one GPU, and for all GPUs of one node."""
    return dns_label(planned.name, "gpu"), dns_label(planned.name, "node")


def product_expression(planned: PoolPlan) -> str:
    """The CEL expression that picks the pool's whole GPUs by the product name the driver reports.

    Where no name is published, the GPUs are picked by their compute capability, which is. Pools of one
    product share their GPUs' expression: pods are kept on a pool by the pool's node label.
    """
    attributes = 'device.attributes["gpu.nvidia.com"]'
    gpu = planned.system.gpu
    return (f'device.driver == "gpu.nvidia.com" && {attributes}.type == "gpu" && {attributes}.') + (
        f"productName == {json.dumps(gpu.name)}"
        if gpu.product_label is not None
        else f'cudaComputeCapability.compareTo(semver("{gpu.compute}.0")) == 0'
    )


def _device_class(planned: PoolPlan) -> KubernetesObject:
    return render_one(
        "dra/device-class.yaml.j2",
        {"name": device_class(planned.pool), "expression": product_expression(planned)},
    )


def _claim_templates(planned: PoolPlan, namespaces: tuple[str, ...]) -> list[KubernetesObject]:
    one, whole_node = claim_names(planned)
    counts = {one: 1, whole_node: planned.system.gpus_per_node}
    return [
        render_one(
            "dra/resource-claim-template.yaml.j2",
            {"name": name, "namespace": home, "device_class": device_class(planned.pool), "count": count},
        )
        for home in dict.fromkeys(namespaces)
        for name, count in counts.items()
    ]


def _compute_domain(domain: ComputeDomain) -> KubernetesObject:
    return render_one(
        "dra/compute-domain.yaml.j2",
        {
            "name": domain.name,
            "namespace": domain.namespace,
            "nodes": domain.nodes,
            "channel": dns_label(domain.name, "channel"),
        },
    )


def _release(args: DynamicResourceAllocationArgs) -> Release:
    names: list[JsonValue] = [*sorted(planned.name for planned in args.pools)]
    here: list[JsonValue] = [
        {"key": POOL_LABEL, "operator": "In", "values": names},
        {"key": CLIENT_LABEL, "operator": "NotIn", "values": _NOT_NOW},
    ]
    across_nodes = any(
        planned.pool.compute_domains or planned.system.multi_node_nvlink for planned in args.pools
    )
    values: dict[str, JsonValue] = {
        "nvidiaDriverRoot": args.driver_root,
        "gpuResourcesEnabledOverride": True,
        "resources": {"gpus": {"enabled": True}, "computeDomains": {"enabled": across_nodes}},
        "kubeletPlugin": {
            "tolerations": [{"key": GPU_TAINT["key"], "operator": "Exists", "effect": GPU_TAINT["effect"]}],
            "affinity": {
                "nodeAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": {
                        "nodeSelectorTerms": [{"matchExpressions": here}]
                    }
                }
            },
        },
    }
    return Release(
        name=args.chart.chart,
        namespace=args.spec.namespace,
        chart=args.chart.chart,
        version=args.chart.version,
        repository=args.chart.repository,
        digest=args.chart.digest,
        values=from_registry(args.chart.id, values, args.images) if args.mirrored else values,
        skipped=args.skip_charts,
    )
