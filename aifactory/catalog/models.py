"""Typed rows of the catalogue; every row carries its source, date and confidence."""

import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from aifactory.catalog.programme import (
    Announced,
    Compatibility,
    Cost,
    FabricDesign,
    KnownBad,
    PowerModeRow,
    Region,
    Residency,
    Throughput,
)
from aifactory.catalog.row import Row


class Gpu(BaseModel):
    """One GPU as the driver reports it; None where nothing is published."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: str
    """Product name that NVML reports."""
    product_label: str | None
    """Value of ``nvidia.com/gpu.product``; None where it is not known."""
    family: str
    """Value of ``nvidia.com/gpu.family``."""
    compute: Annotated[str, StringConstraints(pattern=r"^[0-9]+\.[0-9]+$")]
    """Compute capability, major and minor."""
    memory_mib: int
    """Memory visible to the driver, in mebibytes."""
    pci_device: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{4}$")] | None
    """PCI device id under vendor 10de; None where it is not published."""
    power_w: Annotated[int, Field(gt=0)] | None = None
    """Board power at its default limit, in watts."""
    bf16_pflops: Annotated[float, Field(gt=0)] | None = None
    """Dense BF16 throughput in 10^15 operations a second; the others likewise."""
    fp8_pflops: Annotated[float, Field(gt=0)] | None = None
    fp4_pflops: Annotated[float, Field(gt=0)] | None = None
    bandwidth_tbps: Annotated[float, Field(gt=0)] | None = None
    """Memory bandwidth in terabytes a second."""


class RackPower(BaseModel):
    """IT power of one fully populated rack, in kilowatts."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    tdp_kw: Annotated[float, Field(gt=0)]
    """Nameplate: what the rack may draw."""
    typical_kw: Annotated[float, Field(gt=0)] | None = None
    maxq_kw: Annotated[float, Field(gt=0)] | None = None
    """In the maker's efficiency mode, where published."""
    share_kw: Annotated[float, Field(ge=0)]
    """What switches, storage and management draw for each such rack."""


class System(Row):
    """An accelerator system: what one node and one rack of it are."""

    status: Literal["ga", "early", "roadmap", "withdrawn"]
    """``early`` can be ordered but has gaps; ``roadmap`` is announced; ``withdrawn`` is no longer offered."""
    generation: Literal["blackwell", "blackwell-ultra", "rubin", "rubin-ultra", "groq"]
    description: str
    available_from: datetime.date | None = None
    """First day on which a phase may go live with it (planning date); None means now."""
    gpus_per_node: Annotated[int, Field(ge=1)]
    nodes_per_rack: Annotated[int, Field(ge=1)]
    nvlink_domain_nodes: Annotated[int, Field(ge=0)]
    """Nodes in one NVLink domain; 1 is a domain inside the node, 0 is no NVLink."""
    architecture: Literal["amd64", "arm64"]
    page_size_kib: Literal[4, 64]
    """Page size of the kernel that the system needs."""
    scalable_unit_racks: Annotated[int, Field(ge=1)]
    """Racks of one scalable unit, the step in which fabric and storage are built."""
    dies_per_gpu: Annotated[int, Field(ge=1)] = 2
    """Dies in one GPU package; a package is one GPU to Kubernetes."""
    nics_per_gpu: Annotated[float, Field(ge=0)]
    """East-west network adapters for each GPU."""
    nic_gbps: Annotated[int, Field(ge=0)]
    """Speed of one such adapter in gigabits a second."""
    dpus_per_node: Annotated[int, Field(ge=0)] = 1
    rack_power: RackPower
    cooling: Literal["air", "hybrid", "liquid"]
    cpu_cores: int
    """CPU cores of a node."""
    memory_gib: int
    """Memory of a node in gibibytes."""
    gpu: Gpu
    driver_minimum: str
    """Oldest driver that supports the GPU."""
    mig: dict[str, dict[str, int]] = Field(default_factory=dict)
    """MIG layouts by name: instances of each profile on one GPU (mig-parted v0.15.0)."""

    @property
    def plannable(self) -> bool:
        """Whether it is offered: a plan with any other system is refused."""
        return self.status in {"ga", "early"}

    @property
    def multi_node_nvlink(self) -> bool:
        """Whether an NVLink domain spans nodes."""
        return self.nvlink_domain_nodes > 1

    @property
    def gpus_per_rack(self) -> int:
        """GPU packages in one rack."""
        return self.gpus_per_node * self.nodes_per_rack


class Chart(Row):
    """A Helm chart at a pinned version."""

    declared: bool = False
    """Whether a layer of this project declares it; the others are pinned for what comes next."""
    chart: str
    version: str
    repository: Annotated[str, StringConstraints(pattern=r"^(https|oci)://\S+$")]
    digest: Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")] | None = None


class Image(Row):
    """A container image at a pinned version."""

    repository: str
    version: str
    digest: Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")] | None = None

    @property
    def reference(self) -> str:
        """The image as a pod names it."""
        tagged = f"{self.repository}:{self.version}"
        return f"{tagged}@{self.digest}" if self.digest else tagged


class Catalog(BaseModel):
    """All rows, by kind and id."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    systems: dict[str, System]
    announced: dict[str, Announced]
    """Systems that cannot be planned, and why; no id is in ``systems`` too."""
    charts: dict[str, Chart]
    images: dict[str, Image]
    fabrics: dict[str, FabricDesign]
    power_modes: dict[str, PowerModeRow]
    """By the values of ``PowerMode``."""
    throughput: dict[str, Throughput]
    costs: dict[str, Cost]
    regions: dict[str, Region]
    """By country code."""
    residency: dict[str, Residency]
    """By data tag."""
    compatibility: dict[str, Compatibility]
    known_bad: dict[str, KnownBad]
