"""The mock NVML as a shared library: compiled here once for each state of its sources."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from aifactory.errors import LabError

SOURCES = Path(__file__).parent / "mock_nvml"
LIBRARY = "libnvidia-ml.so.1"
COMPILE_TIMEOUT_S = 120.0
FLAGS = (
    "-std=gnu11",
    "-O2",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-fvisibility=hidden",
    "-fPIC",
    "-shared",
    f"-Wl,-soname,{LIBRARY}",
)


def sources() -> tuple[Path, ...]:
    """The files of the library, headers first."""
    return (*sorted(SOURCES.glob("*.h")), *sorted(SOURCES.glob("*.c")))


def compile_library(cache: Path) -> Path:
    """The compiled library for this machine's architecture; compiled only if it is not in the cache.

    A compilation that is killed leaves nothing that a later one takes for the library.

    Args:
        cache: Folder that holds one folder for each state of the sources; made if missing.

    Returns:
        Path of ``libnvidia-ml.so.1``.

    Raises:
        LabError: If there is no C compiler, it refuses the sources, or the cache cannot be written.
    """
    folder = cache / _digest()
    library = folder / LIBRARY
    if library.is_file():
        return library
    compiler = _compiler()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            made = Path(scratch) / LIBRARY
            _run([compiler, *FLAGS, "-o", str(made), *map(str, SOURCES.glob("*.c")), "-ldl", "-lpthread"])
            made.replace(library)
    except OSError as error:
        raise LabError(
            f"the mock NVML cannot be written to {folder}: {error.strerror or error}; it must be a writable"
            " folder with space; free some, or set XDG_CACHE_HOME"
        ) from error
    return library


def _digest() -> str:
    digest = hashlib.sha256(" ".join([*FLAGS, os.uname().machine]).encode())
    for file in sources():
        digest.update(b"\0" + file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def _compiler() -> str:
    named = os.environ.get("CC", "").strip()
    found = next(
        filter(None, map(shutil.which, (named, "cc", "gcc", "clang") if named else ("cc", "gcc", "clang"))),
        None,
    )
    if found is None:
        raise LabError(
            "there is no C compiler: neither cc, gcc nor clang is on PATH; the mock NVML is compiled from source;"
            " install one (Debian and Ubuntu: apt-get install gcc libc6-dev), or name one in CC"
        )
    return found


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=COMPILE_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise LabError(
            f"{command[0]} did not compile the mock NVML in {COMPILE_TIMEOUT_S:.0f} s; it takes a second or two;"
            " see what else the machine is doing, and try again"
        ) from error
    if done.returncode:
        raise LabError(
            f"{command[0]} refuses the mock NVML: {done.stderr.strip()[-2000:]}; it is C11 with GNU extensions;"
            " use gcc 9 or clang 12 or newer, with the C library's headers"
        )
