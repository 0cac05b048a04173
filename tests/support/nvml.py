"""NVML's ABI by hand, for tests of the mock: structs and calls as a client in C has them."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

OK, UNINITIALIZED, INVALID_ARGUMENT, NOT_SUPPORTED, NOT_FOUND, INSUFFICIENT_SIZE = 0, 1, 2, 3, 6, 7
DRIVER_NOT_LOADED, TIMED_OUT, VERSION_MISMATCH, UNKNOWN = 9, 10, 25, 999
NO_INSTANCE = 0xFFFFFFFF
U32, U64, TEXT = ctypes.c_uint32, ctypes.c_uint64, ctypes.c_char
ENGINES = [(name, U32) for name in ("multiprocessors", "copy", "decoder", "encoder", "jpeg", "ofa")]


def _struct(name: str, *fields: tuple[str, Any]) -> type[Any]:
    return type(name, (ctypes.Structure,), {"_fields_": list(fields)})


PciInfo: Any = _struct(
    "PciInfo",
    ("legacy", TEXT * 16),
    *((name, U32) for name in ("domain", "bus", "device", "device_id", "subsystem_id")),
    ("id", TEXT * 32),
)
Memory: Any = _struct("Memory", ("total", U64), ("free", U64), ("used", U64))
Memory2: Any = _struct(
    "Memory2", ("version", U32), ("total", U64), ("reserved", U64), ("free", U64), ("used", U64)
)
Attributes: Any = _struct(
    "Attributes", *ENGINES, ("gpu_slices", U32), ("compute_slices", U32), ("memory_mib", U64)
)
_PROFILE = [(name, U32) for name in ("id", "p2p", "slices", "instances")]
ProfileInfo: Any = _struct("ProfileInfo", *_PROFILE, *ENGINES, ("memory_mib", U64))
ProfileInfo2: Any = _struct(
    "ProfileInfo2", ("version", U32), *_PROFILE, *ENGINES, ("memory_mib", U64), ("name", TEXT * 96)
)
ComputeInfo: Any = _struct("ComputeInfo", ("id", U32), ("slices", U32), ("instances", U32), *ENGINES)
ComputeInfo2: Any = _struct(
    "ComputeInfo2",
    ("version", U32),
    ("id", U32),
    ("slices", U32),
    ("instances", U32),
    *ENGINES,
    ("name", TEXT * 96),
)
Placement: Any = _struct("Placement", ("start", U32), ("size", U32))
InstanceInfo: Any = _struct(
    "InstanceInfo", ("device", ctypes.c_void_p), ("id", U32), ("profile", U32), ("placement", Placement)
)
ComputeInstanceInfo: Any = _struct(
    "ComputeInstanceInfo",
    ("device", ctypes.c_void_p),
    ("parent", ctypes.c_void_p),
    ("id", U32),
    ("profile", U32),
    ("placement", Placement),
)
Fabric: Any = _struct(
    "Fabric", ("cluster", ctypes.c_ubyte * 16), ("status", U32), ("clique", U32), ("state", ctypes.c_ubyte)
)
_FABRIC2 = [("version", U32), *Fabric._fields_, ("health_mask", U32)]
Fabric2: Any = _struct("Fabric2", *_FABRIC2)
Fabric3: Any = _struct("Fabric3", *_FABRIC2, ("health_summary", ctypes.c_ubyte))
Addressing: Any = _struct("Addressing", ("version", U32), ("value", U32))
Event: Any = _struct(
    "Event", ("device", ctypes.c_void_p), ("type", U64), ("data", U64), ("instance", U32), ("compute", U32)
)


def versioned(struct: Any, version: int) -> Any:
    """An empty struct that says its size and version."""
    return struct(version=ctypes.sizeof(struct) | version << 24)


class Nvml:
    """The library, as a client sees it."""

    def __init__(self, library: Path) -> None:
        self.lib = ctypes.CDLL(str(library))

    def code(self, function: str, *arguments: Any) -> int:
        """The answer of a call."""
        return int(getattr(self.lib, function)(*arguments))

    def fill(self, function: str, *arguments: Any, out: Any) -> Any:
        """What a call fills in last; fails if it does not succeed."""
        code = self.code(function, *arguments, ctypes.byref(out))
        assert code == OK, f"{function}: {code}"
        return out if isinstance(out, ctypes.Structure) else out.value

    def text(self, function: str, *arguments: Any, size: int = 96) -> str:
        """What a call writes as text."""
        buffer = ctypes.create_string_buffer(size)
        assert self.code(function, *arguments, buffer, U32(size)) == OK
        return buffer.value.decode()

    def number(self, function: str, *arguments: Any) -> int:
        """The number that a call fills in last."""
        return int(self.fill(function, *arguments, out=U32()))

    def gpu(self, index: int) -> ctypes.c_void_p:
        """Handle of a GPU."""
        return self.handle("nvmlDeviceGetHandleByIndex_v2", U32(index))

    def handle(self, function: str, *arguments: Any) -> ctypes.c_void_p:
        """The handle that a call fills in last."""
        return ctypes.c_void_p(self.fill(function, *arguments, out=ctypes.c_void_p()))

    def migs(self, gpu: ctypes.c_void_p) -> list[ctypes.c_void_p]:
        """Handles of the MIG devices of a GPU."""
        found = []
        for index in range(self.number("nvmlDeviceGetMaxMigDeviceCount", gpu)):
            out = ctypes.c_void_p()
            code = self.code("nvmlDeviceGetMigDeviceHandleByIndex", gpu, U32(index), ctypes.byref(out))
            assert code in {OK, NOT_FOUND}
            if code == OK:
                found.append(out)
        return found

    @contextmanager
    def configured(self, folder: Path, text: str) -> Iterator["Nvml"]:
        """The library, started with this configuration and ended afterwards."""
        file = folder / "mock-nvml.conf"
        file.write_text(text)
        before = os.environ.get("MOCK_NVML_CONFIG")
        os.environ["MOCK_NVML_CONFIG"] = str(file)
        try:
            assert self.code("nvmlInit_v2") == OK
            yield self
        finally:
            self.code("nvmlShutdown")
            if before is None:
                del os.environ["MOCK_NVML_CONFIG"]
            else:
                os.environ["MOCK_NVML_CONFIG"] = before
