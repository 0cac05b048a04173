"""Our own daemon: started with what it needs, known from every other one, stopped alone. The dockerd is a fake."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aifactory.errors import LabError
from aifactory.lab.kind.container_engine import ContainerEngine
from aifactory.lab.kind.dockerd import Dockerd
from tests.unit.lab_kind.fakes import docker_when, program

RUNS = """
for word; do
  case $word in --pidfile=*) echo $$ > "${word#--pidfile=}" ;; esac
  echo "$word" >> "%s"
done
touch "%s"
while :; do sleep 0.05; done
"""


@pytest.fixture
def words(programs: Path) -> Path:
    """The file that the fake dockerd writes its arguments to."""
    program(programs, "dockerd", RUNS % (programs / "words", programs / "up"))
    docker_when(programs, programs / "up")
    return programs / "words"


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Dockerd]:
    """A daemon that is stopped at the end whatever happens."""
    ours = Dockerd(tmp_path / "docker", start_timeout_s=5, stop_timeout_s=2)
    yield ours
    ours.stop(lambda _: None)


def start(daemon: Dockerd, programs: Path, told: list[str], *, restricted: bool = False) -> None:
    """Start the fake."""
    engine = ContainerEngine(programs / "docker")
    daemon.start(programs / "dockerd", engine, told.append, restricted=restricted)


def test_it_runs_until_it_is_stopped(daemon: Dockerd, programs: Path, words: Path, told: list[str]) -> None:
    """After a start its process is known and its data is below its folder; after a stop there is none."""
    start(daemon, programs, told)
    pid = daemon.pid()

    assert pid is not None
    assert words.read_text().split() == [
        f"--data-root={daemon.folder}/data",
        f"--pidfile={daemon.folder}/dockerd.pid",
    ]
    daemon.stop(told.append)
    assert daemon.pid() is None
    assert not Path(f"/proc/{pid}").exists()
    assert told == [
        f"starting {programs}/dockerd; its log is {daemon.log}",
        f"stopping dockerd (pid {pid})",
    ]


def test_a_daemon_that_does_not_end_is_killed(
    tmp_path: Path, programs: Path, words: Path, told: list[str]
) -> None:
    """A daemon that ignores the request to end is gone after the time it is given."""
    program(programs, "dockerd", "trap '' TERM\n" + RUNS % (words, programs / "up"))
    daemon = Dockerd(tmp_path / "docker", start_timeout_s=5, stop_timeout_s=0.2)
    start(daemon, programs, told)
    pid = daemon.pid()
    assert pid is not None

    daemon.stop(told.append)

    assert not Path(f"/proc/{pid}").exists()


def test_without_the_capability_our_runtime_is_the_default(
    daemon: Dockerd, programs: Path, words: Path, told: list[str]
) -> None:
    """Where root lacks it, containers start through a copy of our runtime that outlives the package."""
    start(daemon, programs, told, restricted=True)

    runtime = daemon.folder / "aifactory-runc"
    assert words.read_text().split()[2:] == [
        f"--add-runtime=aifactory={runtime}",
        "--default-runtime=aifactory",
    ]
    first = runtime.read_text().splitlines()[0]
    interpreter = Path(first.removeprefix("#!").removesuffix(" -IS"))
    assert first.endswith(" -IS")
    assert interpreter.is_file()
    assert ".venv" not in first
    assert os.access(runtime, os.X_OK)


def test_a_daemon_that_ends_is_told_with_its_last_words(
    daemon: Dockerd, programs: Path, words: Path, told: list[str]
) -> None:
    """A daemon that ends at once is an error with its status and the end of its log."""
    program(programs, "dockerd", "echo first; echo 'no overlay' >&2; exit 4")

    with pytest.raises(
        LabError,
        match=r"dockerd does not start, it ended with 4: first \| no overlay; its log is .*; remove the cause",
    ):
        start(daemon, programs, told)
    assert not words.exists()


def test_a_daemon_that_does_not_answer_is_ended(
    tmp_path: Path, programs: Path, words: Path, told: list[str]
) -> None:
    """A daemon that never answers is an error, and is not left behind."""
    program(programs, "dockerd", RUNS % (words, programs / "elsewhere"))
    daemon = Dockerd(tmp_path / "docker", start_timeout_s=0.5)

    with pytest.raises(LabError, match=r"it does not answer after 0 s: it said nothing; its log is"):
        start(daemon, programs, told)

    deadline = time.monotonic() + 5
    while daemon.pid() is not None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert daemon.pid() is None


def test_another_process_of_the_same_number_is_not_ours(daemon: Dockerd, told: list[str]) -> None:
    """A pid file whose number belongs to another program is passed over: that program is not stopped."""
    other = subprocess.Popen(["sleep", "30"])
    try:
        daemon.folder.mkdir()
        (daemon.folder / "dockerd.pid").write_text(f"{other.pid}\n")

        assert daemon.pid() is None
        daemon.stop(told.append)

        assert other.poll() is None
        assert told == []
    finally:
        other.kill()
        other.wait()


@pytest.mark.parametrize("content", ["", "not a number"])
def test_a_damaged_pid_file_is_no_daemon(daemon: Dockerd, content: str) -> None:
    """A pid file without a number stands for no process."""
    daemon.folder.mkdir()
    (daemon.folder / "dockerd.pid").write_text(content)

    assert daemon.pid() is None
