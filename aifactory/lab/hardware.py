"""Simulated hardware: the Nodes, ResourceSlices and driver APIs that a plan's pools would bring. Pure."""

import hashlib
import json
import uuid
from collections.abc import Iterator

from pydantic import JsonValue

from aifactory.manifests.model import KubernetesObject
from aifactory.plan.models import FactoryPlan, PoolPlan
from aifactory.plan.nodes import GPU_TAINT, NodePlan, driver_version, nodes_of
from aifactory.spec.pools import Allocation

SIMULATED = "aifactory.dev/simulated"
"""Label of everything the lab makes; Pulumi never owns these objects."""
DIGEST = "aifactory.dev/content"
"""Annotation with the hash of what the lab last wrote, so that a second ``up`` writes nothing."""
_GPU_SPACE = uuid.UUID("0b0a7b1e-52a2-4d30-8a3f-0d7c3f1d9f10")
_RESERVED_MIB = 1024
_PODS = 110


def with_digest(manifest: KubernetesObject) -> KubernetesObject:
    """The object marked as simulated, with the hash of its content as an annotation."""
    digest = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()[:16]
    metadata = manifest["metadata"]
    assert isinstance(metadata, dict)  # noqa: S101 - every object made here has metadata
    labels, annotations = metadata.get("labels"), metadata.get("annotations")
    return {
        **manifest,
        "metadata": {
            **metadata,
            "labels": {**(labels if isinstance(labels, dict) else {}), SIMULATED: "true"},
            "annotations": {**(annotations if isinstance(annotations, dict) else {}), DIGEST: digest},
        },
    }


def _node(
    name: str, labels: dict[str, str], capacity: dict[str, str], taints: list[JsonValue], arch: str
) -> KubernetesObject:
    info: dict[str, JsonValue] = {
        "architecture": arch,
        "operatingSystem": "linux",
        "osImage": "simulated",
        "kernelVersion": "simulated",
        "kubeletVersion": "kwok",
        "kubeProxyVersion": "",
        "containerRuntimeVersion": "",
        "bootID": "",
        "machineID": "",
        "systemUUID": "",
    }
    spec: dict[str, JsonValue] = {"taints": taints} if taints else {}
    return with_digest(
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": name,
                "labels": dict(labels),
                "annotations": {"kwok.x-k8s.io/node": "fake", "node.alpha.kubernetes.io/ttl": "0"},
            },
            "spec": spec,
            "status": {"capacity": dict(capacity), "allocatable": dict(capacity), "nodeInfo": info},
        }
    )


def gpu_node(planned: PoolPlan, node: NodePlan) -> KubernetesObject:
    """A GPU node as its kubelet would register it: capacity, taint, labels of discovery."""
    system = planned.system
    capacity = {
        "cpu": str(system.cpu_cores),
        "memory": f"{system.memory_gib * 1024 - _RESERVED_MIB}Mi",
        "pods": str(_PODS),
        "ephemeral-storage": "3840Gi",
        **{name: str(count) for name, count in planned.allocatable.items()},
    }
    return _node(node.name, node.labels, capacity, [dict(GPU_TAINT)], system.architecture)


def system_node(plan: FactoryPlan, index: int) -> KubernetesObject:
    """A CPU node for operators and controllers."""
    zones = plan.stack.site.zones
    name = f"system-{index:02d}"
    labels = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "node-role.kubernetes.io/system": "",
        "topology.kubernetes.io/region": plan.stack.site.region,
        "topology.kubernetes.io/zone": zones[index % len(zones)],
    }
    return _node(name, labels, {"cpu": "64", "memory": "256Gi", "pods": str(_PODS)}, [], "amd64")


def _device(planned: PoolPlan, node: NodePlan, index: int, driver: str) -> JsonValue:
    system = planned.system
    major, minor = system.gpu.compute.split(".")
    version = [*driver.split("."), "0"][:3]
    unique = uuid.uuid5(_GPU_SPACE, f"{node.name}/{index}")
    return {
        "name": f"gpu-{index}",
        "attributes": {
            "type": {"string": "gpu"},
            "uuid": {"string": f"GPU-{unique}"},
            "productName": {"string": system.gpu.name},
            "brand": {"string": "Nvidia"},
            "architecture": {"string": system.gpu.family.capitalize()},
            "cudaComputeCapability": {"version": f"{major}.{minor}.0"},
            "driverVersion": {"version": ".".join(str(int(part)) for part in version)},
        },
        "capacity": {"memory": {"value": f"{system.gpu.memory_mib}Mi"}},
    }


def _slice(node: NodePlan, driver: str, devices: list[JsonValue]) -> KubernetesObject:
    return with_digest(
        {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "ResourceSlice",
            "metadata": {"name": f"{node.name}-{driver}"},
            "spec": {
                "driver": driver,
                "nodeName": node.name,
                "pool": {"name": node.name, "generation": 1, "resourceSliceCount": 1},
                "devices": devices,
            },
        }
    )


def resource_slices(plan: FactoryPlan, planned: PoolPlan, node: NodePlan) -> Iterator[KubernetesObject]:
    """What the DRA driver's kubelet plugin would publish for a node: its GPUs, and its IMEX channels."""
    driver = driver_version(plan, planned)
    yield _slice(
        node,
        "gpu.nvidia.com",
        [_device(planned, node, i, driver) for i in range(planned.system.gpus_per_node)],
    )
    if planned.system.multi_node_nvlink:
        channels: list[JsonValue] = [
            {"name": "channel-0", "attributes": {"type": {"string": "channel"}, "id": {"int": 0}}},
            {"name": "daemon-0", "attributes": {"type": {"string": "daemon"}, "id": {"int": 0}}},
        ]
        yield _slice(node, "compute-domain.nvidia.com", channels)


def device_classes() -> list[KubernetesObject]:
    """Stand-ins for the DeviceClasses that the DRA driver's chart installs."""
    rules = {
        "gpu.nvidia.com": "device.driver == 'gpu.nvidia.com' && device.attributes['gpu.nvidia.com'].type == 'gpu'",
        "compute-domain-daemon.nvidia.com": "device.driver == 'compute-domain.nvidia.com'"
        " && device.attributes['compute-domain.nvidia.com'].type == 'daemon'",
        "compute-domain-default-channel.nvidia.com": "device.driver == 'compute-domain.nvidia.com'"
        " && device.attributes['compute-domain.nvidia.com'].type == 'channel'",
    }
    return [
        with_digest(
            {
                "apiVersion": "resource.k8s.io/v1",
                "kind": "DeviceClass",
                "metadata": {"name": name},
                "spec": {"selectors": [{"cel": {"expression": rule}}]},
            }
        )
        for name, rule in rules.items()
    ]


def hardware(plan: FactoryPlan, sample: int | None = None) -> list[KubernetesObject]:
    """Everything the lab makes for a plan: nodes first.

    Args:
        plan: The plan.
        sample: Most nodes of each pool; None means the pools' full size.
    """
    made: list[KubernetesObject] = [
        system_node(plan, index) for index in range(plan.stack.cluster.system_nodes)
    ]
    slices: list[KubernetesObject] = []
    for planned in plan.pools:
        for node in nodes_of(plan, planned, sample):
            made.append(gpu_node(planned, node))
            if planned.pool.allocation is Allocation.DRA:
                slices.extend(resource_slices(plan, planned, node))
    return made + slices + (device_classes() if slices else [])
