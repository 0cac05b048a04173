"""A container engine that answers, installed and started where that is possible and needed."""

import os
from dataclasses import dataclass
from pathlib import Path

from aifactory.errors import LabError
from aifactory.lab.exclusive import exclusive
from aifactory.lab.kind import inotify
from aifactory.lab.kind.container_engine import ContainerEngine, find, installed
from aifactory.lab.kind.dockerd import Dockerd
from aifactory.lab.kind.logged import Notify, run_logged
from aifactory.lab.kind.machine import Machine
from aifactory.lab.places import state_home

PACKAGES = ("docker.io", "iptables", "ca-certificates")
"""Debian's packages of the engine; it brings containerd and runc."""
_REMEDY = "install docker or podman yourself and run again"


@dataclass(frozen=True)
class DockerService:
    """Finds or starts the engine.

    Attributes:
        machine: The machine.
        folder: Folder of our daemon.
        limit: File of the kernel's limit of inotify instances.
    """

    machine: Machine
    folder: Path
    limit: Path = inotify.LIMIT

    @property
    def daemon(self) -> Dockerd:
        """The daemon of our own."""
        return Dockerd(self.folder)

    def ensure_running(self, notify: Notify) -> ContainerEngine:
        """An engine that answers.

        Raises:
            LabError: None answers and none may be started here, or it does not start.
        """
        engine = find(self.machine)
        if engine is None:
            self._check_may_start()
            with exclusive(self.folder.with_suffix(".lock"), notify):
                # Another run may have started it while this one waited.
                engine = find(self.machine) or self._start(notify)
        if self.machine.root and self.machine.linux and self.limit.is_file():
            inotify.raise_limit(self.folder / "inotify.before", notify, self.limit)
        return engine

    def stop(self, notify: Notify) -> None:
        """Stop the daemon that this project started, never another one, and restore the kernel's limit."""
        with exclusive(self.folder.with_suffix(".lock"), notify):
            self.daemon.stop(notify)
            if self.machine.root and self.machine.linux and self.limit.is_file():
                inotify.restore_limit(self.folder / "inotify.before", notify, self.limit)

    def why_not(self) -> str | None:
        """Why no engine answers and none can be had here; None where one can. Nothing is started."""
        if find(self.machine) is not None:
            return None
        try:
            self._check_may_start()
            if self.machine.which("dockerd") is None:
                self._check_may_install()
        except LabError as error:
            return str(error)
        return None

    def _check_may_start(self) -> None:
        host = os.environ.get("DOCKER_HOST")
        if host:
            raise LabError(
                f"no container engine answers at DOCKER_HOST={host}; a lab on kind needs a running docker or"
                " podman; start the engine there, or unset DOCKER_HOST"
            )
        if self.machine.linux and self.machine.root:
            return
        engines = installed(self.machine)
        if engines:
            raise LabError(
                f"{engines[0].name} is installed and does not answer: {engines[0].why_not()}; a lab on kind needs a"
                " running docker or podman that this user may use; start it, or add this user to the group docker"
            )
        raise LabError(
            "neither docker nor podman is installed; a lab on kind needs one of them, and only root on Linux can"
            " have it installed by this program; install docker, or run as root"
        )

    def _start(self, notify: Notify) -> ContainerEngine:
        if self.machine.which("dockerd") is None or self.machine.which("docker") is None:
            self._install(notify)
            engine = find(self.machine)
            if engine is not None:
                return engine
        dockerd, docker = self.machine.which("dockerd"), self.machine.which("docker")
        if dockerd is None or docker is None:
            raise LabError(
                f"docker.io is installed and {'dockerd' if dockerd is None else 'docker'} is not found on"
                f" {self.machine.path}; both have to be there; {_REMEDY}"
            )
        engine = ContainerEngine(docker)
        if self.machine.systemd:
            command = ["systemctl", "start", "docker"]
            run_logged(command, self.folder / "install.log", notify, remedy="see 'systemctl status docker'")
        else:
            self.daemon.start(dockerd, engine, notify, restricted=not self.machine.sys_resource)
        return engine

    def _check_may_install(self) -> None:
        if self.machine.which("apt-get") is None:
            raise LabError(
                "docker is not installed and there is no apt-get to install it with; a lab on kind needs docker or"
                f" podman; {_REMEDY}"
            )

    def _install(self, notify: Notify) -> None:
        """Install Debian's docker."""
        self._check_may_install()
        log = self.folder / "install.log"
        notify(f"installing {' '.join(PACKAGES)} with apt-get; its log is {log}")
        install_packages(PACKAGES, log, notify, _REMEDY)


def install_packages(packages: tuple[str, ...], log: Path, notify: Notify, remedy: str) -> None:
    """Install Debian packages without asking, and without starting a service that they bring.

    Raises:
        LabError: apt-get fails.
    """
    # Without systemd, a package's own script would start its service; a run level of 1 keeps it from that.
    quiet = {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    run_logged(["apt-get", "update", "-q"], log, notify, remedy=remedy, env=quiet)
    command = ["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages]
    run_logged(command, log, notify, remedy=remedy, env=quiet)


def service() -> DockerService:
    """The service of this machine and user."""
    return DockerService(Machine.current(), state_home() / "docker")


def ensure_running(notify: Notify) -> ContainerEngine:
    """An engine that answers: the one there is, or Debian's docker installed and started by root on Linux.

    Args:
        notify: Told of every longer step.

    Raises:
        LabError: None answers and none may be started here, or it does not start.
    """
    return service().ensure_running(notify)


def why_not() -> str | None:
    """Why this machine cannot have a container engine; None where it can. Nothing is installed or started."""
    return service().why_not()


def stop(notify: Notify) -> None:
    """Stop the dockerd that `ensure_running` started, never another one, and restore what it changed."""
    service().stop(notify)
