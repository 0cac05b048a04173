"""The mock NVML through its ABI: what a client in C is told. No GPU is behind it."""

import ctypes
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from aifactory.lab.mock_library import compile_library
from tests.support import nvml as abi
from tests.support.nvml import U32, Nvml

PLAIN = (
    "GPUS=2\nPRODUCT=NVIDIA B200\nMEMORY_MIB=184320\nCOMPUTE=10.0\nARCHITECTURE=blackwell\nDRIVER=595.91.07\n"
)
PLAIN += "CUDA=13.2\nNODE=node-a\nPCI_DEVICE=2901\nMIG_SLICES=7\n"


@pytest.fixture(scope="module")
def nvml(tmp_path_factory: pytest.TempPathFactory) -> Nvml:
    """The library, loaded."""
    return Nvml(compile_library(tmp_path_factory.mktemp("mock-nvml")))


@pytest.fixture
def plain(nvml: Nvml, tmp_path: Path) -> Iterator[Nvml]:
    """The library with two whole GPUs."""
    with nvml.configured(tmp_path, PLAIN) as started:
        yield started


def uuids(library: Nvml) -> list[str]:
    """UUIDs of all GPUs."""
    count = library.number("nvmlDeviceGetCount_v2")
    return [library.text("nvmlDeviceGetUUID", library.gpu(index)) for index in range(count)]


def test_system_reports_the_configured_versions(plain: Nvml) -> None:
    """Driver, NVML and CUDA versions are those of the configuration."""
    assert plain.text("nvmlSystemGetDriverVersion") == "595.91.07"
    assert plain.text("nvmlSystemGetNVMLVersion") == "13.595.91.07"
    assert plain.number("nvmlSystemGetCudaDriverVersion") == 13020
    assert plain.number("nvmlSystemGetCudaDriverVersion_v2") == 13020


def test_a_gpu_says_what_is_configured(plain: Nvml) -> None:
    """Name, memory, capability, architecture, brand, index, minor and PCI address of a GPU are the configured ones."""
    gpu = plain.gpu(1)
    assert plain.text("nvmlDeviceGetName", gpu) == "NVIDIA B200"
    assert plain.fill("nvmlDeviceGetMemoryInfo", gpu, out=abi.Memory()).total == 184320 << 20
    memory = plain.fill("nvmlDeviceGetMemoryInfo_v2", gpu, out=abi.versioned(abi.Memory2, 2))
    assert (memory.total, memory.free, memory.used) == (184320 << 20, 184320 << 20, 0)
    major, minor = ctypes.c_int(), ctypes.c_int()
    compute = plain.code("nvmlDeviceGetCudaComputeCapability", gpu, ctypes.byref(major), ctypes.byref(minor))
    assert (compute, major.value, minor.value) == (abi.OK, 10, 0)
    assert plain.number("nvmlDeviceGetArchitecture", gpu) == 10
    assert plain.number("nvmlDeviceGetBrand", gpu) == 14
    assert plain.number("nvmlDeviceGetIndex", gpu) == plain.number("nvmlDeviceGetMinorNumber", gpu) == 1
    pci = plain.fill("nvmlDeviceGetPciInfo_v3", gpu, out=abi.PciInfo())
    assert (pci.id, pci.legacy, pci.bus, pci.device_id) == (
        b"00000000:11:00.0",
        b"0000:11:00.0",
        0x11,
        0x290110DE,
    )


def test_a_gpu_is_found_by_each_of_its_names(plain: Nvml) -> None:
    """A GPU's UUID and both forms of its PCI address lead to the same handle as its index."""
    gpu = plain.gpu(1)
    name = plain.text("nvmlDeviceGetUUID", gpu).encode()
    assert plain.handle("nvmlDeviceGetHandleByUUID", name).value == gpu.value
    for address in (b"0000:11:00.0", b"00000000:11:00.0"):
        assert plain.handle("nvmlDeviceGetHandleByPciBusId_v2", address).value == gpu.value


def test_uuids_are_stable_and_distinct(nvml: Nvml, tmp_path: Path) -> None:
    """UUIDs are valid, stay the same after a restart, and differ between GPUs and between nodes."""
    found = []
    for node in ("node-a", "node-a", "node-b"):
        with nvml.configured(tmp_path, f"GPUS=8\nNODE={node}\n") as started:
            found.append(uuids(started))
    assert found[0] == found[1]
    assert len({*found[0], *found[2]}) == 16
    for name in found[0]:
        assert name.startswith("GPU-")
        assert uuid.UUID(name.removeprefix("GPU-")).version == 4


