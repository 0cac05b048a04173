"""The parts of a factory: the arguments of every component, worked out from a plan.

Bundle and components are both made from these, so that they cannot differ.
"""

from collections.abc import Iterator

from aifactory.manifests import (
    device_plugin,
    dra,
    foundation,
    gpu_operator,
    network_policies,
    node_pools,
    storage,
)
from aifactory.manifests.device_plugin import DevicePluginArgs
from aifactory.manifests.dra import DynamicResourceAllocationArgs
from aifactory.manifests.foundation import SYSTEM_NAMESPACE, FoundationArgs, Plane
from aifactory.manifests.gpu_operator import GpuOperatorArgs
from aifactory.manifests.kind_target import realised, surroundings
from aifactory.manifests.labels import Inventory
from aifactory.manifests.layers import joined
from aifactory.manifests.model import Bundle, Layer, ManifestModel
from aifactory.manifests.network_policies import NetworkPoliciesArgs
from aifactory.manifests.node_pools import GpuNodePoolArgs
from aifactory.manifests.storage import StorageArgs
from aifactory.plan.models import FactoryPlan, PoolPlan
from aifactory.spec.operators import Owner
from aifactory.spec.pools import Allocation, DeviceStack


class Parts(ManifestModel):
    """Arguments of the components of one factory."""

    stack: str
    foundation: FoundationArgs
    node_pools: tuple[GpuNodePoolArgs, ...]
    storage: StorageArgs
    gpu_operator: GpuOperatorArgs
    device_plugin: DevicePluginArgs
    dra: DynamicResourceAllocationArgs
    network_policies: NetworkPoliciesArgs


def _pools(plan: FactoryPlan, *, served_by: DeviceStack) -> tuple[PoolPlan, ...]:
    return tuple(pool for pool in plan.pools if pool.pool.served_by is served_by)


def parts_of(plan: FactoryPlan, skip_charts: str | None = None) -> Parts:
    """The parts of a plan's factory.

    Args:
        plan: An accepted plan.
        skip_charts: Why charts are not installed; None means they are.
    """
    plan, around = realised(plan), surroundings(plan)
    stack, inventory = plan.stack, Inventory(stack=plan.name)
    operators = stack.operators
    dra_pools = tuple(pool for pool in plan.pools if pool.pool.allocation is Allocation.DRA)
    return Parts(
        stack=plan.name,
        foundation=FoundationArgs(
            inventory=inventory,
            planes=tuple(
                Plane(service=plane.name.value, namespace=plane.namespace) for plane in stack.services
            ),
        ),
        node_pools=tuple(
            GpuNodePoolArgs(
                inventory=inventory,
                pool=pool,
                nfd_present=operators.node_feature_discovery.owner is not Owner.ABSENT,
                kubectl_image=around.kubectl_image,
            )
            for pool in plan.pools
        ),
        storage=StorageArgs(
            inventory=inventory,
            tiers=stack.storage.tiers,
            quotas=stack.storage.quotas,
            checkpoint=stack.storage.checkpoint,
            figures=plan.storage,
        ),
        gpu_operator=GpuOperatorArgs(
            inventory=inventory,
            spec=operators.gpu_operator,
            nfd=operators.node_feature_discovery,
            pools=plan.pools,
            chart=plan.charts["gpu-operator"],
            nfd_chart=plan.charts["node-feature-discovery"],
            images=plan.images,
            mirrored=stack.registry is not None,
            skip_charts=skip_charts,
        ),
        device_plugin=DevicePluginArgs(
            inventory=inventory,
            namespace=operators.device_plugin.namespace,
            pools=_pools(plan, served_by=DeviceStack.STANDALONE),
            image=around.plugin_image,
            driver_root=around.driver_root,
            discovery="nvml" if around.mocked else "auto",
            pass_device_specs=around.mocked,
        ),
        dra=_dra(plan, inventory, dra_pools, skip_charts),
        network_policies=_policies(plan, inventory, dra_pools),
    )


def _dra(
    plan: FactoryPlan, inventory: Inventory, dra_pools: tuple[PoolPlan, ...], skip_charts: str | None
) -> DynamicResourceAllocationArgs:
    operators = plan.stack.operators
    operator_installs = operators.gpu_operator.owner is not Owner.ABSENT
    return DynamicResourceAllocationArgs(
        inventory=inventory,
        spec=operators.dra_driver,
        pools=dra_pools,
        chart=plan.charts["nvidia-dra-driver"],
        images=plan.images,
        mirrored=plan.stack.registry is not None,
        skip_charts=skip_charts,
        driver_root="/run/nvidia/driver" if operator_installs else "/",
        claim_namespaces=tuple(
            plane.namespace
            for plane in plan.stack.services
            if any(pool.pool.service is plane.name for pool in dra_pools)
        ),
    )


def _policies(
    plan: FactoryPlan, inventory: Inventory, dra_pools: tuple[PoolPlan, ...]
) -> NetworkPoliciesArgs:
    operators, stack = plan.stack.operators, plan.stack
    standalone = _pools(plan, served_by=DeviceStack.STANDALONE)
    managed = operators.gpu_operator.owner is Owner.MANAGED
    dra_managed = bool(dra_pools) and operators.dra_driver.owner is Owner.MANAGED
    return NetworkPoliciesArgs(
        inventory=inventory,
        network=stack.network,
        profile=stack.policy_profile,
        service_namespaces=tuple(dict.fromkeys(plane.namespace for plane in stack.services)),
        gpu_operator_namespace=operators.gpu_operator.namespace if managed else None,
        dra_namespace=operators.dra_driver.namespace if dra_managed else None,
        device_plugin_namespace=operators.device_plugin.namespace if standalone else None,
        system_namespace=SYSTEM_NAMESPACE,
        compute_domains=any(pool.pool.compute_domains for pool in dra_pools),
        standalone_dcgm=operators.gpu_operator.standalone_dcgm,
    )


def _layers(parts: Parts) -> Iterator[Layer]:
    yield from foundation.layers(parts.foundation)
    for pool in parts.node_pools:
        yield from node_pools.layers(pool)
    yield from storage.layers(parts.storage)
    yield from gpu_operator.layers(parts.gpu_operator)
    yield from device_plugin.layers(parts.device_plugin)
    yield from dra.layers(parts.dra)
    yield from network_policies.layers(parts.network_policies)


def bundle_of(parts: Parts) -> Bundle:
    """Everything one cell gets: the layers of all parts in order, those of one name joined."""
    return joined(parts.stack, _layers(parts))
