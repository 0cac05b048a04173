"""The nodes of a pool: names, racks, NVLink domains, and the labels that discovery writes on them."""

import hashlib
import uuid
from collections.abc import Iterator

from aifactory.plan.base import PlanModel
from aifactory.plan.capacity import mig_product_labels
from aifactory.plan.models import FactoryPlan, PoolPlan
from aifactory.spec.pools import Allocation
from aifactory.spec.provisioning import Adopt

POOL_LABEL = "node.cluster.x-k8s.io/aifactory-pool"
"""Pool identity: under a domain that Cluster API copies from a Machine to its Node."""
RACK_LABEL = "topology.aifactory.dev/rack"
NVLINK_LABEL = "topology.aifactory.dev/nvlink-domain"
CLIQUE_LABEL = "nvidia.com/gpu.clique"
PLUGIN_CONFIG_LABEL = "nvidia.com/device-plugin.config"
MIG_CONFIG_LABEL = "nvidia.com/mig.config"
GPU_TAINT = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}
"""The value that the device plugin's and the operator's tolerations both satisfy."""
_NAMESPACE = uuid.UUID("5c1f5b0e-6a0d-4c55-9d5e-9f3c0a5c7a11")


class NodePlan(PlanModel):
    """One node of a pool."""

    name: str
    zone: str
    rack: str
    nvlink_domain: str | None
    """Name of the NVLink domain; None where it does not span nodes."""
    labels: dict[str, str]
    """Every label the node carries, those of discovery included."""


def plugin_config(planned: PoolPlan) -> str | None:
    """Key of the pool's device-plugin configuration; None where the pool has no device plugin."""
    return planned.name if planned.pool.allocation is Allocation.DEVICE_PLUGIN else None


def pool_labels(planned: PoolPlan) -> dict[str, str]:
    """Labels that the pool itself gives its nodes, whoever provisions them.

    The operator reads ``nvidia.com/gpu.deploy.*``: on a DRA pool it must not start the device plugin.
    """
    labels = {**planned.pool.labels, POOL_LABEL: planned.name}
    config = plugin_config(planned)
    if config is not None:
        labels[PLUGIN_CONFIG_LABEL] = config
    if planned.pool.partitioning.mig is not None:
        labels[MIG_CONFIG_LABEL] = planned.pool.partitioning.mig.layout
    if planned.pool.served_by.value != "operator":
        labels["nvidia.com/gpu.deploy.device-plugin"] = "false"
    return dict(sorted(labels.items()))


def discovered_labels(planned: PoolPlan, driver_version: str) -> dict[str, str]:
    """Labels that NFD and GPU feature discovery write on a node of the pool; compared with v0.18.2 in the kind lane.

    Args:
        planned: The pool.
        driver_version: The driver that runs on the nodes, for example ``595.91.07``.
    """
    system, cut = planned.system, planned.pool.partitioning
    major, minor = system.gpu.compute.split(".")
    driver = [*driver_version.split("."), ""]
    mixed = cut.mig is not None and cut.mig.strategy == "mixed"
    strategy = "mps" if cut.mps else "time-slicing" if cut.time_slicing else "none"
    labels = {
        "feature.node.kubernetes.io/pci-10de.present": "true",
        "feature.node.kubernetes.io/system-os_release.ID": "ubuntu",
        "nvidia.com/gpu.present": "true",
        "nvidia.com/gpu.count": str(system.gpus_per_node),
        "nvidia.com/gpu.family": system.gpu.family,
        "nvidia.com/gpu.memory": str(system.gpu.memory_mib),
        "nvidia.com/gpu.compute.major": major,
        "nvidia.com/gpu.compute.minor": minor,
        "nvidia.com/gpu.mode": "compute",
        # A GPU that is cut into instances of its own resources is not offered itself.
        "nvidia.com/gpu.replicas": "0" if mixed else str(planned.sharing_replicas),
        "nvidia.com/gpu.sharing-strategy": strategy,
        "nvidia.com/mig.capable": "true" if system.mig else "false",
        "nvidia.com/mps.capable": "true" if cut.mps else "false",
        "nvidia.com/vgpu.present": "false",
        "nvidia.com/cuda.driver-version.full": driver_version,
        "nvidia.com/cuda.driver-version.major": driver[0],
        "nvidia.com/cuda.driver-version.minor": driver[1],
        "nvidia.com/cuda.driver-version.revision": driver[2],
    }
    if planned.product_label is not None:
        labels["nvidia.com/gpu.product"] = planned.product_label
    if cut.mig is not None:
        labels["nvidia.com/mig.strategy"] = cut.mig.strategy
    if mixed:
        labels.update(_mixed_mig_labels(planned))
    return labels


