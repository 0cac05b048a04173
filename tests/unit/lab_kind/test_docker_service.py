"""How an engine comes to answer: the decisions, on fake machines with fake programs."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from aifactory.errors import LabError
from aifactory.lab.kind.docker_service import DockerService
from aifactory.lab.kind.machine import Machine
from tests.unit.lab_kind.fakes import docker_when, machine, program
from tests.unit.lab_kind.test_dockerd import RUNS


@pytest.fixture
def service(programs: Path, tmp_path: Path) -> Iterator[DockerService]:
    """Root's service on a Linux machine with the kernel's usual limit; its daemon is stopped at the end."""
    limit = tmp_path / "limit"
    limit.write_text("128\n")
    ours = DockerService(machine(programs), tmp_path / "state" / "docker", limit)
    yield ours
    ours.daemon.stop(lambda _: None)


def on(service: DockerService, other: Machine) -> DockerService:
    """The same service on another machine."""
    return replace(service, machine=other)


def apt_get(programs: Path, gives: str = "dockerd docker") -> None:
    """A fake apt-get that brings programs which lie ready, and writes down what it was asked and told."""
    ready = programs / "ready"
    program(ready, "dockerd", RUNS % (programs / "words", programs / "up"))
    docker_when(ready, programs / "up")
    script = f'echo "$DEBIAN_FRONTEND $RUNLEVEL $*" >> {programs}/asked\n'
    script += f'[ "$1" = install ] && for one in {gives}; do cp {ready}/$one {programs}; done\nexit 0'
    program(programs, "apt-get", script)


def test_an_engine_that_answers_is_used(service: DockerService, programs: Path, told: list[str]) -> None:
    """Nothing is installed or started; only the kernel's limit is raised, and put back by a stop."""
    docker_when(programs, programs)

    engine = service.ensure_running(told.append)

    assert engine.program == programs / "docker"
    assert service.limit.read_text() == "1024\n"
    assert service.why_not() is None
    service.stop(told.append)
    assert service.limit.read_text() == "128\n"
    assert told == [
        "fs.inotify.max_user_instances is now 1024, was 128",
        "fs.inotify.max_user_instances is 128 again",
    ]


def test_root_on_linux_gets_docker_installed_and_started(
    service: DockerService, programs: Path, told: list[str]
) -> None:
    """Debian's packages are installed without starting their service, then our own daemon is started."""
    apt_get(programs)
    assert service.why_not() is None

    service.ensure_running(told.append)

    assert (programs / "asked").read_text().splitlines() == [
        "noninteractive 1 update -q",
        "noninteractive 1 install -q -y --no-install-recommends docker.io iptables ca-certificates",
    ]
    assert service.daemon.pid() is not None
    assert told[0] == (
        f"installing docker.io iptables ca-certificates with apt-get; its log is {service.folder}/install.log"
    )
    service.ensure_running(told.append)
    assert len((programs / "words").read_text().split()) == 2
    service.stop(told.append)
    assert service.daemon.pid() is None


@pytest.mark.parametrize(("sys_resource", "words"), [(True, 2), (False, 4)])
def test_only_a_restricted_machine_gets_our_runtime(
    service: DockerService, programs: Path, told: list[str], *, sys_resource: bool, words: int
) -> None:
    """Dockerd is told of our runtime where root lacks the capability, and nowhere else."""
    program(programs, "dockerd", RUNS % (programs / "words", programs / "up"))
    docker_when(programs, programs / "up")

    on(service, machine(programs, sys_resource=sys_resource)).ensure_running(told.append)

    assert len((programs / "words").read_text().split()) == words


def test_under_systemd_its_service_is_started(
    service: DockerService, programs: Path, told: list[str]
) -> None:
    """Where systemd rules the machine, the installed service is started by it, and is not ours to stop."""
    program(programs, "dockerd", "exit 1")
    docker_when(programs, programs / "up")
    program(programs, "systemctl", f'echo "$*" > {programs}/asked; touch {programs}/up')

    on(service, machine(programs, systemd=True)).ensure_running(told.append)

    assert (programs / "asked").read_text() == "start docker\n"
    assert service.daemon.pid() is None


