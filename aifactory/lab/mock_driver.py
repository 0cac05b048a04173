"""A node's mock NVIDIA driver, worked out from the plan: what its GPUs report. No GPU is behind it.

The library that reads this is ``mock_nvml``; its README.md describes the configuration.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from aifactory.catalog.models import System
from aifactory.errors import LabError
from aifactory.lab.mock_driver_root import STAGED_LIBRARY, root_script
from aifactory.lab.mock_library import compile_library
from aifactory.manifests.kind_target import DRIVER_ROOT
from aifactory.plan.models import PoolPlan
from aifactory.plan.nodes import CLIQUE_LABEL, NodePlan

Architecture = Literal["ampere", "ada", "hopper", "blackwell"]
MOST_GPUS = 16
"""GPUs that the library has room for."""
_CUDA = {570: "12.8", 575: "12.9", 580: "13.0", 590: "13.1", 595: "13.2"}
"""Newest CUDA of a driver's branch, from NVIDIA's CUDA release notes; 595 is an assumption."""
_ARCHITECTURES: dict[int, Architecture] = {8: "ampere", 9: "hopper", 10: "blackwell", 12: "blackwell"}
"""NVML's name by compute capability; the newest that it has a name for where there is none."""
Word = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]+$")]


class MockDriver(BaseModel):
    """What the mock driver of one node reports."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    node: Word
    """Seed of the UUIDs: stable over restarts, another one on every node."""
    machine: Word
    """What GPU feature discovery calls the machine; says that it is a mock."""
    gpus: Annotated[int, Field(ge=0, le=MOST_GPUS)]
    product: Word
    """Product name as NVML reports it."""
    memory_mib: Annotated[int, Field(gt=0)]
    compute: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,2}\.[0-9]{1,2}$")]
    """Compute capability."""
    architecture: Architecture
    driver_version: Annotated[str, StringConstraints(pattern=r"^[0-9]+(\.[0-9]+){1,2}$")]
    cuda: Annotated[str, StringConstraints(pattern=r"^[0-9]+\.[0-9]$")]
    """Newest CUDA that the driver supports."""
    pci_device: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{4}$")] | None = None
    """PCI device id; None where none is published, and then the mock has no PCI devices to be found by."""
    mig_slices: Literal[0, 4, 7] = 0
    """Compute slices of a GPU; 0 for one without MIG."""
    mig: dict[str, int] | None = None
    """Instances of each profile on every GPU; None leaves MIG off."""
    clique: str | None = None
    """``<cluster UUID>.<clique id>`` of the node's NVLink domain; None where it does not span nodes."""
    coherent: bool = False
    """Whether CPU and GPU share memory, as NVLink-C2C has it."""

    @property
    def instances(self) -> int:
        """MIG devices of one GPU."""
        return sum((self.mig or {}).values())

    @property
    def bus_ids(self) -> tuple[str, ...]:
        """PCI address of each GPU, as ``/sys/bus/pci/devices`` names it."""
        return tuple(f"0000:{0x10 + index:02x}:00.0" for index in range(self.gpus))

    def config_text(self) -> str:
        """The configuration file of the library, ``etc/mock-nvml.conf`` below the driver root."""
        settings = {
            "GPUS": str(self.gpus),
            "PRODUCT": self.product,
            "MEMORY_MIB": str(self.memory_mib),
            "COMPUTE": self.compute,
            "ARCHITECTURE": self.architecture,
            "BRAND": "nvidia",
            "DRIVER": self.driver_version,
            "CUDA": self.cuda,
            "NODE": self.node,
            "ADDRESSING": "ats" if self.coherent else "unsupported",
            "MIG_SLICES": str(self.mig_slices),
        }
        if self.pci_device is not None:
            settings["PCI_DEVICE"] = self.pci_device
        if self.mig is not None:
            settings["MIG"] = (
                ",".join(f"{name}:{count}" for name, count in sorted(self.mig.items())) or "empty"
            )
        if self.clique is not None:
            settings["FABRIC"] = self.clique
        lines = [f"{key}={value}" for key, value in settings.items()]
        return "\n".join(["# Mock NVIDIA driver: no GPU is behind it.", *lines, ""])


def mock_driver(planned: PoolPlan, node: NodePlan, driver: str) -> MockDriver:
    """The mock driver of one node of a pool.

    Args:
        planned: The pool.
        node: The node, of that pool.
        driver: Version of the driver that the plan has for it.

    Raises:
        LabError: If the mock has no room for the node's GPUs, or the pool's MIG layout is not in the catalogue.
    """
    system, cut = planned.system, planned.pool.partitioning
    if system.gpus_per_node > MOST_GPUS:
        raise LabError(
            f"pool {planned.name} has {system.gpus_per_node} GPUs in a node; the mock driver has room for"
            f" {MOST_GPUS}; use --target simulated for this pool"
        )
    if cut.mig is not None and cut.mig.layout not in system.mig:
        raise LabError(
            f"pool {planned.name}: {cut.mig.layout} is no MIG layout of {system.gpu.name}; it has"
            f" {', '.join(sorted(system.mig)) or 'none'}; correct partitioning.mig.layout"
        )
    label = planned.pool.product_label
    return MockDriver(
        node=node.name,
        machine=f"mock {system.id}",
        gpus=system.gpus_per_node,
        product=system.gpu.name if label is None else label.replace("-", " "),
        memory_mib=system.gpu.memory_mib,
        compute=system.gpu.compute,
        architecture=_architecture(system.gpu.compute),
        driver_version=driver,
        cuda=cuda_of(driver),
        pci_device=system.gpu.pci_device,
        mig_slices=_mig_slices(system),
        mig=system.mig[cut.mig.layout] if cut.mig is not None else None,
        clique=node.labels.get(CLIQUE_LABEL),
        coherent=system.architecture == "arm64",
    )


def cuda_of(driver: str) -> str:
    """The newest CUDA that a driver supports, by its branch; of a branch between two known ones, the lower's."""
    branch = int(driver.partition(".")[0])
    known = [number for number in _CUDA if number <= branch]
    return _CUDA[max(known, default=min(_CUDA))]


def driver_root_script(driver: MockDriver, root: str = DRIVER_ROOT, library: str = STAGED_LIBRARY) -> str:
    """A POSIX shell script that lays out the driver root of a node; running it again changes nothing.

    It is run as root inside the node, after the compiled library was put there. Its last line of output is
    ``changed`` or ``as before``.

    Args:
        driver: What the node's driver reports.
        root: The driver root on the node.
        library: Where the compiled library was put; it stays there.
    """
    return root_script(
        root=root,
        library=library,
        version=driver.driver_version,
        config=driver.config_text(),
        machine=driver.machine,
        bus_ids=driver.bus_ids if driver.pci_device is not None else (),
        pci_device=driver.pci_device or "0000",
        gpus=driver.gpus,
        instances=driver.instances,
    )


def _architecture(compute: str) -> Architecture:
    if compute == "8.9":
        return "ada"
    return _ARCHITECTURES.get(int(compute.partition(".")[0]), "blackwell")


def _mig_slices(system: System) -> Literal[0, 4, 7]:
    """Compute slices of the GPU, from its largest profile: ``7g`` or ``4g``."""
    largest = max(
        (int(name.partition("g")[0]) for layout in system.mig.values() for name in layout), default=0
    )
    return 7 if largest > 4 else 4 if largest else 0  # noqa: PLR2004 - the two kinds of GPU there are


__all__ = ["STAGED_LIBRARY", "MockDriver", "compile_library", "cuda_of", "driver_root_script", "mock_driver"]
