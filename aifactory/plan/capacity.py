"""Sizes of pools and what their nodes offer: racks, nodes, GPUs, extended resources."""

import math

from aifactory.catalog.models import System
from aifactory.plan.models import PoolPlan
from aifactory.spec.pools import Allocation, Partitioning, Pool

GPU = "nvidia.com/gpu"
"""The device plugin's resource of a whole GPU."""


def device_class(pool: Pool) -> str:
    """Name of the pool's own DeviceClass, which its claims refer to."""
    return f"{pool.name}.aifactory.dev"


def sharing_replicas(cut: Partitioning) -> int:
    """How many times each GPU or instance is offered; 1 without sharing."""
    shared = cut.time_slicing or cut.mps
    return shared.replicas if shared else 1


def _shared_name(resource: str, cut: Partitioning) -> str:
    shared = cut.time_slicing or cut.mps
    return f"{resource}.shared" if shared is not None and shared.rename else resource


def mig_resources(system: System, cut: Partitioning) -> dict[str, int]:
    """Instances of one GPU by resource name, before sharing; empty where MIG is off or the layout unknown.

    With strategy ``single`` the instances keep the name of a whole GPU (k8s-device-plugin v0.20.0).
    """
    if cut.mig is None:
        return {}
    layout = system.mig.get(cut.mig.layout, {})
    if cut.mig.strategy == "single":
        return {GPU: sum(layout.values())} if layout else {}
    return {f"nvidia.com/mig-{profile}": count for profile, count in layout.items()}


def allocatable(pool: Pool, system: System) -> dict[str, int]:
    """Extended resources of one node of the pool, as the kubelet would report them.

    Invariants: empty for DRA; every count is a multiple of the GPUs a node has; sharing multiplies.
    """
    if pool.allocation is Allocation.DRA:
        return {}
    cut = pool.partitioning
    per_gpu = mig_resources(system, cut) if cut.mig is not None else {GPU: 1}
    factor = system.gpus_per_node * sharing_replicas(cut)
    return {_shared_name(name, cut): count * factor for name, count in sorted(per_gpu.items())}


def product_label(pool: Pool, system: System) -> str | None:
    """The ``nvidia.com/gpu.product`` that GPU feature discovery would write on the pool's nodes."""
    base = pool.product_label or system.gpu.product_label
    if base is None:
        return None
    cut = pool.partitioning
    if cut.mig is not None and cut.mig.strategy == "single":
        base = f"{base}-MIG-{cut.mig.layout.removeprefix('all-')}"
    shared = cut.time_slicing or cut.mps
    return f"{base}-SHARED" if shared is not None and not shared.rename else base


def mig_product_labels(pool: Pool, system: System) -> dict[str, str]:
    """The ``nvidia.com/mig-<profile>.product`` of each profile under strategy ``mixed``; empty otherwise."""
    base, cut = pool.product_label or system.gpu.product_label, pool.partitioning
    if base is None or cut.mig is None or cut.mig.strategy != "mixed":
        return {}
    shared = cut.time_slicing or cut.mps
    end = "-SHARED" if shared is not None and not shared.rename else ""
    return {profile: f"{base}-MIG-{profile}{end}" for profile in system.mig.get(cut.mig.layout, {})}


def whole_units(racks: int, system: System) -> int:
    """The racks of as many whole scalable units as these racks make."""
    return racks // system.scalable_unit_racks * system.scalable_unit_racks


def pool_plan(pool: Pool, system: System, racks_fed: int | None = None) -> PoolPlan:
    """One pool worked out.

    Args:
        pool: The pool, with its size in racks, in nodes or as a share of the power.
        system: The catalogue row it names.
        racks_fed: Racks that its share of the power feeds; None where its size is given otherwise.
    """
    if racks_fed is not None and pool.power_share is not None:
        racks = whole_units(racks_fed, system) if pool.whole_units else racks_fed
        nodes = racks * system.nodes_per_rack
    elif pool.racks is not None:
        racks, nodes = pool.racks, pool.racks * system.nodes_per_rack
    else:
        nodes = pool.nodes or 0
        racks = math.ceil(nodes / system.nodes_per_rack)
    offered = allocatable(pool, system)
    resource = device_class(pool) if pool.allocation is Allocation.DRA else next(iter(offered), GPU)
    return PoolPlan(
        name=pool.name,
        pool=pool,
        system=system,
        racks=racks,
        nodes=nodes,
        gpus=nodes * system.gpus_per_node,
        resource=resource,
        allocatable=offered,
        product_label=product_label(pool, system),
        sharing_replicas=sharing_replicas(pool.partitioning),
    )
