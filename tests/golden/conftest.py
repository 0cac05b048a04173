"""Fixtures of the golden trees."""

import shutil
from pathlib import Path

import pytest

from tests.support.cli import Terminal, run
from tests.support.trees import STACKS, TREES


@pytest.fixture(scope="session", autouse=True)
def rewritten(request: pytest.FixtureRequest) -> None:
    """With --update-golden every golden tree is rendered anew before the first test."""
    if not request.config.getoption("--update-golden"):
        return
    shutil.rmtree(TREES, ignore_errors=True)
    for stack in STACKS:
        done = run("render", stack, "--out", str(TREES / stack))
        assert done.code == 0, done.text


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    """The command line inside this process."""
    return Terminal(monkeypatch, capsys)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Where a test renders to; not there yet."""
    return tmp_path / "tree"
