"""The Cluster API objects of a cell, before Cluster API's real controllers.

This proves that the controllers accept the objects and do with machines what the objects say. It proves nothing
about Metal3, NICo, images, boot configuration or kubelets: machines are in memory, and so are the API servers
of the cells. One cell of the Korean site at a gigawatt, with one group of racks a pool and few nodes in each.
"""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from aifactory.deliver.cluster import ApiProblem, Cluster, at_once
from aifactory.manifests.cell_cluster import cell_cluster, cell_name, management_namespace
from aifactory.plan.nodes import POOL_LABEL
from tests.support.capi import management
from tests.support.capi_cells import (
    CLUSTER_LABEL,
    DEPLOYMENT_LABEL,
    INFRASTRUCTURE,
    SICK_AFTER_S,
    CellCluster,
    Watcher,
    condition,
    in_memory,
    leaving,
    set_ready,
)
from tests.support.cell_clusters import gigawatt_cell
from tests.support.processes import wait

pytestmark = [pytest.mark.gitops, pytest.mark.timeout(2400)]

POOL = "infer-b300"
GROUP = "infer-b300-r000"
NODES = {GROUP: 5}
"""A fifth of five may be sick and is remediated; of fewer, none."""
OLD, NEW = "v1.34.3", "v1.34.4"
UP_S, ROLL_S, HEAL_S = 600, 900, 300
MADE = {
    ("v1", "Secret"),
    ("bootstrap.cluster.x-k8s.io/v1beta2", "KubeadmConfig"),
    ("cluster.x-k8s.io/v1beta2", "Machine"),
    ("cluster.x-k8s.io/v1beta2", "MachineSet"),
    (INFRASTRUCTURE, "DevMachine"),
}
"""Kinds that the controllers make from our objects."""
WHOLE_POOL = 1000
"""Racks of a group: more than any pool has."""


def wanted(index: int, version: str, nodes: dict[str, int]) -> list[Any]:
    """Our objects of a cell, with machines in memory."""
    plan = gigawatt_cell(index, kubernetes_version=version, racks_per_group=WHOLE_POOL)
    return in_memory(cell_cluster(plan), nodes)


def replicas(objects: list[Any]) -> dict[str, int]:
    """Machines of each MachineDeployment."""
    return {
        manifest["metadata"]["name"]: manifest["spec"]["replicas"]
        for manifest in objects
        if manifest["kind"] == "MachineDeployment"
    }


@pytest.fixture(scope="module")
def manager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A management cluster with the controllers, and the namespace of the site's cells."""
    with management(tmp_path_factory.mktemp("management")) as cluster:
        namespace = management_namespace(gigawatt_cell())
        cluster.apply(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}, manager="fleet"
        )
        yield cluster


@pytest.fixture(scope="module")
def cell(manager: Cluster) -> CellCluster:
    """The first cell, up; a test that changes it brings it back, but for its version."""
    plan = gigawatt_cell()
    made = CellCluster(manager, cell_name(plan), management_namespace(plan))
    objects = wanted(0, OLD, NODES)
    made.apply(objects)
    made.await_settled(replicas(objects), OLD, UP_S)
    return made


def names(machines: list[Any]) -> set[str]:
    """Names of machines."""
    return {str(item["metadata"]["name"]) for item in machines}


def test_cell_is_made(cell: CellCluster, tmp_path: Any) -> None:
    """Cluster and machines are available, and each node of a pool has the pool's label from its machine."""
    owner = cell.owner()
    control_plane = cell.machines()

    assert [condition(owner, name) for name in ("Available", "InfrastructureReady")] == ["True", "True"]
    assert owner["status"]["phase"] == "Provisioned"
    assert len(control_plane) == 3
    workload = cell.workload(tmp_path)

    def pools() -> list[str]:
        """The pool of each node, as its label says; labels come a moment after the node."""
        nodes: Any = workload.request("GET", "/api/v1/nodes")["items"]
        return [item["metadata"].get("labels", {}).get(POOL_LABEL, "") for item in nodes]

    wait(lambda: pools().count(POOL) == NODES[GROUP], HEAL_S, pools)
    assert len(pools()) == 3 + sum(replicas(wanted(0, OLD, NODES)).values())
    assert all(item["status"]["nodeRef"]["name"] for item in control_plane)


def test_networks_are_those_of_the_plan(cell: CellCluster) -> None:
    """The live Cluster has the pod and service networks that the address plan gives this cell."""
    network = gigawatt_cell().stack.network

    live = cell.owner()["spec"]["clusterNetwork"]

    assert live["pods"]["cidrBlocks"] == [network.pod_cidr]
    assert live["services"]["cidrBlocks"] == [network.service_cidr]


def test_wrong_object_is_refused(manager: Cluster, cell: CellCluster) -> None:
    """The controllers' webhooks judge what is applied: two control-plane nodes are refused."""
    objects = wanted(0, OLD, NODES)
    plane = next(item for item in objects if item["kind"] == "KubeadmControlPlane")
    plane["spec"]["replicas"] = 2

    with pytest.raises(ApiProblem, match="cannot be an even number"):
        manager.apply(plane, manager="fleet", force=True)

    assert len(cell.machines()) == 3


