"""MIG in the mock NVML, through its ABI: devices, instances, profiles and placements. No GPU is behind it."""

import ctypes
from pathlib import Path

import pytest

from aifactory.lab.mock_library import compile_library
from tests.support import nvml as abi
from tests.support.nvml import U32, Nvml

B200 = "GPUS=2\nPRODUCT=NVIDIA B200\nMEMORY_MIB=184320\nMIG_SLICES=7\n"
SEVENTH, REVISION_2 = 0, 9


@pytest.fixture(scope="module")
def nvml(tmp_path_factory: pytest.TempPathFactory) -> Nvml:
    """The library, loaded."""
    return Nvml(compile_library(tmp_path_factory.mktemp("mock-nvml")))


def modes(library: Nvml, gpu: ctypes.c_void_p) -> tuple[int, int, int]:
    """Answer, current and pending MIG mode."""
    current, pending = U32(7), U32(7)
    code = library.code("nvmlDeviceGetMigMode", gpu, ctypes.byref(current), ctypes.byref(pending))
    return code, current.value, pending.value


def test_mig_is_off_unless_configured(nvml: Nvml, tmp_path: Path) -> None:
    """A GPU that supports MIG has the mode off and no MIG devices; one that does not says so."""
    with nvml.configured(tmp_path, B200) as started:
        gpu = started.gpu(0)
        assert modes(started, gpu) == (abi.OK, 0, 0)
        assert started.migs(gpu) == []
        assert started.number("nvmlDeviceIsMigDeviceHandle", gpu) == 0
    with nvml.configured(tmp_path, "GPUS=1\n") as started:
        assert modes(started, started.gpu(0))[0] == abi.NOT_SUPPORTED
        out = ctypes.byref(abi.ProfileInfo())
        assert started.code("nvmlDeviceGetGpuInstanceProfileInfo", started.gpu(0), U32(0), out) == 3


def test_each_gpu_may_have_its_own_layout(nvml: Nvml, tmp_path: Path) -> None:
    """MIG.<gpu> goes before MIG, in either order; ``off`` and ``empty`` differ in the mode."""
    for text in ("MIG=1g.23gb:7\nMIG.1=empty\n", "MIG.1=empty\nMIG=1g.23gb:7\n"):
        with nvml.configured(tmp_path, B200 + text) as started:
            first, second = started.gpu(0), started.gpu(1)
            assert (len(started.migs(first)), len(started.migs(second))) == (7, 0)
            assert modes(started, second) == (abi.OK, 1, 1)
    with nvml.configured(tmp_path, f"{B200}MIG=1g.23gb\nMIG.1=off\n") as started:
        assert modes(started, started.gpu(1)) == (abi.OK, 0, 0)


def test_a_mig_device_knows_its_gpu_and_its_instances(nvml: Nvml, tmp_path: Path) -> None:
    """From a MIG device its GPU, its GPU instance and its compute instance are found, and from those the device."""
    with nvml.configured(tmp_path, f"{B200}MIG=1g.23gb:2,2g.45gb:1,3g.90gb:1\n") as started:
        gpu = started.gpu(1)
        devices = started.migs(gpu)
        assert len({started.text("nvmlDeviceGetUUID", device) for device in devices}) == 4
        for device in devices:
            assert started.number("nvmlDeviceIsMigDeviceHandle", device) == 1
            assert started.handle("nvmlDeviceGetDeviceHandleFromMigDeviceHandle", device).value == gpu.value
            name = started.text("nvmlDeviceGetUUID", device)
            assert name.startswith("MIG-")
            assert started.handle("nvmlDeviceGetHandleByUUID", name.encode()).value == device.value
            number = started.number("nvmlDeviceGetGpuInstanceId", device)
            instance = started.handle("nvmlDeviceGetGpuInstanceById", gpu, U32(number))
            info = started.fill("nvmlGpuInstanceGetInfo", instance, out=abi.InstanceInfo())
            assert (info.device, info.id) == (gpu.value, number)
            compute_id = started.number("nvmlDeviceGetComputeInstanceId", device)
            compute = started.handle("nvmlGpuInstanceGetComputeInstanceById", instance, U32(compute_id))
            whole = started.fill("nvmlComputeInstanceGetInfo_v2", compute, out=abi.ComputeInstanceInfo())
            assert (whole.device, whole.parent, whole.id) == (device.value, instance.value, compute_id)


def test_instances_do_not_overlap(nvml: Nvml, tmp_path: Path) -> None:
    """Instances of a mixed layout lie side by side in the GPU's eight memory slices."""
    with nvml.configured(tmp_path, f"{B200}MIG=1g.23gb:2,2g.45gb:1,3g.90gb:1\n") as started:
        taken: list[int] = []
        for number in range(1, 5):
            instance = started.handle("nvmlDeviceGetGpuInstanceById", started.gpu(0), U32(number))
            info = started.fill("nvmlGpuInstanceGetInfo", instance, out=abi.InstanceInfo())
            taken += range(info.placement.start, info.placement.start + info.placement.size)
        assert sorted(taken) == list(range(8))


