"""Fixtures of the command line's tests."""

from pathlib import Path

import pytest

from tests.support.cli import Terminal


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Terminal:
    """The command line inside this process, with a state home and caches of its own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("AIFACTORY_DEBUG", raising=False)
    return Terminal(monkeypatch, capsys)
