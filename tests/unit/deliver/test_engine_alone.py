"""One engine at a time: another one's lock turns up after we looked. The engine is a function here."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from pulumi.automation import CommandResult
from pulumi.automation.errors import ConcurrentUpdateError

from aifactory.deliver.engine import ATTEMPTS, Engine
from aifactory.deliver.workspace import Workspace
from aifactory.errors import EngineError


def engine(state: Path | None, told: list[str]) -> Engine:
    """An engine on a workspace with this state."""
    place = Workspace(stack="s", directory=Path("/nowhere"), environment={}, state=state, cli_root=None)
    return Engine(place, told.append)


def locked_by(state: Path, pid: int) -> Path:
    """A lock file of a process on this host."""
    folder = state / ".pulumi" / "locks" / "organization" / "aifactory" / "s"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "lock.json"
    file.write_text(json.dumps({"pid": pid, "hostname": socket.gethostname()}))
    return file


def conflict() -> ConcurrentUpdateError:
    """What the engine ends with when somebody else holds the lock."""
    return ConcurrentUpdateError(
        CommandResult(stderr="the stack is currently locked by", stdout="", code=255)
    )


def test_a_lock_that_turns_up_and_whose_holder_dies_costs_one_more_run(tmp_path: Path) -> None:
    """The engine runs again once the lock of a dead process is released."""
    with subprocess.Popen([sys.executable, "-c", "pass"]) as dead:
        dead.wait()
    told: list[str] = []
    runs: list[int] = []

    def act() -> str:
        runs.append(1)
        if len(runs) == 1:
            locked_by(tmp_path, dead.pid)
            raise conflict()
        return "done"

    assert engine(tmp_path, told)._alone(act) == "done"
    assert len(runs) == 2
    assert told == [f"released the lock of process {dead.pid}, which is dead"]


def test_a_lock_of_a_living_run_is_named(tmp_path: Path) -> None:
    """A run that somebody else drives is not waited for: its process is named."""

    def act() -> str:
        locked_by(tmp_path, os.getpid())
        raise conflict()

    with pytest.raises(EngineError, match=f"another run changes the stack s: process {os.getpid()} on"):
        engine(tmp_path, [])._alone(act)


@pytest.mark.parametrize("with_state", [True, False])
def test_it_is_not_tried_for_ever(tmp_path: Path, *, with_state: bool) -> None:
    """A conflict that stays ends as one, at once where the state is elsewhere and cannot be looked at."""
    runs: list[int] = []

    def act() -> str:
        runs.append(1)
        raise conflict()

    with pytest.raises(ConcurrentUpdateError):
        engine(tmp_path if with_state else None, [])._alone(act)
    assert len(runs) == (ATTEMPTS if with_state else 1)
