"""The simulated lab itself: idempotent, recoverable, removable. Does not prove anything about hardware."""

import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from aifactory.cli.inputs import choose
from aifactory.manifests.model import KubernetesObject
from aifactory.plan.nodes import nodes_of
from aifactory.spec.stack import Target
from tests.support.lab import Lab, lab
from tests.support.processes import kill_all, processes_of, wait

pytestmark = pytest.mark.engine
COMPONENTS = {"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok-controller"}
KEPT: KubernetesObject = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "kept", "namespace": "default"},
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab of the small stack that two runs have started at the same moment."""
    with lab("local", tmp_path_factory.mktemp("lab")) as made:
        both = [made.shell.start("lab", "up", "local") for _ in range(2)]
        for process in both:
            out, err = process.communicate(timeout=120)
            assert process.returncode == 0, out + err
        yield made


def _status(made: Lab) -> dict[str, Any]:
    listed: list[dict[str, Any]] = json.loads(made.shell.run("lab", "status", "--json").succeeded().out)
    assert [one["stack"] for one in listed] == [made.stack]
    return listed[0]


def _programs(made: Lab) -> dict[int, str]:
    """Living processes of the lab, by the name of their program."""
    return {pid: words.split()[0].rpartition("/")[2] for pid, words in processes_of(made.directory).items()}


def _up(made: Lab) -> str:
    return made.shell.run("lab", "up", "local").succeeded().text


def test_two_runs_at_once_make_one_lab(running: Lab) -> None:
    """Two runs at the same moment leave one control plane: each component once."""
    assert sorted(_programs(running).values()) == sorted(COMPONENTS)
    assert _status(running)["state"] == "running"


def test_a_second_up_changes_nothing(running: Lab) -> None:
    """A second up leaves every process as it is and writes nothing."""
    before, mark = _programs(running), running.audit.mark()
    _up(running)
    assert _programs(running) == before
    assert running.audit.writes(mark) == []


def test_a_killed_component_comes_back_alone(running: Lab) -> None:
    """After one process was killed, up starts that one again and leaves the others as they are."""
    before = _programs(running)
    (lost,) = [pid for pid, program in before.items() if program == "kube-scheduler"]
    kill_all([lost])
    wait(lambda: lost not in _programs(running), 10, lambda: _programs(running))
    _up(running)
    after = _programs(running)
    assert sorted(after.values()) == sorted(COMPONENTS)
    assert set(before) - set(after) == {lost}


def test_killed_processes_come_back_with_their_objects(running: Lab) -> None:
    """After all processes were killed, up starts them again with the objects that were there."""
    running.cluster().apply(KEPT, manager="test")
    before = running.cluster().get(KEPT)
    kill_all(list(_programs(running)))
    wait(lambda: not _programs(running), 10, lambda: _programs(running))
    assert _status(running)["state"] == "stopped"
    assert "stale" in _up(running)
    assert sorted(_programs(running).values()) == sorted(COMPONENTS)
    assert running.cluster().get(KEPT) == before
    mark = running.audit.mark()
    _up(running)
    assert running.audit.writes(mark) == []


def _bound(taken: socket.socket, port: int) -> bool:
    try:
        taken.bind(("0.0.0.0", port))  # noqa: S104 - what the API server would bind
    except OSError:
        return False  # a killed process keeps its port until its last thread is gone
    return True


def test_a_taken_port_makes_a_fresh_lab_and_says_so(running: Lab) -> None:
    """Where the API server's port was taken meanwhile, up makes a new lab and says that its state is new."""
    port = urlsplit(running.cluster().server).port
    kill_all(list(_programs(running)))
    wait(lambda: not _programs(running), 10, lambda: _programs(running))
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        wait(lambda: _bound(taken, port or 0), 10, lambda: f"port {port} is not free")
        taken.listen()
        assert "making a new one, with no state" in _up(running)
        assert urlsplit(running.cluster().server).port != port
    assert sorted(_programs(running).values()) == sorted(COMPONENTS)
    assert running.cluster().get(KEPT) is None


def test_down_leaves_no_process_and_no_file(running: Lab) -> None:
    """After down no process names the lab's folder, and the state home is empty."""
    _up(running)
    running.shell.run("lab", "down").succeeded()
    assert processes_of(running.shell.home) == {}
    assert list(running.shell.home.iterdir()) == []


def test_nodes_are_as_planned(pilot: Lab) -> None:
    """Every planned node is there with its labels and its capacity, ready, and no other GPU node is."""
    plan = choose("korea-pilot", None, Target.SIMULATED).plan
    live: dict[str, Any] = {node["metadata"]["name"]: node for node in _nodes(pilot)}
    planned = {node.name: (pool, node) for pool in plan.pools for node in nodes_of(plan, pool)}
    assert {name for name in live if not name.startswith("system-")} == set(planned)
    assert len(live) == len(planned) + plan.stack.cluster.system_nodes
    for name, (pool, node) in planned.items():
        labels, status = live[name]["metadata"]["labels"], live[name]["status"]
        assert node.labels.items() <= labels.items()
        for resource, count in pool.allocatable.items():
            assert status["capacity"][resource] == status["allocatable"][resource] == str(count)
        ready = [one["status"] for one in status["conditions"] if one["type"] == "Ready"]
        assert ready == ["True"]


def _nodes(made: Lab) -> list[dict[str, Any]]:
    return list(made.cluster().list("v1", "Node"))