def test_scaling_up_adds_machines_only(cell: CellCluster) -> None:
    """A pool that grows gets machines; those that were there stay, and those beyond it leave again."""
    before = names(cell.machines(GROUP))
    grown = wanted(0, OLD, {GROUP: NODES[GROUP] + 2})

    cell.apply(grown)
    cell.await_settled(replicas(grown), OLD, UP_S)

    assert before < names(cell.machines(GROUP))
    cell.apply(wanted(0, OLD, NODES))
    cell.await_settled(replicas(wanted(0, OLD, NODES)), OLD, UP_S)


def test_sick_machine_is_made_anew(cell: CellCluster, tmp_path: Any) -> None:
    """A node that is not ready for long enough has its machine replaced, and no other machine is touched."""
    before = cell.machines(GROUP)
    sick = before[0]

    set_ready(cell.workload(tmp_path), sick["status"]["nodeRef"]["name"], "False")
    wait(lambda: sick["metadata"]["name"] not in names(cell.machines(GROUP)), HEAL_S, cell.describe)
    cell.await_settled(replicas(wanted(0, OLD, NODES)), OLD, UP_S)

    assert names(before) - names(cell.machines(GROUP)) == {sick["metadata"]["name"]}


def test_too_many_sick_machines_are_left_alone(cell: CellCluster, tmp_path: Any) -> None:
    """Above a fifth of the pool nothing is remediated: that is no longer a single fault."""
    before, workload = cell.machines(GROUP), cell.workload(tmp_path)
    nodes = [item["status"]["nodeRef"]["name"] for item in before[:2]]
    check: Any = {
        "apiVersion": "cluster.x-k8s.io/v1beta2",
        "kind": "MachineHealthCheck",
        "metadata": {"name": f"{cell.name}-{POOL}", "namespace": cell.namespace},
    }

    at_once(lambda node: set_ready(workload, node, "False"), nodes)
    wait(
        lambda: condition(cell.cluster.get(check), "RemediationAllowed") == "False",
        HEAL_S,
        lambda: cell.cluster.get(check),
    )
    time.sleep(2 * SICK_AFTER_S)

    after = cell.machines(GROUP)
    assert names(after) == names(before)
    assert not any(map(leaving, after))
    for node in nodes:
        set_ready(workload, node, "True")
    cell.await_settled(replicas(wanted(0, OLD, NODES)), OLD, UP_S)


def test_new_version_rolls_within_limits(cell: CellCluster) -> None:
    """A new version replaces every machine; never more than planned, and one at most of a group missing."""
    before = {name: names(cell.machines(name)) for name in replicas(wanted(0, OLD, NODES))}
    plane = names(cell.machines())
    objects = wanted(0, NEW, NODES)

    with Watcher(cell) as watcher:
        cell.apply(objects)
        cell.await_settled(replicas(objects), NEW, ROLL_S)

    assert watcher.samples > 50
    for name, count in replicas(objects).items():
        assert watcher.most[name] <= count, f"{name} had {watcher.most[name]} machines, surge is 0"
        assert watcher.fewest[name] >= count - 1, f"{name} had {watcher.fewest[name]} available of {count}"
        assert not before[name] & names(cell.machines(name))
    assert watcher.most[""] <= 3
    assert watcher.fewest[""] >= 2, f"{watcher.fewest['']} of 3 control-plane machines had a node"
    assert not plane & names(cell.machines())


def test_deletion_leaves_nothing(manager: Cluster, cell: CellCluster) -> None:
    """A cell whose Cluster is deleted, and then its other objects, is gone; the other cell is untouched."""
    plan = gigawatt_cell(1)
    objects = wanted(1, OLD, {})
    second = CellCluster(manager, cell_name(plan), management_namespace(plan))
    second.apply(objects)
    second.await_settled(replicas(objects), OLD, UP_S)
    first = names(cell.machines(GROUP))

    # Not in the foreground: the collector would then take the infrastructure from under its machines.
    manager.delete(second.owner())
    wait(lambda: second.owner() is None, UP_S, second.describe)
    for manifest in reversed(objects):
        manager.delete(manifest)

    def left() -> list[str]:
        kinds = {(item["apiVersion"], item["kind"]) for item in objects} | MADE
        live: list[Any] = [item for kind in sorted(kinds) for item in manager.list(*kind)]
        return [
            f"{item['kind']} {item['metadata']['name']}"
            for item in live
            if item["metadata"]["name"].startswith(second.name)
            or item["metadata"].get("labels", {}).get(CLUSTER_LABEL) == second.name
        ]

    wait(lambda: not left(), HEAL_S, left)
    assert names(cell.machines(GROUP)) == first
    assert {item["metadata"]["labels"][DEPLOYMENT_LABEL] for item in cell.machines(GROUP)} == {GROUP}
