"""Fixtures of the kind lab's unit tests: nothing here starts a container or leaves the machine."""

from pathlib import Path
from types import MappingProxyType

import pytest

from aifactory.lab.kind import node_image
from aifactory.lab.kind.node_image import NODE_TOOLS
from aifactory.lab.tools import Tools


@pytest.fixture
def told() -> list[str]:
    """What the user was told; its append is the listener."""
    return []


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for fake programs, first on PATH; no variable points to a real engine."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    return folder


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    """A file for each tool; the cache is empty and no disk is too small."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(node_image, "NEEDED_MIB", 0)
    paths = {}
    for name in NODE_TOOLS:
        paths[name] = tmp_path / "tools" / name / name
        paths[name].parent.mkdir(parents=True)
        paths[name].write_text(name)
    return Tools(MappingProxyType(paths), tmp_path)
