"""The Cluster API objects of a cell: networks, control plane, machines of every pool, names."""

from collections import Counter
from typing import Any

import pytest

from aifactory.manifests.cell_cluster import cell_cluster
from aifactory.manifests.cell_site import CELL_LABEL, ROLE_LABEL
from aifactory.manifests.model import key_of
from aifactory.plan.cells import of_cell
from aifactory.plan.nodes import POOL_LABEL, RACK_LABEL
from tests.support.cell_clusters import (
    CLUSTERS,
    INFER,
    METAL3,
    NICO_CLUSTERS,
    TRAIN,
    clusters_of,
    gigawatt_cell,
    made,
    named,
    only,
    referred,
)
from tests.support.cells import site
from tests.support.schemas import crd_dir, violations


def test_a_stack_without_clusters_declares_none() -> None:
    """Where the stack says nothing of the cells' clusters, they exist, and nothing is declared."""
    planned = site(TRAIN)

    assert cell_cluster(of_cell(planned, planned.cells[0])) == ()


@pytest.mark.skipif(crd_dir() is None, reason="no real CustomResourceDefinitions are at hand")
@pytest.mark.parametrize("clusters", [CLUSTERS, NICO_CLUSTERS], ids=["metal3", "nico"])
def test_objects_obey_the_real_schemas(clusters: dict[str, Any]) -> None:
    """Every object of every kind of machine is as the providers' CustomResourceDefinitions want it."""
    objects = made(**clusters)

    assert [found for manifest in objects for found in violations(manifest)] == []


@pytest.mark.parametrize("clusters", [CLUSTERS, NICO_CLUSTERS], ids=["metal3", "nico"])
def test_everything_referred_to_is_there_first(clusters: dict[str, Any]) -> None:
    """Templates come before what is made from them, and nothing refers to an object that is not declared."""
    objects = made(**clusters)
    there = {(manifest["kind"], key_of(manifest).name) for manifest in objects}

    assert referred(objects) <= there
    seen: set[tuple[str, str]] = set()
    for manifest in objects:
        seen.add((manifest["kind"], key_of(manifest).name))
        if manifest["kind"] in {"MachineDeployment", "KubeadmControlPlane"}:
            assert referred([manifest]) <= seen


def test_the_cluster_has_the_networks_of_the_cell() -> None:
    """Pod and service networks are the blocks of this cell, and no two cells have the same."""
    blocks = []
    for index in range(3):
        plan = gigawatt_cell(index)
        live = only(list(cell_cluster(plan)), "Cluster")["spec"]["clusterNetwork"]
        assert live["pods"]["cidrBlocks"] == [plan.stack.network.pod_cidr]
        assert live["services"]["cidrBlocks"] == [plan.stack.network.service_cidr]
        blocks += [live["pods"]["cidrBlocks"][0], live["services"]["cidrBlocks"][0]]

    assert len(set(blocks)) == 6


def test_nodes_get_pod_networks_of_the_planned_size() -> None:
    """The controller manager cuts pod networks as the address plan says."""
    plane = only(list(cell_cluster(gigawatt_cell())), "KubeadmControlPlane")

    arguments = plane["spec"]["kubeadmConfigSpec"]["clusterConfiguration"]["controllerManager"]["extraArgs"]

    assert arguments == [{"name": "node-cidr-mask-size", "value": "25"}]


def test_the_endpoint_is_where_the_provider_looks_for_it() -> None:
    """Metal3's cluster has the endpoint; NICo's has no such field, so the Cluster has it."""
    metal3, nico = made(), made(**NICO_CLUSTERS)
    endpoint = {"host": "site-c000.api.ulsan.example", "port": 6443}

    assert only(metal3, "Metal3Cluster")["spec"]["controlPlaneEndpoint"] == endpoint
    assert "controlPlaneEndpoint" not in only(metal3, "Cluster")["spec"]
    assert only(nico, "Cluster")["spec"]["controlPlaneEndpoint"] == endpoint
    assert only(nico, "NicoCluster")["spec"] == {"siteID": "ulsan"}


@pytest.mark.parametrize(("nodes", "surge", "lost"), [(1, 1, 0), (3, 0, 1), (5, 0, 2)])
def test_a_control_plane_keeps_its_majority(nodes: int, surge: int, lost: int) -> None:
    """A control plane is remediated while etcd has a majority, and needs no spare machine where it has one."""
    objects = made(control_plane_nodes=nodes)
    plane = only(objects, "KubeadmControlPlane")["spec"]
    check = named(objects, "MachineHealthCheck")["site-c000-control-plane"]["spec"]

    assert plane["replicas"] == nodes
    assert plane["rollout"]["strategy"]["rollingUpdate"]["maxSurge"] == surge
    assert check["remediation"]["triggerIf"]["unhealthyLessThanOrEqualTo"] == lost
    assert check["selector"]["matchLabels"] == {"cluster.x-k8s.io/control-plane": ""}