def _mixed_mig_labels(planned: PoolPlan) -> dict[str, str]:
    cut, system = planned.pool.partitioning, planned.system
    layout = system.mig.get(cut.mig.layout, {}) if cut.mig else {}
    products = mig_product_labels(planned.pool, system)
    labels: dict[str, str] = {"nvidia.com/mig.config.state": "success"}
    for profile, count in layout.items():
        prefix = f"nvidia.com/mig-{profile}"
        labels[f"{prefix}.count"] = str(count * system.gpus_per_node)
        labels[f"{prefix}.replicas"] = str(planned.sharing_replicas)
        if profile in products:
            labels[f"{prefix}.product"] = products[profile]
    return labels


def driver_version(plan: FactoryPlan, planned: PoolPlan) -> str:
    """The driver that a pool's nodes run: its own, or the one the catalogue pins."""
    pinned = plan.images["driver"].partition("@")[0].rpartition(":")[2]
    return planned.pool.driver.version or pinned


def nodes_of(plan: FactoryPlan, planned: PoolPlan, limit: int | None = None) -> Iterator[NodePlan]:
    """The nodes of a pool in order; racks go over the site's zones in turn, NVLink domains are never cut.

    Args:
        plan: The plan the pool is of.
        planned: The pool.
        limit: Most nodes to give; None means all of them.
    """
    system, zones = planned.system, plan.stack.site.zones
    driver = driver_version(plan, planned)
    how = planned.pool.provisioning
    found_by = (
        (how.selector or {}) if isinstance(how, Adopt) else {}
    )  # whoever made the nodes labelled them so
    common = {**discovered_labels(planned, driver), **found_by, **pool_labels(planned)}
    count = planned.nodes if limit is None else min(limit, planned.nodes)
    for index in range(planned.first_node, planned.first_node + count):
        rack = index // system.nodes_per_rack
        zone = zones[rack % len(zones)]
        name = f"{planned.name}-{index:04d}"
        rack_name = f"{planned.name}-r{rack:03d}"
        domain = (
            f"{planned.name}-nvl{index // system.nvlink_domain_nodes:03d}"
            if system.multi_node_nvlink
            else None
        )
        labels = {
            **common,
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": system.architecture,
            "node.kubernetes.io/instance-type": system.id,
            "topology.kubernetes.io/region": plan.stack.site.region,
            "topology.kubernetes.io/zone": zone,
            RACK_LABEL: rack_name,
        }
        if domain is not None:
            labels[NVLINK_LABEL] = domain
            labels[CLIQUE_LABEL] = clique(plan.stack.site.name, domain)
        yield NodePlan(
            name=name, zone=zone, rack=rack_name, nvlink_domain=domain, labels=dict(sorted(labels.items()))
        )


def clique(site: str, domain: str) -> str:
    """The ``<cluster UUID>.<clique id>`` that the fabric manager would give an NVLink domain; stable over phases."""
    return f"{uuid.uuid5(_NAMESPACE, f'{site}/{domain}')}.{int(hashlib.sha256(domain.encode()).hexdigest()[:3], 16)}"
