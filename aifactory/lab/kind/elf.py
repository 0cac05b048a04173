"""Reads from an ELF file which libraries it needs (System V ABI, 64 bit, little endian)."""

import struct
from dataclasses import dataclass
from pathlib import Path

_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_DT_NEEDED, _DT_STRTAB = 1, 5


@dataclass(frozen=True)
class Needs:
    """What a program or library needs to be loaded.

    Attributes:
        interpreter: Path of the dynamic loader; empty for a library or a static program.
        libraries: Names of the libraries, as linked.
    """

    interpreter: str
    libraries: tuple[str, ...]


def needs(file: Path) -> Needs | None:
    """What a file needs; None for anything but a 64-bit little-endian ELF file."""
    data = file.read_bytes()
    if data[:6] != b"\x7fELF\x02\x01":
        return None
    offset, size, count = struct.unpack_from("<Q", data, 32)[0], *struct.unpack_from("<HH", data, 54)
    segments = [_segment(data, offset + number * size) for number in range(count)]
    interpreter = ""
    libraries: tuple[str, ...] = ()
    for kind, start, _, length in segments:
        if kind == _PT_INTERP:
            interpreter = data[start : start + length].rstrip(b"\0").decode()
        elif kind == _PT_DYNAMIC:
            libraries = _libraries(data, start, length, segments)
    return Needs(interpreter, libraries)


def _segment(data: bytes, at: int) -> tuple[int, int, int, int]:
    """Kind, offset in the file, address and size in the file of a program header."""
    kind, _, start, address, _, length = struct.unpack_from("<IIQQQQ", data, at)
    return kind, start, address, length


def _libraries(
    data: bytes, start: int, length: int, segments: list[tuple[int, int, int, int]]
) -> tuple[str, ...]:
    names: list[int] = []
    strings = 0
    for tag, value in struct.iter_unpack("<qQ", data[start : start + length]):
        if tag == _DT_NEEDED:
            names.append(value)
        elif tag == _DT_STRTAB:
            strings = value
        elif tag == 0:
            break
    # The table of names is given by its address; the segment that is loaded there says where it is in the file.
    for kind, begin, address, size in segments:
        if kind == _PT_LOAD and address <= strings < address + size:
            table = strings - address + begin
            return tuple(_text(data, table + name) for name in names)
    return ()


def _text(data: bytes, at: int) -> str:
    return data[at : data.index(b"\0", at)].decode()
