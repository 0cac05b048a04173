"""Runs the Go toolchain: logged, with a heartbeat, and with one error that shows the end of the log."""

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aifactory.lab.tools.errors import BuildFailedError, CacheUnusableError
from aifactory.lab.tools.progress import HEARTBEAT_S, Progress, heartbeat
from aifactory.lab.tools.table import ToolSpec

TAIL_LINES = 15
"""Lines of a failed build shown in its error."""

# go.sum has every hash, so a build that would have to add one is refused rather than looked up.
_GOFLAGS = "-mod=readonly -trimpath -buildvcs=false"


@dataclass(frozen=True)
class GoTool:
    """A Go toolchain.

    The user's own GOTOOLCHAIN, GOPROXY, GOCACHE and the like are respected; GOFLAGS and GOWORK are ours, for
    the same inputs must give the same binary everywhere. Go's build cache is Go's own, so an interrupted
    build goes on where it stopped.

    Attributes:
        program: The ``go`` command.
        environ: The environment it runs in.
        progress: Told that a build is going on.
        heartbeat_s: Seconds between two such lines.
    """

    program: Path
    environ: Mapping[str, str]
    progress: Progress
    heartbeat_s: float = HEARTBEAT_S

    def run(self, spec: ToolSpec, args: list[str], cwd: Path, env: Mapping[str, str], log: Path) -> None:
        """Run ``go`` and append its output to the log.

        Raises:
            BuildFailedError: It failed.
            CacheUnusableError: It failed because a disk is full.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        with (
            log.open("a", encoding="utf-8") as out,
            heartbeat(self.progress, spec.name, f"go {args[0]} is running", self.heartbeat_s),
        ):
            out.write(f"$ {shlex.join(['go', *args])}\n")
            out.flush()
            try:
                status = subprocess.run(
                    [str(self.program), *args],
                    cwd=cwd,
                    env=self._environment(env),
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    check=False,
                ).returncode
            except OSError as problem:
                status = 126
                out.write(f"{self.program} cannot be started: {problem.strerror}\n")
        if status != 0:
            raise self._failure(spec, args, log)

    def module_folder(self, spec: ToolSpec, path: str, version: str, expected_sum: str, log: Path) -> Path:
        """Fetch a module and return its read-only folder, if its hash is the expected one.

        Raises:
            BuildFailedError: The module cannot be fetched or has another hash.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        # The expected hash is in our table, which makes the look-up in a checksum database needless.
        environment = self._environment({"GONOSUMDB": path})
        with heartbeat(self.progress, spec.name, "go mod download is running", self.heartbeat_s):
            done = subprocess.run(
                [str(self.program), "mod", "download", "-json", f"{path}@{version}"],
                cwd=log.parent,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                check=False,
            )
        command = f"go mod download {path}@{version}"
        with log.open("a", encoding="utf-8") as out:
            out.write(f"$ {command}\n{done.stdout}{done.stderr}")
        try:
            answer = json.loads(done.stdout)
        except ValueError:
            answer = {"Error": (done.stderr or done.stdout).strip()}
        if answer.get("Error") or "Dir" not in answer:
            lines = str(answer.get("Error", "no folder in the answer")).splitlines()[-TAIL_LINES:]
            raise BuildFailedError(
                spec.name, command, lines, log, "check the network and GOPROXY, then run again"
            )
        if answer.get("Sum") != expected_sum:
            line = f"module hash is {answer.get('Sum')}, the table has {expected_sum}"
            raise BuildFailedError(
                spec.name, command, [line], log, "the module is not used; check who serves it"
            )
        return Path(answer["Dir"])

    def _environment(self, env: Mapping[str, str]) -> dict[str, str]:
        return {**self.environ, "GOFLAGS": _GOFLAGS, "GOWORK": "off", **env}

    def _failure(self, spec: ToolSpec, args: list[str], log: Path) -> BuildFailedError | CacheUnusableError:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        text = "\n".join(lines[-200:])
        if "no space left on device" in text.lower():
            folder = Path(self.environ.get("GOCACHE") or log.parent.parent)
            return CacheUnusableError(spec.name, folder, "the disk is full (Go build)", spec.size_mib)
        remedy = "run again when the cause is gone; Go continues where it stopped"
        if "requires go >=" in text:
            remedy = "install a newer Go from https://go.dev/dl, or let GOTOOLCHAIN=auto fetch one"
        return BuildFailedError(spec.name, f"go {' '.join(args[:1])}", lines[-TAIL_LINES:], log, remedy)


def find_go(environ: Mapping[str, str]) -> Path | None:
    """The ``go`` command on PATH."""
    found = shutil.which("go", path=environ.get("PATH", os.defpath))
    return Path(found) if found else None