def test_wrong_arguments_get_nvmls_codes(plain: Nvml) -> None:
    """Unknown names, indices, handles, short buffers and wrong versions get the codes that NVML documents."""
    out, gpu = ctypes.c_void_p(), plain.gpu(0)
    where = ctypes.byref(out)
    assert plain.code("nvmlDeviceGetHandleByIndex_v2", U32(2), where) == abi.INVALID_ARGUMENT
    assert plain.code("nvmlDeviceGetHandleByUUID", b"GPU-none", where) == abi.NOT_FOUND
    assert plain.code("nvmlDeviceGetHandleByPciBusId_v2", b"0000:99:00.0", where) == abi.NOT_FOUND
    assert plain.code("nvmlDeviceGetIndex", ctypes.c_void_p(16), where) == abi.INVALID_ARGUMENT
    assert plain.code("nvmlDeviceGetIndex", gpu, None) == abi.INVALID_ARGUMENT
    short = ctypes.create_string_buffer(4)
    assert plain.code("nvmlDeviceGetName", gpu, short, U32(4)) == abi.INSUFFICIENT_SIZE
    old = ctypes.byref(abi.versioned(abi.Memory2, 1))
    assert plain.code("nvmlDeviceGetMemoryInfo_v2", gpu, old) == abi.VERSION_MISMATCH
    plain.lib.nvmlErrorString.restype = ctypes.c_char_p
    assert plain.lib.nvmlErrorString(abi.NOT_FOUND) == b"Not Found"


def test_nothing_answers_before_the_start_and_after_the_last_end(nvml: Nvml, tmp_path: Path) -> None:
    """Calls outside of init and shutdown are refused; shutdown counts."""
    count = U32()
    assert nvml.code("nvmlDeviceGetCount_v2", ctypes.byref(count)) == abi.UNINITIALIZED
    with nvml.configured(tmp_path, PLAIN) as started:
        assert started.code("nvmlInitWithFlags", U32(1)) == abi.OK
        assert started.code("nvmlShutdown") == abi.OK
        assert started.number("nvmlDeviceGetCount_v2") == 2
    assert nvml.code("nvmlDeviceGetCount_v2", ctypes.byref(count)) == abi.UNINITIALIZED
    assert nvml.code("nvmlShutdown") == abi.UNINITIALIZED


def test_links_and_fabric_are_absent_unless_configured(plain: Nvml) -> None:
    """Without FABRIC the fabric is not supported; links are not; two GPUs meet at the host bridge."""
    first, second = plain.gpu(0), plain.gpu(1)
    assert plain.number("nvmlDeviceGetTopologyCommonAncestor", first, second) == 30
    assert plain.number("nvmlDeviceGetTopologyCommonAncestor", first, first) == 0
    out = ctypes.byref(abi.Fabric())
    assert plain.code("nvmlDeviceGetGpuFabricInfo", first, out) == abi.NOT_SUPPORTED
    assert plain.code("nvmlDeviceGetNvLinkState", first, U32(0), ctypes.byref(U32())) == abi.NOT_SUPPORTED
    mode = ctypes.byref(abi.versioned(abi.Addressing, 1))
    assert plain.code("nvmlDeviceGetAddressingMode", first, mode) == abi.NOT_SUPPORTED


def test_fabric_is_reported_in_every_version(nvml: Nvml, tmp_path: Path) -> None:
    """Cluster and clique of FABRIC come back from each version of the call, as a completed registration."""
    cluster = uuid.UUID("123e4567-e89b-42d3-a456-426614174000")
    text = f"{PLAIN}FABRIC={cluster}.4094\nADDRESSING=ats\n"
    with nvml.configured(tmp_path, text) as started:
        gpu = started.gpu(0)
        for function, struct in (
            ("nvmlDeviceGetGpuFabricInfo", abi.Fabric()),
            ("nvmlDeviceGetGpuFabricInfoV", abi.versioned(abi.Fabric2, 2)),
            ("nvmlDeviceGetGpuFabricInfoV", abi.versioned(abi.Fabric3, 3)),
        ):
            info = started.fill(function, gpu, out=struct)
            assert (bytes(info.cluster), info.clique, info.state, info.status) == (cluster.bytes, 4094, 3, 0)
        wrong = ctypes.byref(abi.versioned(abi.Fabric3, 4))
        assert started.code("nvmlDeviceGetGpuFabricInfoV", gpu, wrong) == abi.VERSION_MISMATCH
        mode = started.fill("nvmlDeviceGetAddressingMode", gpu, out=abi.versioned(abi.Addressing, 1))
        assert mode.value == 2
