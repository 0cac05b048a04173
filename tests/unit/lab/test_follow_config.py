"""The script that runs a program with the configuration that a config-manager chooses."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aifactory.lab.kind import follow_config
from aifactory.lab.kind.follow_config import following

TIMEOUT_S = 15.0


class Run:
    """The script, running over a choice in a folder; its program writes down each start."""

    def __init__(self, folder: Path, ends: bool) -> None:
        self.choice, self.starts = folder / "config.yaml", folder / "starts"
        program = folder / "program"
        program.write_text(
            f"#!/bin/sh\nreadlink {self.choice} >> {self.starts}\n{'exit 7' if ends else 'exec sleep 60'}\n"
        )
        program.chmod(0o755)
        self.process = subprocess.Popen(["sh", "-c", following(str(program), f"echo once >> {self.starts}")])

    def choose(self, name: str) -> None:
        """Change the choice as the config-manager does: the link goes, and comes back."""
        self.choice.unlink(missing_ok=True)
        self.choice.symlink_to(name)

    def started(self) -> list[str]:
        """What was chosen at each start so far."""
        return self.starts.read_text().splitlines() if self.starts.exists() else []

    def until(self, *wanted: str) -> None:
        """Wait for exactly these starts."""
        deadline = time.monotonic() + TIMEOUT_S
        while self.started() != ["once", *wanted]:
            assert time.monotonic() < deadline, self.started()
            time.sleep(0.05)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Run]:
    """The script, with a quarter of a second to settle; ended afterwards."""
    monkeypatch.setattr(follow_config, "CHOICE", str(tmp_path / "config.yaml"))
    monkeypatch.setattr(follow_config, "SETTLED_S", 0.5)
    made = Run(tmp_path, ends=getattr(request, "param", False))
    yield made
    made.process.terminate()
    made.process.wait(10)


def test_the_program_waits_for_a_settled_choice(run: Run) -> None:
    """A choice that is replaced at once never starts the program; the one that stays does, once."""
    time.sleep(0.6)
    assert run.started() == ["once"]
    run.choose("default")
    time.sleep(0.1)
    run.choose("pool")
    run.until("pool")


def test_a_change_starts_it_again_and_a_flicker_does_not(run: Run) -> None:
    """Another choice that stays ends the program and starts it again; one that is taken back at once does not."""
    run.choose("first")
    run.until("first")
    run.choose("default")
    time.sleep(0.1)
    run.choose("first")
    time.sleep(2.0)
    run.until("first")
    run.choose("second")
    run.until("first", "second")


@pytest.mark.parametrize("run", [True], indirect=True)
def test_a_program_that_ends_ends_the_script(run: Run) -> None:
    """The script passes the exit code on, so that the container is restarted."""
    run.choose("only")
    assert run.process.wait(TIMEOUT_S) == 7
    assert run.started() == ["once", "only"]


def test_sigterm_ends_both(run: Run) -> None:
    """SIGTERM ends the program and the script at once."""
    run.choose("only")
    run.until("only")
    began = time.monotonic()
    run.process.terminate()
    assert run.process.wait(TIMEOUT_S) == 0
    assert time.monotonic() - began < 3
