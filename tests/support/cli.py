"""The command line as a user runs it: as a process of its own, or inside the test's."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from aifactory.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(sys.executable).parent / "aifactory"
TIMEOUT_S = 60


@dataclass(frozen=True)
class Ran:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Everything a user saw."""
        return self.out + self.err


def run(*words: str, cwd: Path = ROOT, environment: Mapping[str, str] | None = None) -> Ran:
    """Run the command line as a process of its own."""
    done = subprocess.run(
        [str(PROGRAM), *words],
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    return Ran(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))


class Terminal:
    """The command line inside the test's own process, which patches of a test reach.

    Args:
        monkeypatch: Sets the words.
        capture: Reads what is printed.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capture = capture

    def __call__(self, *words: str) -> Ran:
        """Run a command."""
        self._monkeypatch.setattr(sys, "argv", ["aifactory", *words])
        self._capture.readouterr()
        code: object = 0
        try:
            main()
        except SystemExit as end:
            code = end.code
        seen = self._capture.readouterr()
        return Ran(code if isinstance(code, int) else int(code is not None), seen.out, seen.err)
