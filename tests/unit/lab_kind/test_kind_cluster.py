"""The kind cluster as a command line, what a kubelet changes on the machine, and when a cluster is ready."""

from pathlib import Path
from typing import Any

import pytest

from aifactory.errors import LabError
from aifactory.lab.kind import cluster as kind_cluster
from aifactory.lab.kind import host
from aifactory.lab.kind.cluster import NETWORK, KindCluster
from aifactory.lab.kind.ready import await_ready


class _Engine:
    """A container engine that has what it is told, and remembers what it was asked."""

    name = "docker"
    program = Path("/usr/bin/docker")

    def __init__(self, containers: str = "", networks: str = "bridge") -> None:
        self.answers = {
            "ps --all --filter": containers,
            "ps --all --quiet": "",
            "network ls --format": networks,
        }
        self.asked: list[str] = []

    def run(self, args: list[str], *_: object) -> str:
        self.asked.append(" ".join(args))
        return self.answers.get(" ".join(args[:3]), "")


class _Tools:
    def __init__(self, kind: Path) -> None:
        self._kind = kind

    def path(self, name: str) -> Path:
        assert name == "kind"
        return self._kind


def _cluster(tmp_path: Path, script: str, engine: _Engine) -> KindCluster:
    program = tmp_path / "kind"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    tools: Any = _Tools(program)
    used: Any = engine
    return KindCluster("aifactory-x", tmp_path / "lab", tools, used)


def test_a_cluster_is_made_in_the_labs_own_network(tmp_path: Path) -> None:
    """Kind is told its configuration and the network, which is made where it is not there."""
    engine = _Engine()
    made = _cluster(tmp_path, 'echo "$KIND_EXPERIMENTAL_DOCKER_NETWORK $*"', engine)

    made.create("image:1", "kind: Cluster\n")

    assert (tmp_path / "lab" / "kind.yaml").read_text() == "kind: Cluster\n"
    log = (tmp_path / "lab" / "kind.log").read_text()
    assert f"{NETWORK} create cluster --image image:1" in log
    assert any(line.startswith("network create") and line.endswith(NETWORK) for line in engine.asked)


def test_what_kind_says_is_shown(tmp_path: Path) -> None:
    """A failure shows kind's last words, where the whole is, and what to do."""
    made = _cluster(tmp_path, "echo no space >&2; exit 1", _Engine())

    with pytest.raises(
        LabError, match=r"'kind create cluster' failed: no space; the whole output is in .*kind.log; run"
    ):
        made.create("image:1", "")


def test_a_kind_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind that takes too long is ended with a clear error."""
    monkeypatch.setattr(kind_cluster, "CREATE_TIMEOUT_S", 0.2)
    made = _cluster(tmp_path, "exec sleep 30", _Engine())

    with pytest.raises(
        LabError, match=r"'kind create cluster' takes more than 0 s; it needs a container engine"
    ):
        made.create("image:1", "")


def test_deletion_takes_what_kind_forgot(tmp_path: Path) -> None:
    """Containers that kind did not remove, and the network when nobody is in it, are removed too."""
    engine = _Engine("aifactory-x-worker\texited", f"bridge\n{NETWORK}")

    _cluster(tmp_path, "true", engine).delete()

    assert "rm --force --volumes aifactory-x-worker" in engine.asked
    assert f"network rm {NETWORK}" in engine.asked


def test_settings_of_the_kernel_are_put_back(tmp_path: Path) -> None:
    """What a kubelet changed is as before; a second save does not take the changed values for the first."""
    root, file = tmp_path / "sys", tmp_path / "kept" / "settings.json"
    setting = root / "kernel/panic_on_oops"
    setting.parent.mkdir(parents=True)
    setting.write_text("0\n")
    host.save_settings(file, root)
    setting.write_text("1")
    host.save_settings(file, root)

    assert host.restore_settings(file, root) == ("kernel/panic_on_oops 1 -> 0",)
    assert setting.read_text() == "0"
    assert not file.exists()
    assert host.restore_settings(file, root) == ()


class _Api:
    def __init__(self, nodes: list[dict[str, Any]]) -> None:
        self.nodes = nodes

    def list(self, _version: str, kind: str) -> list[dict[str, Any]]:
        return self.nodes if kind == "Node" else []


def test_a_cluster_that_is_not_ready_says_what_is_missing() -> None:
    """Nodes that have not joined or are not Ready, and what does not run, are named."""
    sick = {"metadata": {"name": "w"}, "status": {"conditions": [{"type": "Ready", "status": "False"}]}}
    api: Any = _Api([sick])

    with pytest.raises(
        LabError, match=r"not ready after 0 s: 1 nodes have not joined; node w is not Ready; .*coredns"
    ):
        await_ready(api, 2, print, timeout_s=0)
