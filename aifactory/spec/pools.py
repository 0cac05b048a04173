"""Pools: nodes of one accelerator system with one partitioning and one owner."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from aifactory.spec.provisioning import Adopt, Provisioning
from aifactory.spec.units import (
    Count,
    DnsLabel,
    LabelKey,
    LabelValue,
    Percent,
    Replicas,
    Section,
    Share,
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
    """Size in whole racks. Give ``racks``, ``nodes`` or ``power_share``."""
    nodes: Count | None = None
    """Size in nodes. Give ``racks``, ``nodes`` or ``power_share``."""
    power_share: Share | None = None
    """Size as a share of the site's usable power: as many whole racks as it feeds."""
    whole_units: bool = Field(default=False, strict=True)
    """Round a size by ``power_share`` down to whole scalable units of the system."""
    cell_racks: Count | None = None
    """Racks of this pool in one cell; none means an equal part of what a cell may hold."""
    tensor_parallel: Count = 1
    """GPUs that one copy of the pool's largest model spans; they need NVLink between nodes above one node."""
    needs_nvlink: bool = Field(default=False, strict=True)
    """Whether the pool's work needs NVLink between GPUs."""
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
