"""Locks of a file state: which are released, which are waited for, which refuse."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aifactory.deliver import locks
from aifactory.deliver.locks import release_stale
from aifactory.errors import EngineError

HERE = socket.gethostname()


class State:
    """A file state with locks.

    Args:
        folder: Where it is.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.locks = folder / ".pulumi" / "locks" / "organization" / "aifactory" / "local"
        self.locks.mkdir(parents=True)
        self.told: list[str] = []

    def lock(self, pid: int, host: str = HERE) -> Path:
        """A lock as the engine writes it."""
        file = self.locks / f"{len(list(self.locks.iterdir()))}.json"
        content = {"pid": pid, "username": "me", "hostname": host, "timestamp": "2027-01-01T00:00:00Z"}
        file.write_text(json.dumps(content))
        return file

    def release(self) -> None:
        """Release what is stale."""
        release_stale(self.folder, "aifactory", "local", self.told.append)


@pytest.fixture
def state(tmp_path: Path) -> State:
    """A file state without locks."""
    return State(tmp_path / "state")


@contextmanager
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A living process whose parent is this one."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_without_locks_nothing_happens(state: State, tmp_path: Path) -> None:
    """A state without locks, or that is not there yet, is left alone."""
    state.release()
    release_stale(tmp_path / "new", "aifactory", "local", state.told.append)

    assert state.told == []


def test_the_lock_of_a_dead_process_is_released(state: State) -> None:
    """A lock whose process has ended is removed, and said so."""
    with child() as process:
        pass
    file = state.lock(process.pid)

    state.release()

    assert not file.exists()
    assert state.told == [f"released the lock of process {process.pid}, which is dead"]


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="a zombie can be told from the living by /proc only")
def test_the_lock_of_a_zombie_is_released(state: State) -> None:
    """A process that ended and that nobody waited for holds nothing."""
    with child() as process:
        process.kill()
        stat = Path(f"/proc/{process.pid}/stat")
        while stat.read_text().rpartition(")")[2].split()[0] != "Z":
            time.sleep(0.01)
        file = state.lock(process.pid)

        state.release()

    assert not file.exists()


def test_a_living_holder_is_named(state: State) -> None:
    """A lock of a process that lives is kept; the error names process, host, lock and remedy."""
    with child() as process:
        file = state.lock(process.pid)
        with pytest.raises(EngineError) as caught:
            state.release()

    assert file.exists()
    assert str(caught.value) == (
        f"another run changes the stack local: process {process.pid} on {HERE} holds {file}; one run at a time may;"
        " wait for it to end, then run the same command again"
    )


def test_a_lock_of_another_host_is_kept(state: State) -> None:
    """Whether a process of another host lives is not known, so its lock is kept and the host is named."""
    file = state.lock(os.getpid(), "elsewhere.example")

    with pytest.raises(EngineError, match=rf"process {os.getpid()} on elsewhere\.example holds"):
        state.release()

    assert file.exists()


@pytest.mark.parametrize("torn", ["", "{", "[]", "null", '{"pid": "x", "hostname": "h"}', '{"pid": 1}'])
def test_a_torn_lock_is_released(torn: str, state: State) -> None:
    """A lock that a crash left half written is held by nobody."""
    file = state.lock(1)
    file.write_text(torn)

    state.release()

    assert not file.exists()


def test_an_orphaned_engine_is_waited_for(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine whose driver is gone (its parent is 1) is waited for, and its lock released when it ends."""
    file = state.lock(4242)
    parents = iter([1, 1, 1, None])
    monkeypatch.setattr(locks, "_parent", lambda _pid: next(parents))
    monkeypatch.setattr("time.sleep", lambda _seconds: None)

    state.release()

    assert not file.exists()
    assert state.told == [
        "an engine of a killed run is still at work: waiting for it",
        "released the lock of process 4242, which is dead",
    ]


def test_an_orphan_is_not_waited_for_without_end(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its time the wait ends with an error; the lock stays."""
    file = state.lock(4242)
    monkeypatch.setattr(locks, "_parent", lambda _pid: 1)
    monkeypatch.setattr(locks, "ORPHAN_TIMEOUT_S", 0.0)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)

    with pytest.raises(EngineError, match="an engine that lost its driver still runs on the stack local"):
        state.release()

    assert file.exists()


def test_other_stacks_are_left_alone(state: State) -> None:
    """Only the locks of the named stack are looked at."""
    other = state.locks.parent / "other"
    other.mkdir()
    (other / "x.json").write_text("torn")

    state.release()

    assert (other / "x.json").exists()
