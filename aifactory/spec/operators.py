"""Third-party operators: who owns each one, and the choices that are ours."""

from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

from aifactory.spec.units import DnsLabel, Section

ChartVersion = Annotated[str, StringConstraints(pattern=r"^v?[0-9]+(\.[0-9]+){1,2}(-[0-9A-Za-z.-]+)?$")]


class Owner(StrEnum):
    """Who installed a component and keeps it."""

    MANAGED = "managed"
    """This stack installs the pinned chart."""
    PROVIDER = "provider"
    """The cloud or the Kubernetes distribution installed it; its APIs are there."""
    EXTERNAL = "external"
    """Another team or pipeline keeps it; its APIs are there."""
    ABSENT = "absent"
    """It is not there, and nothing that needs it may be declared."""


class GpuOperator(Section):
    """The NVIDIA GPU Operator: drivers, container toolkit, device plugin, MIG and metrics."""

    owner: Owner = Owner.MANAGED
    namespace: DnsLabel = "gpu-operator"
    version: ChartVersion | None = None
    """Version of the chart; none means the catalogue's pin. Known-bad versions are refused."""
    standalone_dcgm: bool = False
    """Run DCGM as its own DaemonSet, for site tools that talk to it on port 5555."""
    driver_crd: bool = True
    """One NVIDIADriver object per driver need, instead of one driver for every node."""


class DraDriver(Section):
    """The NVIDIA DRA driver: ResourceClaims for GPUs and ComputeDomains for multi-node NVLink."""

    owner: Owner = Owner.MANAGED
    namespace: DnsLabel = "nvidia-dra-driver"
    version: ChartVersion | None = None
    """Version of the chart; none means the catalogue's pin. Known-bad versions are refused."""


class NodeFeatureDiscovery(Section):
    """Node Feature Discovery, which the GPU Operator chart brings along."""

    owner: Owner = Owner.MANAGED
    namespace: DnsLabel = "node-feature-discovery"


class StandaloneDevicePlugin(Section):
    """The device plugin that this stack runs itself, for pools the operator does not serve."""

    namespace: DnsLabel = "nvidia-device-plugin"


class Operators(Section):
    """The operators of the factory."""

    gpu_operator: GpuOperator = GpuOperator()
    dra_driver: DraDriver = DraDriver()
    node_feature_discovery: NodeFeatureDiscovery = NodeFeatureDiscovery()
    device_plugin: StandaloneDevicePlugin = StandaloneDevicePlugin()
