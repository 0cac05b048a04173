"""The engine's command line: its output, its errors in its own words, and which one is used."""

import json
from pathlib import Path

import pytest

from aifactory.errors import LabError
from aifactory.lab.kind.container_engine import ContainerEngine, EngineInfo, find, installed
from aifactory.lab.kind.machine import may_raise_limits
from tests.unit.lab_kind.fakes import UP, docker_when, engine, machine, program


def test_run_gives_output_and_takes_input(programs: Path) -> None:
    """What is given as standard input arrives, and standard output comes back."""
    docker = engine(programs, 'echo "$1:$(cat)"')

    assert docker.run(["load"], stdin="text") == "load:text\n"


def test_a_pinned_api_version_does_not_reach_the_client(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client of any age speaks the engine's version: no variable pins another one."""
    monkeypatch.setenv("DOCKER_API_VERSION", "1.50")

    assert engine(programs, 'echo "[$DOCKER_API_VERSION]"').run([]) == "[]\n"


def test_a_refusal_is_told_in_the_engines_words(programs: Path) -> None:
    """The error has the command, what the engine said, and where to look."""
    docker = engine(programs, 'echo "no such container" >&2; exit 3')

    with pytest.raises(LabError) as raised:
        docker.run(["exec", "node", "true"])

    assert str(raised.value) == (
        "'docker exec node true ...' failed: no such container; the engine has to accept it; see 'docker info'"
    )


def test_a_silent_refusal_is_told_with_its_status(programs: Path) -> None:
    """An engine that fails without a word is told with its exit status."""
    with pytest.raises(LabError, match=r"failed: exit status 7; the engine has to accept it"):
        engine(programs, "exit 7").run(["ps"])


def test_a_hanging_engine_is_ended(programs: Path) -> None:
    """A command that does not end in time is an error that names the seconds."""
    with pytest.raises(
        LabError,
        match=r"'docker ps ...' takes more than 0 s; an engine answers in seconds; see what 'docker ps'",
    ):
        engine(programs, "exec sleep 30").run(["ps"], timeout_s=0.1)


def test_a_program_that_cannot_start_is_told(tmp_path: Path) -> None:
    """A file that is no program is an error with a remedy."""
    missing = tmp_path / "docker"

    with pytest.raises(
        LabError,
        match=r"docker cannot be started: No such file or directory; it has to be .*; install one of them",
    ):
        ContainerEngine(missing).run(["ps"])
    assert "No such file" in ContainerEngine(missing).why_not()


def test_the_engine_that_answers_is_used(programs: Path) -> None:
    """Docker comes first; podman is used where docker does not answer; none where neither does."""
    here = machine(programs)
    assert installed(here) == []
    docker_when(programs, programs / "docker-up")
    docker_when(programs, programs / "podman-up", "podman")
    assert find(here) is None
    assert installed(here)[0].why_not() == "Cannot connect"

    (programs / "podman-up").touch()
    podman = find(here)
    (programs / "docker-up").touch()
    docker = find(here)

    assert (podman and podman.name, docker and docker.name) == ("podman", "docker")
    assert docker is not None
    assert docker.why_not() == ""
    assert docker.run(["version"]).strip() == UP


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            {"ServerVersion": "20.10", "CgroupVersion": "1", "DockerRootDir": "/d"},
            EngineInfo("20.10", 1, "/d"),
        ),
        (
            {
                "version": {"Version": "5.1"},
                "host": {"cgroupVersion": "v2"},
                "store": {"graphRoot": "/p"},
            },
            EngineInfo("5.1", 2, "/p"),
        ),
    ],
)
def test_docker_and_podman_describe_themselves(
    programs: Path, answer: dict[str, object], expected: EngineInfo
) -> None:
    """Version, cgroup version and data folder are read from either engine's answer."""
    program(programs, "docker", f"echo '{json.dumps(answer)}'")

    assert ContainerEngine(programs / "docker").info() == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("CapBnd:\t000001fffeffffff\n", False),
        ("CapEff:\t0000000000000000\nCapBnd:\t000001ffffffffff\n", True),
        ("Name:\tx\n", True),
    ],
)
def test_the_missing_capability_is_seen(status: str, *, expected: bool) -> None:
    """CAP_SYS_RESOURCE is bit 24 of the bounding set; a kernel that names no set withholds nothing."""
    assert may_raise_limits(status) is expected
