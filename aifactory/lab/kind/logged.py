"""Runs long commands of others: output in a log file, a heartbeat, and one error that shows the end of the log."""

import os
import shlex
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from aifactory.errors import LabError
from aifactory.lab.tools.progress import HEARTBEAT_S, heartbeat

Notify = Callable[[str], None]
"""Told one line for each change of state."""
TAIL_LINES = 5
"""Lines of a failed command's output shown in its error."""
ENDS_WITH_US = ("setpriv", "--pdeathsig", "KILL")
"""In front of a command: the kernel ends it with this process, however that ends (util-linux)."""
DISK_FULL = "no space left on device"
"""What programs print when a disk is full, in lower case."""


class NotifyProgress:
    """Hands the lines of a heartbeat to a function."""

    def __init__(self, notify: Notify) -> None:
        self._notify = notify

    def step(self, tool: str, message: str) -> None:
        """Hand the line on."""
        self._notify(f"{tool}: {message}")


def run_logged(
    command: Sequence[str | Path],
    log: Path,
    notify: Notify,
    *,
    remedy: str,
    name: str = "",
    env: Mapping[str, str] | None = None,
    timeout_s: float = 1800.0,
    heartbeat_s: float = HEARTBEAT_S,
) -> None:
    """Run a command and append its output to a log.

    Args:
        command: Program and arguments.
        log: The log file; its folder is made.
        notify: Told every ``heartbeat_s`` seconds that the command is still running.
        remedy: What a person can do if it fails: the end of the error's message.
        name: What the command is called in messages; the program by default.
        env: Variables laid over this process's environment.
        timeout_s: Seconds after which the command is ended.
        heartbeat_s: Seconds between two lines.

    Raises:
        LabError: It cannot be started, fails, takes too long, or the disk is full.
    """
    words = [str(word) for word in command]
    name = name or Path(words[0]).name
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out, heartbeat(NotifyProgress(notify), name, "still running", heartbeat_s):
        out.write(f"$ {shlex.join(words)}\n".encode())
        out.flush()
        begin = out.tell()
        try:
            status = subprocess.run(
                words,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                timeout=timeout_s,
                check=False,
            ).returncode
        except OSError as problem:
            raise LabError(f"{name} cannot be started: {problem.strerror}; {remedy}") from problem
        except subprocess.TimeoutExpired as problem:
            raise LabError(
                f"{name} takes more than {timeout_s:.0f} s and was ended; its log is {log}; {remedy}"
            ) from problem
    if status != 0:
        raise command_failed(name, status, log, begin, remedy)


def command_failed(name: str, status: int, log: Path, begin: int, remedy: str) -> LabError:
    """The error of a command that failed; a full disk is told as such.

    Args:
        name: The program.
        status: Its exit status.
        log: Its log.
        begin: Where its output begins in the log, in bytes.
        remedy: What a person can do.
    """
    said = log.read_bytes()[begin:].decode(errors="replace").strip()
    if DISK_FULL in said.lower():
        return LabError(f"{name} failed because the disk is full; its log is {log}; make room and run again")
    tail = " | ".join(said.splitlines()[-TAIL_LINES:]) or "it said nothing"
    return LabError(f"{name} ended with {status}: {tail}; its log is {log}; {remedy}")