def test_a_package_that_starts_its_service_is_taken(
    service: DockerService, programs: Path, told: list[str]
) -> None:
    """If the installed engine answers by itself, no second one is started."""
    apt_get(programs, "docker")
    (programs / "up").touch()

    service.ensure_running(told.append)

    assert service.daemon.pid() is None


@pytest.mark.parametrize("other", [{"root": False}, {"linux": False}])
def test_without_root_a_missing_engine_is_told(
    service: DockerService, programs: Path, told: list[str], other: dict[str, bool]
) -> None:
    """Who may not install is told what is missing and what to do; nothing is started."""
    limited = on(service, machine(programs, **other))

    with pytest.raises(LabError) as raised:
        limited.ensure_running(told.append)

    assert str(raised.value) == (
        "neither docker nor podman is installed; a lab on kind needs one of them, and only root on Linux can"
        " have it installed by this program; install docker, or run as root"
    )
    assert limited.why_not() == str(raised.value)
    assert told == []
    assert service.limit.read_text() == "128\n"


def test_without_root_a_silent_engine_is_told(
    service: DockerService, programs: Path, told: list[str]
) -> None:
    """Who may not start the daemon reads what docker said, and how to get the right to use it."""
    docker_when(programs, programs / "up")

    with pytest.raises(
        LabError,
        match=r"docker is installed and does not answer: Cannot connect; .* add this user to the group docker",
    ):
        on(service, machine(programs, root=False)).ensure_running(told.append)


def test_a_named_engine_that_is_silent_is_told(
    service: DockerService, programs: Path, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where DOCKER_HOST names an engine, another one would be of no use: that is said and none is started."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://build:2375")
    docker_when(programs, programs / "up")

    with pytest.raises(
        LabError, match=r"no container engine answers at DOCKER_HOST=tcp://build:2375; .* unset"
    ):
        service.ensure_running(told.append)


def test_without_apt_get_a_missing_engine_is_told(
    service: DockerService, programs: Path, told: list[str]
) -> None:
    """Root of a machine that is not Debian's kind is told to install an engine."""
    with pytest.raises(
        LabError, match=r"there is no apt-get to install it with; .*; install docker or podman"
    ):
        service.ensure_running(told.append)
    assert "no apt-get" in str(service.why_not())
    assert not (programs / "up").exists()


def test_a_failed_installation_is_told(service: DockerService, programs: Path, told: list[str]) -> None:
    """The error has the end of what apt-get said, and the log."""
    program(programs, "apt-get", "echo 'E: no mirror'; exit 100")

    with pytest.raises(
        LabError, match=r"apt-get ended with 100: E: no mirror; its log is .*install.log; install"
    ):
        service.ensure_running(told.append)


def test_an_installation_without_result_is_told(
    service: DockerService, programs: Path, told: list[str]
) -> None:
    """A package that brings no dockerd is an error that names what is missing and where it was looked for."""
    apt_get(programs, "docker")

    with pytest.raises(
        LabError, match=r"docker.io is installed and dockerd is not found on .*; both have to be"
    ):
        service.ensure_running(told.append)


def test_a_limit_that_somebody_changed_stays(service: DockerService, programs: Path, told: list[str]) -> None:
    """A limit that is high enough is not touched, and one that was changed since is not put back."""
    docker_when(programs, programs)
    service.limit.write_text("4096\n")
    service.ensure_running(told.append)
    assert service.limit.read_text() == "4096\n"

    service.limit.write_text("64\n")
    service.ensure_running(told.append)
    service.limit.write_text("2048\n")
    service.stop(told.append)

    assert service.limit.read_text() == "2048\n"
    assert told == ["fs.inotify.max_user_instances is now 1024, was 64"]
