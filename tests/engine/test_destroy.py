"""``destroy`` leaves what was there before. Does not prove anything about hardware: nodes are simulated."""

from collections.abc import Iterator
from typing import Any

import pytest

from aifactory.deliver.cluster import Cluster, at_once
from tests.support.lab import SIMULATED, Lab, lab
from tests.support.processes import wait

pytestmark = pytest.mark.engine
EPHEMERAL = {("v1", "Event"), ("events.k8s.io/v1", "Event"), ("coordination.k8s.io/v1", "Lease")}
"""What the control plane writes all the time."""


@pytest.fixture
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab of the small stack with nodes and APIs, and nothing of the stack."""
    with lab("local", tmp_path_factory.mktemp("destroy")) as made:
        made.shell.run("lab", "up", "local").succeeded()
        yield made


def _listable(cluster: Cluster) -> list[tuple[str, str]]:
    """Version and kind of everything the API server lists."""
    groups: Any = cluster.request("GET", "/apis")["groups"]
    versions = ["v1", *(group["preferredVersion"]["groupVersion"] for group in groups)]
    found: list[tuple[str, str]] = []
    for version in versions:
        prefix = "/api/v1" if version == "v1" else f"/apis/{version}"
        resources: Any = cluster.request("GET", prefix)["resources"]
        found += [
            (version, resource["kind"])
            for resource in resources
            if "list" in resource["verbs"] and "/" not in resource["name"]
        ]
    return [kind for kind in found if kind not in EPHEMERAL]


def _snapshot(cluster: Cluster) -> dict[str, dict[str, Any]]:
    """Every object there is, without what a heartbeat changes."""

    def read(kind: tuple[str, str]) -> list[dict[str, Any]]:
        return list(cluster.list(*kind))

    found: dict[str, dict[str, Any]] = {}
    for items in at_once(read, _listable(cluster)):
        for item in items:
            metadata = dict(item["metadata"])
            for noise in ("resourceVersion", "managedFields"):
                metadata.pop(noise, None)
            name = f"{item['apiVersion']} {item['kind']} {metadata.get('namespace')}/{metadata['name']}"
            kept = {key: value for key, value in item.items() if key != "status" or item["kind"] != "Node"}
            found[name] = {**kept, "metadata": metadata}
    return found


def _compare(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))


def _settled(cluster: Cluster) -> dict[str, dict[str, Any]]:
    """A snapshot that is the same twice: controllers have written what a new cluster needs."""
    last: list[dict[str, dict[str, Any]]] = [{}, _snapshot(cluster)]

    def steady() -> bool:
        last[:] = [last[1], _snapshot(cluster)]
        return last[0] == last[1] and any(name.startswith("v1 ServiceAccount default/") for name in last[1])

    wait(steady, 30, lambda: _compare(last[0], last[1]))
    return last[1]


def test_destroy_leaves_the_cluster_as_it_was(empty: Lab) -> None:
    """After up and destroy every object of the cluster, of every kind, is as it was before."""
    cluster = empty.cluster()
    before = _settled(cluster)
    empty.up()
    assert len(_compare(before, _snapshot(cluster))) >= len(empty.rendered())
    outcome = empty.destroy()
    assert "nothing of it is left" in outcome.text
    wait(
        lambda: _compare(before, _snapshot(cluster)) == [],
        15,
        lambda: _compare(before, _snapshot(cluster)),
    )
    assert empty.live() == {}
    assert empty.recorded() == []


def test_destroy_without_a_lab_says_so(empty: Lab) -> None:
    """Destroying a stack that has no lab is refused with what to look at; it starts none."""
    empty.shell.run("lab", "down", "local").succeeded()
    empty.shell.run("destroy", "local", *SIMULATED).refused(
        "there is no lab of local", "aifactory lab status"
    )
    assert not empty.directory.exists()
