"""AIFactory, Management: all components of one cluster, in the order of its Bundle. The only place that wires them."""

from typing import TypeVar

import pulumi

from aifactory.manifests.layers import NEEDS
from aifactory.manifests.management import ManagementArgs, foundation
from aifactory.manifests.model import LayerName
from aifactory.manifests.parts import Parts
from aifactory.spec.operators import Owner
from components.base import FactoryComponent
from components.cell import Cell
from components.device_plugin import DevicePlugin
from components.dynamic_resource_allocation import DynamicResourceAllocation
from components.foundation import Foundation
from components.gpu_node_pool import GpuNodePool
from components.gpu_operator import GpuOperator
from components.network_policies import NetworkPolicies
from components.roll_out import RollOut
from components.storage import Storage

ComponentT = TypeVar("ComponentT", bound=FactoryComponent)


class AIFactory(pulumi.ComponentResource):
    """One cell of an AI factory: namespaces, pools, storage, operators, device plugin, DRA, policies.

    A unit because the order of its parts is a property of the whole: it follows the Bundle's layers.

    Creates:
        One component for each part that has something to declare.

    Args:
        name: Name of the component.
        parts: Arguments of the components, from ``aifactory.manifests.parts``.
        opts: Pulumi options; give the provider of the cluster here.

    Attributes:
        pools: Name, nodes, GPUs and resource of each pool; known at preview.
        namespaces: Names of the service and system namespaces.
        notices: One line for each chart that is not installed, with the reason.
    """

    pools: pulumi.Output[list[dict[str, str | int]]]
    namespaces: pulumi.Output[list[str]]
    notices: pulumi.Output[list[str]]

    def __init__(self, name: str, parts: Parts, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("aifactory:index:AIFactory", name, {}, opts)
        self._made: dict[LayerName, list[FactoryComponent]] = {}
        foundation = self._add(
            Foundation("foundation", parts.foundation, self._after(LayerName.FOUNDATION)),
            LayerName.FOUNDATION,
        )
        if parts.storage.tiers:
            self._add(Storage("storage", parts.storage, self._after(LayerName.STORAGE)), LayerName.STORAGE)
        if parts.gpu_operator.spec.owner is not Owner.ABSENT:
            operator = GpuOperator("gpu-operator", parts.gpu_operator, self._after(LayerName.GPU_OPERATOR))
            self._add(operator, LayerName.GPU_OPERATOR, LayerName.GPU_OPERATOR_CONFIG)
        pools = [
            self._add(
                GpuNodePool(f"pool-{args.pool.name}", args, self._after(LayerName.NODE_POOLS)),
                LayerName.NODE_POOLS,
            )
            for args in parts.node_pools
        ]
        if parts.device_plugin.pools:
            plugin = DevicePlugin("device-plugin", parts.device_plugin, self._after(LayerName.DEVICE_PLUGIN))
            self._add(plugin, LayerName.DEVICE_PLUGIN)
        if parts.dra.pools:
            after = self._after(LayerName.DRA_DRIVER, LayerName.DRA_CONFIG)
            dra = DynamicResourceAllocation("dynamic-resource-allocation", parts.dra, after)
            self._add(dra, LayerName.DRA_DRIVER, LayerName.DRA_CONFIG)
        policies = NetworkPolicies(
            "network-policies", parts.network_policies, self._after(LayerName.NETWORK_POLICIES)
        )
        self._add(policies, LayerName.NETWORK_POLICIES)

        self.pools = pulumi.Output.all(*[_summary(pool) for pool in pools])
        self.namespaces = foundation.namespaces
        notices = sorted({notice for made in self._made.values() for one in made for notice in one.notices})
        self.notices = pulumi.Output.from_input(notices)
        self.register_outputs({"pools": self.pools, "namespaces": self.namespaces, "notices": self.notices})

    def _add(self, component: ComponentT, *layers: LayerName) -> ComponentT:
        for layer in layers:
            self._made.setdefault(layer, []).append(component)
        return component

    def _after(self, *layers: LayerName) -> pulumi.ResourceOptions:
        """Options of a component: a child of the factory, after what the layers it needs declare.

        After these objects only, not after their whole components: a pool does not wait for every pool's driver.
        """
        needed = {need for layer in layers for need in NEEDS[layer]}
        before = [
            child
            for layer in NEEDS
            if layer in needed
            for component in self._made.get(layer, [])
            for child in component.by_layer.get(layer, [])
        ]
        return pulumi.ResourceOptions(parent=self, depends_on=before)


def _summary(pool: GpuNodePool) -> pulumi.Output[dict[str, str | int]]:
    return pulumi.Output.all(
        name=pool.pool_name, nodes=pool.nodes, gpus=pool.gpus, resource=pool.resource
    ).apply(dict)


class Management(FactoryComponent):
    """The clusters of a site's cells, and what rolls the cells out, on the site's management cluster.

    A unit because of its order: the namespace, the clusters side by side, then the roll-out; and back.

    Creates:
        Namespace of the stack's objects.
        One Cell for each cell whose cluster is made, and one RollOut.

    Args:
        name: Name of the component.
        args: Arguments of the components, from ``aifactory.manifests.management``.
        opts: Pulumi options; give the provider of the management cluster here.

    Attributes:
        pools: Name, nodes, GPUs and resource of each pool, over all cells; known at preview.
        namespaces: Name of the namespace.
        cells: Names of the cells, in their order.
    """

    kind = "Management"
    pools: pulumi.Output[list[dict[str, str | int]]]
    namespaces: pulumi.Output[list[str]]
    cells: pulumi.Output[list[str]]

    def __init__(self, name: str, args: ManagementArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, [foundation(args)], opts)
        home = self.children
        made = [Cell(one.cell, one, self.child(home)) for one in args.cells]
        clusters = [child for one in made for child in one.by_layer.get(LayerName.CELL_CLUSTERS, [])]
        RollOut("roll-out", args.roll_out, self.child([*home, *clusters]))
        planned = args.roll_out.plan
        pools: list[dict[str, str | int]] = [
            {"name": pool.name, "nodes": pool.nodes, "gpus": pool.gpus, "resource": pool.resource}
            for pool in planned.pools
        ]
        self.pools = pulumi.Output.from_input(pools)
        self.namespaces = pulumi.Output.from_input([args.namespace])
        self.cells = pulumi.Output.from_input([cell.name for cell in planned.cells])
        self.publish(pools=self.pools, namespaces=self.namespaces, cells=self.cells)


def declare(
    parts: Parts | ManagementArgs, opts: pulumi.ResourceOptions | None = None
) -> AIFactory | Management:
    """All components of one cluster: of a cell, or of a management cluster.

    Args:
        parts: Their arguments.
        opts: Pulumi options; give the provider of the cluster here.
    """
    if isinstance(parts, ManagementArgs):
        return Management("management", parts, opts)
    return AIFactory("factory", parts, opts)
