"""Pools: nodes of one accelerator system with one partitioning and one owner."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from aifactory.spec.units import (
    Count,
    DnsLabel,
    LabelKey,
    LabelValue,
    Percent,
    Replicas,
    Seconds,
    Section,
)


class Service(StrEnum):
    """The service plane a pool belongs to."""

    TRAINING = "training"
    INFERENCE = "inference"
    DATA_PROCESSING = "data-processing"
    AGENTIC = "agentic"
    ENTERPRISE = "enterprise"
    PHYSICAL_AI = "physical-ai"
    DIGITAL_TWIN = "digital-twin"


class Allocation(StrEnum):
    """How a pod gets its GPUs; one of the two per node, never both."""

    DEVICE_PLUGIN = "device-plugin"
    DRA = "dra"


class DeviceStack(StrEnum):
    """Who runs the device plugin on a pool's nodes."""

    OPERATOR = "operator"
    STANDALONE = "standalone"
    NONE = "none"


class Mig(Section):
    """Multi-Instance GPU: each GPU cut in hardware into the instances of one layout."""

    layout: Annotated[str, Field(pattern=r"^all-[a-z0-9.-]+$")]
    """Name of a mig-parted layout of the pool's GPU, for example ``all-1g.23gb`` or ``all-balanced``."""
    strategy: Literal["mixed", "single"] = "mixed"
    """``mixed`` names each profile as its own resource; ``single`` keeps ``nvidia.com/gpu``."""


class Sharing(Section):
    """Several pods on one GPU."""

    replicas: Replicas
    """How many times each GPU is offered; at least 2."""
    rename: bool = False
    """Offer the shares as ``nvidia.com/gpu.shared``, so that no pod takes a share for a whole GPU."""


class Partitioning(Section):
    """How each GPU of the pool is offered; nothing set means whole GPUs."""

    mig: Mig | None = None
    """Hardware partitions. Not together with ``mps``."""
    time_slicing: Sharing | None = None
    """Pods take turns on a GPU, without memory isolation. Not together with ``mps``."""
    mps: Sharing | None = None
    """Pods share a GPU through the Multi-Process Service. Not together with ``mig``."""


class Adopt(Section):
    """The nodes exist already; they are picked by labels, then labelled and tainted."""

    kind: Literal["adopt"] = "adopt"
    selector: Annotated[dict[LabelKey, LabelValue], Field(min_length=1)] | None = None
    """Node labels that pick the pool's nodes; none means the GPU product and the PCI vendor label."""


class HostTemplate(Section):
    """Bare-metal machines through Metal3: which image goes on which hosts."""

    kind: Literal["metal3"] = "metal3"
    image_url: Annotated[str, Field(pattern=r"^https?://")]
    """Address of the operating-system image."""
    image_checksum: str
    """Checksum of the image, or the address of a checksum file."""
    image_checksum_type: Literal["sha256", "sha512"] = "sha256"
    image_format: Literal["raw", "qcow2"] = "raw"
    host_selector: dict[LabelKey, LabelValue] = Field(default_factory=dict)
    """Labels of the BareMetalHosts to use; the rack label is added for pools made of racks."""


class NicoTemplate(Section):
    """Bare-metal instances through NVIDIA Infra Controller (NICo)."""

    kind: Literal["nico"] = "nico"
    vpc_id: str
    """Identifier of the virtual private cloud of the cluster."""
    instance_type_id: str
    """Identifier of the instance type that is the pool's system."""
    vpc_prefix_id: str
    """Identifier of the prefix that the first interface gets its address from."""
    ipxe_script: str
    """iPXE script that boots the instance into its operating system."""
    infiniband_partition_id: str | None = None
    nvlink_logical_partition_id: str | None = None


