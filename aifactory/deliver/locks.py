"""Locks of a file state: a lock whose holder is dead is released, a living holder is named."""

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from aifactory.deliver.processes import alive
from aifactory.deliver.workspace import DRIVER
from aifactory.errors import EngineError

ORPHAN_TIMEOUT_S = 120.0


def _locks(state: Path, project: str, stack: str) -> Iterator[tuple[Path, int, str]]:
    for file in sorted((state / ".pulumi" / "locks" / "organization" / project / stack).glob("*.json")):
        try:
            content = json.loads(file.read_text())
            yield file, int(content["pid"]), str(content["hostname"])
        except (OSError, ValueError, KeyError, TypeError):
            yield file, 0, socket.gethostname()  # torn by a crash: nobody holds it


def _parent(pid: int) -> int | None:
    """Parent of a living process; None where it is dead."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return None if Path("/proc").is_dir() or not alive(pid) else os.getpid()
    return None if fields[0] == "Z" else int(fields[1])


def _orphaned(pid: int, parent: int) -> bool:
    """Whether an engine has lost the run that started it: somebody else adopted it, not always process 1."""
    if parent == 1:
        return True
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
    started = [entry for entry in environment if entry.startswith(f"{DRIVER}=".encode())]
    return bool(started) and started[0] != f"{DRIVER}={parent}".encode()


def release_stale(state: Path, project: str, stack: str, notify: Callable[[str], None]) -> None:
    """No lock of a dead process is left on the stack's state.

    An engine whose driver was killed goes on by itself: it is waited for, so that there is one writer.

    Args:
        state: Folder of the file state.
        project: Pulumi project.
        stack: Pulumi stack.
        notify: Told one line for each thing done.

    Raises:
        EngineError: If another run holds the lock; names the process and the host.
    """
    deadline = time.monotonic() + ORPHAN_TIMEOUT_S
    told = False
    while True:
        waiting = False
        for file, pid, host in _locks(state, project, stack):
            parent = _parent(pid) if pid and host == socket.gethostname() else None
            if host != socket.gethostname() or (parent is not None and not _orphaned(pid, parent)):
                raise EngineError(
                    f"another run changes the stack {stack}: process {pid} on {host} holds {file};"
                    " one run at a time may; wait for it to end, then run the same command again"
                )
            if parent is None:
                file.unlink(missing_ok=True)
                notify(f"released the lock of process {pid}, which is dead")
                continue
            waiting = True
        if not waiting:
            return
        if time.monotonic() > deadline:
            raise EngineError(
                f"an engine that lost its driver still runs on the stack {stack} after {ORPHAN_TIMEOUT_S:.0f} s;"
                " one run at a time may; end it, then run the same command again"
            )
        if not told:
            notify("an engine of a killed run is still at work: waiting for it")
            told = True
        time.sleep(0.2)
