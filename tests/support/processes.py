"""Waiting with a deadline, and the processes of a machine."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path


def wait(condition: Callable[[], bool], timeout_s: float, describe: Callable[[], object]) -> None:
    """Return once the condition holds; fail with the last state after the time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not so after {timeout_s:.0f} s; the last state is: {describe()}")
        time.sleep(0.1)


def processes_of(folder: Path) -> dict[int, str]:
    """Living processes, apart from this one, whose command line names the folder."""
    found: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if str(folder) in words:
            found[int(entry.name)] = words.strip()
    return found


def children_of(pid: int) -> list[int]:
    """Every descendant of a process, nearest first."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += [int(word) for word in task.read_text().split()]
            except OSError:
                continue
    return found[1:]


def kill_all(pids: list[int]) -> None:
    """End processes at once, without a chance to clean up."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
