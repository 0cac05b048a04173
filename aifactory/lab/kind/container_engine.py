"""The command line of docker or podman."""

import contextlib
import json
import os
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aifactory.errors import LabError
from aifactory.lab.kind.machine import Machine

DEFAULT_TIMEOUT_S = 120.0
PROBE_TIMEOUT_S = 15.0
"""How long an engine may take to say its version."""
TAIL_LINES = 4
PROGRAMS = ("docker", "podman")
"""Engines kind can use, the one it prefers first."""


@dataclass(frozen=True)
class EngineInfo:
    """What an engine says of itself.

    Attributes:
        version: Version of the engine, not of its client.
        cgroup_version: 1 or 2.
        data_root: Folder of its images and containers.
    """

    version: str
    cgroup_version: int
    data_root: str


@dataclass(frozen=True)
class ContainerEngine:
    """A container engine behind its command line.

    Attributes:
        program: The ``docker`` or ``podman`` command.
    """

    program: Path

    @property
    def name(self) -> str:
        """``docker`` or ``podman``; also the value of KIND_EXPERIMENTAL_PROVIDER."""
        return self.program.name

    def run(
        self, args: Sequence[str], stdin: str | Path | None = None, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> str:
        """Run one command of the engine and return what it prints on standard output.

        Args:
            args: The arguments, without the program.
            stdin: Text for its standard input, or a file with it; nothing by default.
            timeout_s: Seconds after which it is ended.

        Raises:
            LabError: It fails or takes too long; with the engine's own words.
        """
        shown = shlex.join([self.name, *args[:3]])
        try:
            done = self._start(args, stdin, timeout_s)
        except subprocess.TimeoutExpired as error:
            raise LabError(
                f"'{shown} ...' takes more than {timeout_s:.0f} s; an engine answers in seconds;"
                f" see what '{self.name} ps' says, or restart the engine"
            ) from error
        except OSError as error:
            raise LabError(
                f"{self.program} cannot be started: {error.strerror}; it has to be the command line of"
                " docker or podman; install one of them"
            ) from error
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip().splitlines()[-TAIL_LINES:]
            raise LabError(
                f"'{shown} ...' failed: {' '.join(said) or f'exit status {done.returncode}'};"
                f" the engine has to accept it; see '{self.name} info'"
            )
        return done.stdout

    def running(self) -> bool:
        """Whether the engine answers."""
        try:
            return bool(self.run(self._version_args(), timeout_s=PROBE_TIMEOUT_S).strip())
        except LabError:
            return False

    def why_not(self) -> str:
        """What the engine says when it is asked for its version and does not answer; empty if it answers."""
        try:
            done = self._start(self._version_args(), None, PROBE_TIMEOUT_S)
        except (subprocess.TimeoutExpired, OSError) as error:
            return str(error)
        return "" if done.returncode == 0 else " ".join(done.stderr.split())

    def info(self) -> EngineInfo:
        """Version, cgroup version and data root.

        Raises:
            LabError: If the engine does not answer.
        """
        answer = json.loads(self.run(["info", "--format", "{{json .}}"], timeout_s=PROBE_TIMEOUT_S))
        if "ServerVersion" in answer:
            return EngineInfo(
                version=answer["ServerVersion"],
                cgroup_version=int(answer.get("CgroupVersion") or 1),
                data_root=answer["DockerRootDir"],
            )
        return EngineInfo(
            version=answer["version"]["Version"],
            cgroup_version=int(answer["host"]["cgroupVersion"].removeprefix("v")),
            data_root=answer["store"]["graphRoot"],
        )

    def _version_args(self) -> list[str]:
        # A podman without a service has no server to ask.
        template = "{{.Server.Version}}" if self.name == "docker" else "{{.Client.Version}}"
        return ["version", "--format", template]

    def _start(
        self, args: Sequence[str], stdin: str | Path | None, timeout_s: float
    ) -> subprocess.CompletedProcess[str]:
        with contextlib.ExitStack() as files:
            given = files.enter_context(stdin.open("rb")) if isinstance(stdin, Path) else None
            return subprocess.run(
                [str(self.program), *args],
                **({"stdin": given} if given is not None else {"input": stdin or ""}),
                # The client speaks the engine's version of the API unless somebody pinned another one.
                env={key: value for key, value in os.environ.items() if key != "DOCKER_API_VERSION"},
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=timeout_s,
                check=False,
            )


def installed(machine: Machine) -> list[ContainerEngine]:
    """The engines whose command line is installed, the one to prefer first."""
    found = (machine.which(name) for name in PROGRAMS)
    return [ContainerEngine(program) for program in found if program is not None]


def find(machine: Machine | None = None) -> ContainerEngine | None:
    """The engine that answers; None where none does."""
    engines = installed(machine or Machine.current())
    return next((engine for engine in engines if engine.running()), None)
