"""Stand-ins for programs of the machine: shell scripts in a folder, and ELF files made by hand."""

import struct
from collections.abc import Sequence
from pathlib import Path

from aifactory.lab.kind.container_engine import ContainerEngine
from aifactory.lab.kind.machine import Machine

UP = "FAKE-20.10"
"""Version the fake engine gives."""


def program(folder: Path, name: str, script: str) -> Path:
    """A shell script that stands for a program."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def machine(
    folder: Path,
    *,
    linux: bool = True,
    root: bool = True,
    systemd: bool = False,
    sys_resource: bool = True,
) -> Machine:
    """A machine whose programs are those of one folder."""
    folder.mkdir(parents=True, exist_ok=True)
    return Machine(linux=linux, root=root, systemd=systemd, sys_resource=sys_resource, path=str(folder))


def engine(folder: Path, script: str, name: str = "docker") -> ContainerEngine:
    """An engine that is a script."""
    return ContainerEngine(program(folder, name, script))


def docker_when(folder: Path, flag: Path, name: str = "docker") -> Path:
    """A docker that answers as soon as a file is there."""
    return program(
        folder, name, f'if [ -e "{flag}" ]; then echo {UP}; else echo "Cannot connect" >&2; exit 1; fi'
    )


def elf(libraries: Sequence[str] = (), interpreter: str = "") -> bytes:
    """The smallest 64-bit ELF file that names libraries and a loader; it cannot run."""
    names = b"\0" + b"".join(name.encode() + b"\0" for name in libraries)
    loader = interpreter.encode() + b"\0" if interpreter else b""
    begin = 64 + 3 * 56
    at_names, at_loader = begin, begin + len(names)
    at_dynamic = at_loader + len(loader)
    address = 0x400000
    offsets, offset = [], 1
    for name in libraries:
        offsets.append(offset)
        offset += len(name) + 1
    entries = [(1, value) for value in offsets] + [(5, address + at_names), (0, 0)]
    dynamic = b"".join(struct.pack("<qQ", *entry) for entry in entries)
    size = at_dynamic + len(dynamic)
    header = b"\x7fELF\x02\x01\x01" + bytes(9)
    header += struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 3, 0, 0, 0)
    segments = [(1, 0, address, size), (2, at_dynamic, address + at_dynamic, len(dynamic))]
    segments.append((3, at_loader, address + at_loader, len(loader)) if interpreter else (0, 0, 0, 0))
    table = b"".join(
        struct.pack("<IIQQQQQQ", kind, 0, start, where, where, length, length, 1)
        for kind, start, where, length in segments
    )
    return header + table + names + loader + dynamic
