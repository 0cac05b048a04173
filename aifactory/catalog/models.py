"""Typed rows of the catalogue; every row carries its source, date and confidence."""

import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class Row(BaseModel):
    """A row of facts with its provenance."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    id: str
    """Name of the row, unique in its kind."""
    source: Annotated[str, StringConstraints(pattern=r"^(https://\S+|assumption)$")]
    """Where the figures are from; ``assumption`` where they are ours."""
    as_of: datetime.date
    """When the source said so."""
    confidence: Literal["A", "B", "C"]
    """A primary document, B third party, C derived or assumed; the lowest of the row."""
    notes: str = ""


class Gpu(BaseModel):
    """One GPU as the driver reports it."""

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
    pci_device: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{4}$")]
    """PCI device id under vendor 10de."""


class System(Row):
    """An accelerator system: what one node and one rack of it are."""

    status: Literal["ga", "early", "roadmap", "withdrawn"]
    description: str
    gpus_per_node: Annotated[int, Field(ge=1)]
    nodes_per_rack: Annotated[int, Field(ge=1)]
    nvlink_domain_nodes: Annotated[int, Field(ge=0)]
    """Nodes in one NVLink domain; 1 is a domain inside the node, 0 is no NVLink."""
    architecture: Literal["amd64", "arm64"]
    page_size_kib: Literal[4, 64]
    """Page size of the kernel that the system needs."""
    cpu_cores: int
    """CPU cores of a node."""
    memory_gib: int
    """Memory of a node in gibibytes."""
    gpu: Gpu
    driver_minimum: str
    """Oldest driver that supports the GPU."""
    mig: dict[str, dict[str, int]] = {}
    """MIG layouts by name: instances of each profile on one GPU (mig-parted v0.15.0)."""

    @property
    def multi_node_nvlink(self) -> bool:
        """Whether an NVLink domain spans nodes."""
        return self.nvlink_domain_nodes > 1


class Chart(Row):
    """A Helm chart at a pinned version."""

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
    """All rows, by id."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    systems: dict[str, System]
    charts: dict[str, Chart]
    images: dict[str, Image]
