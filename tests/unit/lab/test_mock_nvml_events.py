"""Faults of the mock NVML, through its ABI: XID events and their end. No GPU is behind it."""

import ctypes
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aifactory.lab.mock_library import compile_library
from tests.support import nvml as abi
from tests.support.nvml import U32, U64, Nvml

XID = 8


@pytest.fixture(scope="module")
def nvml(tmp_path_factory: pytest.TempPathFactory) -> Nvml:
    """The library, loaded."""
    return Nvml(compile_library(tmp_path_factory.mktemp("mock-nvml")))


@pytest.fixture
def plain(nvml: Nvml, tmp_path: Path) -> Iterator[Nvml]:
    """The library with two whole GPUs."""
    with nvml.configured(tmp_path, "GPUS=2\nNODE=node-a\n") as started:
        yield started


def wait(library: Nvml, events: ctypes.c_void_p, timeout_ms: int = 300) -> tuple[int, int, int, int] | None:
    """The next event as GPU, XID, GPU instance and compute instance; None after a timeout."""
    event = abi.Event()
    code = library.code("nvmlEventSetWait_v2", events, ctypes.byref(event), U32(timeout_ms))
    if code == abi.TIMED_OUT:
        return None
    assert (code, event.type) == (abi.OK, XID)
    gpu = library.number("nvmlDeviceGetIndex", ctypes.c_void_p(event.device))
    return gpu, event.data, event.instance, event.compute


def registered(library: Nvml, *gpus: int) -> ctypes.c_void_p:
    """An event set with some GPUs registered."""
    events = library.handle("nvmlEventSetCreate")
    for gpu in gpus:
        assert library.fill("nvmlDeviceGetSupportedEventTypes", library.gpu(gpu), out=U64()) == XID
        assert library.code("nvmlDeviceRegisterEvents", library.gpu(gpu), U64(XID), events) == abi.OK
    return events


def test_a_fault_is_reported_once_to_each_set(plain: Nvml, tmp_path: Path) -> None:
    """A line of the faults file is an XID event for sets with that GPU, once; other GPUs' sets get none."""
    faults, nobody = tmp_path / "faults", (abi.NO_INSTANCE, abi.NO_INSTANCE)
    both, second = registered(plain, 0, 1), registered(plain, 1)
    assert wait(plain, both) is None
    faults.write_text("# broken\n0 79\n")
    assert wait(plain, both) == (0, 79, *nobody)
    assert wait(plain, both) is None
    assert wait(plain, second) is None
    faults.write_text("0 79\n1 48 3 0\n")
    assert wait(plain, both) == wait(plain, second) == (1, 48, 3, 0)
    for events in (both, second):
        assert plain.code("nvmlEventSetFree", events) == abi.OK


def test_a_standing_fault_is_reported_to_a_new_set_and_a_cleared_one_is_not(
    plain: Nvml, tmp_path: Path
) -> None:
    """A client that starts again sees what still stands; a cleared fault is gone, and reported anew if it returns."""
    faults = tmp_path / "faults"
    faults.write_text("0 79\n")
    first = registered(plain, 0)
    assert wait(plain, first) is not None
    assert wait(plain, registered(plain, 0)) is not None
    faults.write_text("")
    assert wait(plain, registered(plain, 0)) is None
    assert wait(plain, first) is None
    faults.write_text("0 79\n")
    assert wait(plain, first) is not None


def test_waiting_lasts_for_its_timeout(plain: Nvml) -> None:
    """A wait without an event blocks for its time, so that a client does not spin."""
    events, began = registered(plain, 0), time.monotonic()
    assert wait(plain, events, 500) is None
    assert 0.4 <= time.monotonic() - began < 5


def test_a_malformed_fault_is_named(plain: Nvml, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A line that is no fault is no event, and is named once on standard error."""
    faults = tmp_path / "faults"
    faults.write_text("0\n9 79\n")
    assert wait(plain, registered(plain, 0, 1)) is None
    assert capfd.readouterr().err == (
        f"mock NVML: {faults}:1: is no fault; lines are GPU XID or GPU XID INSTANCE COMPUTE, with a GPU below 2;"
        " correct it\n"
    )
