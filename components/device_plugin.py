"""DevicePlugin: GPUs of the pools that the GPU Operator does not serve, offered to pods."""

import pulumi

from aifactory.manifests import device_plugin
from aifactory.manifests.device_plugin import DevicePluginArgs
from components.base import FactoryComponent


class DevicePlugin(FactoryComponent):
    """Nodes of the given pools, and of no other, offer their GPUs as extended resources.

    A unit because plugin, MPS daemon and named configurations must change together; a changed configuration
    rolls the pods, a tenth of the nodes at a time, and running GPU pods keep their GPUs meanwhile.

    Creates:
        Without pools nothing. Otherwise a Namespace (privileged), ServiceAccount, ClusterRole,
        ClusterRoleBinding, ConfigMap and DaemonSet ``nvidia-device-plugin``, and where a pool uses MPS the
        DaemonSet ``nvidia-mps-control-daemon``.

    Args:
        name: Name of the component.
        args: The pools, the image and the options of the hosts.
        opts: Pulumi options; give the provider of the cluster here.

    Attributes:
        namespace: Name of the plugin's namespace; known at preview.
        configs: Names of the configurations, sorted; known at preview.
        node_pools: Names of the pools served, sorted; known at preview.

    Raises:
        ValueError: If a pool allocates through DRA or is not ``standalone``; every such pool is named.

    Example:
        >>> args = DevicePluginArgs(image="nvcr.io/nvidia/k8s-device-plugin:v0.20.0")
        >>> DevicePlugin("device-plugin", args)  # doctest: +SKIP
    """

    kind = "DevicePlugin"
    namespace: pulumi.Output[str]
    configs: pulumi.Output[list[str]]
    node_pools: pulumi.Output[list[str]]

    def __init__(self, name: str, args: DevicePluginArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, device_plugin.layers(args), opts)
        self.namespace = pulumi.Output.from_input(args.namespace)
        self.configs = pulumi.Output.from_input(list(device_plugin.config_names(args)))
        self.node_pools = pulumi.Output.from_input(sorted(planned.name for planned in args.pools))
        self.publish(namespace=self.namespace, configs=self.configs, node_pools=self.node_pools)


__all__ = ["DevicePlugin", "DevicePluginArgs"]
