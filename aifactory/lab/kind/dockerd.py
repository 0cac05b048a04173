"""One dockerd of our own: started without an init system, told apart from every other one, stopped again."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from aifactory.errors import LabError
from aifactory.lab.kind import runtime_wrapper
from aifactory.lab.kind.container_engine import ContainerEngine
from aifactory.lab.kind.logged import TAIL_LINES, Notify

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
RUNTIME = "aifactory"
"""Name of the runtime that asks for less, where root lacks CAP_SYS_RESOURCE."""


@dataclass(frozen=True)
class Dockerd:
    """The daemon below one folder.

    Its images and containers are below the same folder and not in /var/lib/docker, which belongs to a dockerd
    that the machine's owner starts: the two never see, or remove, each other's. It listens where docker's client
    looks by default, so that docker and kind find it without further settings.

    Attributes:
        folder: Folder of its pid file, log and data.
        start_timeout_s: Seconds until it has to answer.
        stop_timeout_s: Seconds it may take to end its containers.
    """

    folder: Path
    start_timeout_s: float = START_TIMEOUT_S
    stop_timeout_s: float = STOP_TIMEOUT_S

    @property
    def log(self) -> Path:
        """Its log."""
        return self.folder / "dockerd.log"

    @property
    def _pid_file(self) -> Path:
        return self.folder / "dockerd.pid"

    @property
    def _data_root(self) -> str:
        return f"--data-root={self.folder / 'data'}"

    def pid(self) -> int | None:
        """Its process, if it runs; process ids are reused, so the command line has to name our folder."""
        try:
            pid = int(self._pid_file.read_text())
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return None
        return pid if self._data_root.encode() in words else None

    def start(self, program: Path, engine: ContainerEngine, notify: Notify, *, restricted: bool) -> None:
        """Start it and wait until it answers.

        Args:
            program: The ``dockerd`` command.
            engine: The client that has to reach it.
            notify: Told that it starts.
            restricted: Whether root lacks CAP_SYS_RESOURCE; containers then start through our runtime.

        Raises:
            LabError: It ends, or does not answer in time.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._pid_file.unlink(missing_ok=True)
        command = [str(program), self._data_root, f"--pidfile={self._pid_file}"]
        if restricted:
            command += [f"--add-runtime={RUNTIME}={self._install_runtime()}", f"--default-runtime={RUNTIME}"]
        notify(f"starting {program}; its log is {self.log}")
        with self.log.open("wb") as out:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + self.start_timeout_s
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise self._failed(f"it ended with {process.returncode}")
            if engine.running():
                return
            time.sleep(0.2)
        process.terminate()
        raise self._failed(f"it does not answer after {self.start_timeout_s:.0f} s")

    def stop(self, notify: Notify) -> None:
        """Stop it with its containers; its images stay. Nothing happens where ours does not run."""
        pid = self.pid()
        if pid is None:
            return
        notify(f"stopping dockerd (pid {pid})")
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + self.stop_timeout_s
        while self.pid() == pid:
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
                break
            time.sleep(0.1)
        # Only if this very process started it: the entry of a child stays until somebody asks for its end.
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)
        self._pid_file.unlink(missing_ok=True)

    def _install_runtime(self) -> Path:
        """Copy the runtime out of the package; the interpreter is not the virtual environment's.

        The daemon outlives this process, and may outlive the environment it runs in.
        """
        target = self.folder / "aifactory-runc"
        source = Path(runtime_wrapper.__file__).read_text(encoding="utf-8")
        python = Path(getattr(sys, "_base_executable", "") or sys.executable).resolve()
        new = target.with_suffix(".new")
        new.write_text(f"#!{python} -IS\n{source}", encoding="utf-8")
        shutil.copymode(python, new)
        new.replace(target)
        return target

    def _failed(self, why: str) -> LabError:
        lines = self.log.read_text(errors="replace").strip().splitlines()[-TAIL_LINES:]
        said = " | ".join(lines) or "it said nothing"
        return LabError(
            f"dockerd does not start, {why}: {said}; its log is {self.log}; remove the cause and run again"
        )