def test_control_planes_are_spread_over_zones() -> None:
    """With several zones the control plane may be in each of them; one zone is no choice."""
    zones = {"name": "korea-ulsan", "country": "KR", "region": "ulsan", "zones": ["a", "b"]}
    spread = only(made(stack={"site": zones}), "Metal3Cluster")["spec"]["failureDomains"]

    assert spread == [{"name": "a", "controlPlane": True}, {"name": "b", "controlPlane": True}]
    assert "failureDomains" not in only(made(), "Metal3Cluster")["spec"]


def test_every_pool_has_its_machines_and_a_check() -> None:
    """The machines of a cell are its part of every pool, each pool with one health check of its own."""
    for index in (0, 1):
        planned = clusters_of(site(TRAIN, INFER))
        cell = of_cell(planned, planned.cells[index])
        objects = list(cell_cluster(cell))
        counted: Counter[str] = Counter()
        for manifest in named(objects, "MachineDeployment").values():
            labels = manifest["spec"]["template"]["metadata"]["labels"]
            counted[labels.get(POOL_LABEL, "system")] += manifest["spec"]["replicas"]
        checks = [
            check["spec"]["selector"]["matchLabels"].get(POOL_LABEL)
            for check in named(objects, "MachineHealthCheck").values()
        ]

        assert counted == {"system": 3, **{pool.name: pool.nodes for pool in cell.pools}}
        assert all(checks.count(pool.name) == 1 for pool in cell.pools)


def test_a_machine_leaves_before_its_successor_comes() -> None:
    """No MachineDeployment needs a spare machine: surge is none, and one machine at a time is replaced."""
    for manifest in named(made(), "MachineDeployment").values():
        limits = manifest["spec"]["rollout"]["strategy"]["rollingUpdate"]
        assert limits == {"maxSurge": 0, "maxUnavailable": 1}


def test_hosts_are_of_one_cell_and_one_use() -> None:
    """No host may be taken by two cells, two pools, or by a pool and the control plane."""
    used: list[str] = []
    for index in (0, 1):
        for manifest in named(made(cell=index), "Metal3MachineTemplate").values():
            selector = manifest["spec"]["template"]["spec"]["hostSelector"]
            labels = selector["matchLabels"]
            assert labels[CELL_LABEL] == f"site-c00{index}"
            racks = [rack for row in selector.get("matchExpressions", []) for rack in row["values"]]
            used += racks or [f"{labels[CELL_LABEL]}/{labels.get(POOL_LABEL, labels.get(ROLE_LABEL))}"]
            assert all(row["key"] == RACK_LABEL for row in selector.get("matchExpressions", []))

    assert len(used) == len(set(used))


def test_nodes_have_what_the_pool_is_picked_by() -> None:
    """Labels that the cell's own objects pick nodes by, and the GPU taint, are there from the start."""
    picked = {
        "kind": "adopt",
        "selector": {"aifactory.dev/reserved-for": "train", "kubernetes.io/os": "linux"},
    }
    templates = named(made({**TRAIN, "provisioning": picked}), "KubeadmConfigTemplate")
    (train,) = [manifest for name, manifest in templates.items() if "-train-" in name]
    (system,) = [manifest for name, manifest in templates.items() if "-system-" in name]

    joined = train["spec"]["template"]["spec"]["joinConfiguration"]["nodeRegistration"]

    assert joined["kubeletExtraArgs"] == [
        {
            "name": "node-labels",
            "value": "aifactory.dev/reserved-for=train,topology.kubernetes.io/region=ulsan,"
            "metal3.io/uuid={{ ds.meta_data.uuid }}",
        }
    ]
    assert joined["taints"] == [{"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}]
    assert "taints" not in system["spec"]["template"]["spec"]["joinConfiguration"]["nodeRegistration"]


def test_a_pool_keeps_its_own_provisioning() -> None:
    """A pool through Cluster API has its own version, boot configuration and limits, in the cell's cluster."""
    own = {
        "kind": "cluster-api",
        "cluster_name": "elsewhere",
        "namespace": "elsewhere",
        "kubernetes_version": "v1.34.1",
        "bootstrap_template": "own",
        "template": METAL3,
        "racks_per_group": 2,
    }
    objects = made({**TRAIN, "provisioning": own})
    (group,) = [
        manifest["spec"]
        for name, manifest in named(objects, "MachineDeployment").items()
        if name == "train-r000"
    ]

    assert group["clusterName"] == "site-c000"
    assert group["replicas"] == 36
    assert group["template"]["spec"]["version"] == "v1.34.1"
    assert group["template"]["spec"]["bootstrap"]["configRef"]["name"] == "own"


def test_a_simulated_pool_has_no_machines() -> None:
    """Nothing makes machines for a pool whose nodes a lab simulates."""
    objects = made(TRAIN, {**INFER, "provisioning": {"kind": "simulated"}})

    assert not [name for manifest in objects if (name := key_of(manifest).name).startswith("infer-")]
