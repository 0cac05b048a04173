"""GpuOperator: drivers, container toolkit, device plugin, MIG layouts and metrics of the GPU nodes."""

import pulumi

from aifactory.manifests import gpu_operator
from aifactory.manifests.gpu_operator import GpuOperatorArgs
from aifactory.manifests.gpu_operator_config import driver_names
from components.base import FactoryComponent


class GpuOperator(FactoryComponent):
    """The NVIDIA GPU Operator, told what each pool needs.

    A unit because its custom resources refer to its ConfigMaps by name, and both are useless without it.

    Creates:
        Where this stack keeps the operator: its Namespace (privileged) and the Helm release.
        ConfigMaps ``aifactory-device-plugin``, ``aifactory-mig-layouts`` and ``aifactory-dcgm-metrics``,
        ClusterPolicy ``cluster-policy``, and one NVIDIADriver a pool, named like the pool.
        Nothing where the operator is absent.

    Args:
        name: Name of the component.
        args: The pools, the pinned chart and images, and who keeps the operator.
        opts: Pulumi options; give the provider of the cluster here.

    Attributes:
        namespace: Where the operator runs; known at preview.
        driver_names: Names of the NVIDIADrivers, in the order of the pools; known at preview.
        plugin_configs: Keys of the device plugin's configurations, ``default`` first; known at preview.

    Raises:
        ValueError: If an image is missing, a pool is named ``default``, a MIG layout is unknown, or pools
            differ in their driver while NVIDIADrivers are off.

    Example:
        >>> args = GpuOperatorArgs(pools=plan.pools, chart=plan.charts["gpu-operator"], images=plan.images)
        ... # doctest: +SKIP
        >>> GpuOperator("gpu-operator", args)  # doctest: +SKIP
    """

    kind = "GpuOperator"
    namespace: pulumi.Output[str]
    driver_names: pulumi.Output[list[str]]
    plugin_configs: pulumi.Output[list[str]]

    def __init__(self, name: str, args: GpuOperatorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        layers = gpu_operator.layers(args)
        super().__init__(name, layers, opts)
        self.namespace = pulumi.Output.from_input(args.spec.namespace)
        self.driver_names = pulumi.Output.from_input(list(driver_names(args)) if layers else [])
        self.plugin_configs = pulumi.Output.from_input(
            list(gpu_operator.plugin_configs(args)) if layers else []
        )
        self.publish(
            namespace=self.namespace,
            driver_names=self.driver_names,
            plugin_configs=self.plugin_configs,
            notices=pulumi.Output.from_input(self.notices),
        )


__all__ = ["GpuOperator", "GpuOperatorArgs"]