class ClusterApi(Section):
    """Machines made by Cluster API (contract v1beta2), one MachineDeployment per rack group."""

    kind: Literal["cluster-api"] = "cluster-api"
    cluster_name: DnsLabel
    """Name of the Cluster object the machines belong to."""
    namespace: DnsLabel
    """Namespace of the Cluster API objects."""
    kubernetes_version: Annotated[str, Field(pattern=r"^v1\.[0-9]+\.[0-9]+$")]
    bootstrap_template: DnsLabel
    """Name of an existing KubeadmConfigTemplate that holds the nodes' boot configuration."""
    template: Annotated[HostTemplate | NicoTemplate, Field(discriminator="kind")]
    racks_per_group: Count = 1
    """Racks in one MachineDeployment; an NVLink domain is never cut."""
    drain_timeout_s: Seconds = 600
    """How long pods get to leave a node before it is deleted."""
    startup_timeout_s: Seconds = 3600
    """How long a machine may take to become a node; bare metal is imaged and rebooted in that time."""
    unhealthy_after_s: Seconds = 900
    """How long a node may be not ready before its machine is remediated."""
    max_unhealthy: Percent = "20%"
    """Above this share of unhealthy machines nothing is remediated: it is no longer a single fault."""


class Simulated(Section):
    """The lab makes the nodes; there is no hardware behind them."""

    kind: Literal["simulated"] = "simulated"


Provisioning = Annotated[Adopt | ClusterApi | Simulated, Field(discriminator="kind")]


class Driver(Section):
    """What the pool needs from the NVIDIA driver."""

    version: Annotated[str, Field(pattern=r"^[0-9]{3}\.[0-9]+(\.[0-9]+)?$")] | None = None
    """Driver version; none means the release that the catalogue pins for the GPU Operator."""
    kernel_module: Literal["auto", "open", "proprietary"] = "open"
    rdma: bool = True
    """GPUDirect RDMA through the NIC driver of the host."""
    gds: bool = False
    """GPUDirect Storage."""
    max_parallel_upgrades: Count = 1
    """Nodes whose driver is replaced at the same time."""
    max_unavailable: Percent = "25%"
    """Share of the pool that may be unavailable during a driver roll."""


class ComputeDomain(Section):
    """A multi-node NVLink domain that the nodes of one job share (IMEX channels through DRA)."""

    name: DnsLabel
    namespace: DnsLabel
    nodes: Annotated[int, Field(ge=1, le=18, strict=True)] = 18
    """Nodes that take part; 18 trays are one NVL72 rack, the largest domain."""


class Pool(Section):
    """Nodes of one accelerator system with one partitioning and one owner."""

    name: DnsLabel
    """Name of the pool, unique in the stack; part of object names, so it never changes."""
    system: str
    """Row of the system catalogue, for example ``gb300-nvl72``."""
    racks: Count | None = None
    """Size in whole racks. Give ``racks`` or ``nodes``."""
    nodes: Count | None = None
    """Size in nodes. Give ``racks`` or ``nodes``."""
    service: Service
    """The service plane the pool is for."""
    allocation: Allocation = Allocation.DEVICE_PLUGIN
    """How pods get GPUs: extended resources, or Dynamic Resource Allocation (ResourceClaims)."""
    device_stack: DeviceStack | None = None
    """Who runs the device plugin; none means the operator, or nobody where allocation is ``dra``."""
    partitioning: Partitioning = Partitioning()
    provisioning: Provisioning = Adopt()
    driver: Driver = Driver()
    compute_domains: tuple[ComputeDomain, ...] = ()
    """Multi-node NVLink domains offered to workloads; needs ``allocation: dra``."""
    labels: dict[LabelKey, LabelValue] = Field(default_factory=dict)
    """More labels for the pool's nodes."""
    product_label: LabelValue | None = None
    """Value of ``nvidia.com/gpu.product`` where the catalogue does not know or does not match it."""

    @property
    def served_by(self) -> DeviceStack:
        """Who runs the device plugin, with the default applied."""
        if self.device_stack is not None:
            return self.device_stack
        return DeviceStack.NONE if self.allocation is Allocation.DRA else DeviceStack.OPERATOR