def test_a_mig_device_has_its_share_of_memory(nvml: Nvml, tmp_path: Path) -> None:
    """Attributes, memory and name of a MIG device are those of its profile."""
    with nvml.configured(tmp_path, f"{B200}MIG=2g.45gb:1\n") as started:
        device = started.migs(started.gpu(0))[0]
        attributes = started.fill("nvmlDeviceGetAttributes_v2", device, out=abi.Attributes())
        assert (attributes.memory_mib, attributes.gpu_slices, attributes.compute_slices) == (46080, 2, 2)
        assert started.fill("nvmlDeviceGetMemoryInfo", device, out=abi.Memory()).total == 46080 << 20
        assert started.text("nvmlDeviceGetName", device) == "NVIDIA B200 MIG 2g.45gb"
        out = ctypes.byref(abi.Attributes())
        assert started.code("nvmlDeviceGetAttributes_v2", started.gpu(0), out) == abi.NOT_SUPPORTED
        minor = ctypes.byref(U32())
        assert started.code("nvmlDeviceGetMinorNumber", device, minor) == abi.INVALID_ARGUMENT


def test_profiles_and_their_placements(nvml: Nvml, tmp_path: Path) -> None:
    """Profiles say slices, memory and how many fit; placements of one are as many, and inside the GPU."""
    with nvml.configured(tmp_path, B200) as started:
        gpu = started.gpu(0)
        profile = started.fill(
            "nvmlDeviceGetGpuInstanceProfileInfo", gpu, U32(REVISION_2), out=abi.ProfileInfo()
        )
        assert (profile.slices, profile.memory_mib, profile.instances) == (1, 46080, 4)
        named = started.fill(
            "nvmlDeviceGetGpuInstanceProfileInfoV", gpu, U32(SEVENTH), out=abi.versioned(abi.ProfileInfo2, 2)
        )
        assert (named.name, named.instances) == (b"1g.23gb", 7)
        count, places = U32(7), (abi.Placement * 7)()
        arguments = (gpu, U32(named.id), places, ctypes.byref(count))
        assert started.code("nvmlDeviceGetGpuInstancePossiblePlacements_v2", *arguments) == abi.OK
        assert [(place.start, place.size) for place in places[: count.value]] == [(i, 1) for i in range(7)]
        short = (gpu, U32(named.id), places, ctypes.byref(U32(1)))
        assert started.code("nvmlDeviceGetGpuInstancePossiblePlacements_v2", *short) == abi.INSUFFICIENT_SIZE
        out = ctypes.byref(abi.ProfileInfo())
        function = "nvmlDeviceGetGpuInstanceProfileInfo"
        assert started.code(function, gpu, U32(5), out) == abi.NOT_SUPPORTED
        assert started.code(function, gpu, U32(17), out) == abi.INVALID_ARGUMENT


def test_compute_profiles_are_no_larger_than_their_instance(nvml: Nvml, tmp_path: Path) -> None:
    """A GPU instance of three slices has compute profiles of one to three, and says how many of each fit."""
    with nvml.configured(tmp_path, f"{B200}MIG=3g.90gb\n") as started:
        instance = started.handle("nvmlDeviceGetGpuInstanceById", started.gpu(0), U32(1))
        function, found = "nvmlGpuInstanceGetComputeInstanceProfileInfo", {}
        for number in range(8):
            info = abi.ComputeInfo()
            if started.code(function, instance, U32(number), U32(0), ctypes.byref(info)) == abi.OK:
                found[info.slices] = info.instances
        assert found == {1: 3, 2: 1, 3: 1}
        named = started.fill(f"{function}V", instance, U32(2), U32(0), out=abi.versioned(abi.ComputeInfo2, 2))
        assert (named.slices, named.name) == (3, b"3g.90gb")
        engine = started.code(function, instance, U32(0), U32(1), ctypes.byref(abi.ComputeInfo()))
        assert engine == abi.INVALID_ARGUMENT


REFUSED = {
    "MIG_SLICES=0\nMIG=1g.23gb": "MIG=1g.23gb, but the GPU does not support MIG; MIG_SLICES is 4 or 7 for one that"
    " does; set it",
    "MIG=1g.5gb": "the GPU has no MIG profile '1g.5gb'; it has 1g.23gb, 2g.45gb, 3g.90gb, 4g.90gb, 7g.180gb,"
    " 1g.23gb+me, 1g.45gb; correct MIG or MEMORY_MIB",
    "MIG=1g.23gb:8": "MIG=1g.23gb:8 does not fit on a GPU; it has 7 compute and 8 memory slices; ask for less",
    "MIG=4g.90gb:2": "MIG=4g.90gb:2 does not fit on a GPU; it has 7 compute and 8 memory slices; ask for less",
    "MIG=1g.23gb:9": "MIG=1g.23gb:9: a count is a number from 1, and a GPU has at most 8 instances; correct it",
    "MIG=1g.23gb:x": "MIG=1g.23gb:x: a count is a number from 1, and a GPU has at most 8 instances; correct it",
}


@pytest.mark.parametrize("lines", REFUSED)
def test_a_layout_that_cannot_be_is_refused(
    nvml: Nvml,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    lines: str,
) -> None:
    """A layout with an unknown profile, a wrong count or no room ends the start, and says what there is."""
    file = tmp_path / "mock-nvml.conf"
    file.write_text(f"{B200}{lines}\n")
    monkeypatch.setenv("MOCK_NVML_CONFIG", str(file))
    assert nvml.code("nvmlInit_v2") == abi.UNKNOWN
    assert capfd.readouterr().err == f"mock NVML: {REFUSED[lines]}\n"
