"""What a change does to pools, nodes and GPUs: each rule fires for its change and is silent otherwise."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aifactory.manifests.disruption.judge import RULES
from aifactory.manifests.disruption.model import InUse, Severity, scaled
from aifactory.manifests.disruption.state import pools_of
from aifactory.spec.disruption import DisruptionKind
from tests.support.changes import declared, edited, found, keyed, made, only, pooled
from tests.support.stacks import pool

K = DisruptionKind
MIG = {"mig": {"layout": "all-1g.23gb"}}
DRIVERS: dict[str, Any] = {"max_parallel_upgrades": 3, "max_unavailable": "50%"}


def shared(replicas: int, *, rename: bool = False) -> dict[str, Any]:
    """Time-slicing."""
    return {"time_slicing": {"replicas": replicas, "rename": rename}}


def metal3(**fields: object) -> dict[str, Any]:
    """A pool made by Cluster API."""
    how = {
        "kind": "cluster-api",
        "cluster_name": "cell",
        "namespace": "cells",
        "kubernetes_version": "v1.34.4",
        "bootstrap_template": "gpu",
        "template": {"kind": "metal3", "image_url": "https://images.example/n.raw", "image_checksum": "ab"},
    }
    return pool(system="gb300-nvl72", nodes=None, racks=2, provisioning={**how, **fields})


def test_no_change_disrupts_nothing() -> None:
    """The same objects disrupt nothing, nor do objects where there were none before."""
    objects = declared()

    assert found(objects, objects) == []
    assert found({}, objects) == []
    assert found(objects, {}) != []


def test_every_rule_is_listed_once() -> None:
    """No rule is run twice."""
    assert len(set(RULES)) == len(RULES)


def test_a_larger_pool_disrupts_nothing() -> None:
    """A pool that grows evicts nobody."""
    assert found(pooled(nodes=2), pooled(nodes=5)) == []


def test_pools_are_read_from_their_records() -> None:
    """Size, resources and labels of a pool come from the objects alone, however its nodes are labelled."""
    ruled, patched = pools_of(pooled(partitioning=MIG)), pools_of(pooled(provisioning=selected()))

    assert (ruled["train"].nodes, ruled["train"].allocatable) == (2, {"nvidia.com/mig-1g.23gb": 56})
    assert ruled["train"].labels["nvidia.com/mig.config"] == "all-1g.23gb"
    assert (ruled["train"].patched, patched["train"].patched) == (False, True)
    assert patched["train"].labels["node.cluster.x-k8s.io/aifactory-pool"] == "train"


def selected() -> dict[str, Any]:
    """Nodes that are picked by a label, which takes a Job."""
    return {"kind": "adopt", "selector": {"hall": "a"}}


def test_a_record_that_cannot_be_read_is_no_pool() -> None:
    """Other ConfigMaps and torn records are left out."""
    torn = made("v1", "ConfigMap", "pool-x", namespace="aifactory-system", data={"node-selector": "{"})

    assert pools_of(keyed(torn, made("v1", "ConfigMap", "other"))) == {}


def test_a_removed_pool() -> None:
    """A pool that goes is named with its nodes, and what runs there."""
    before, after = declared(pools=[pool(), pool(name="extra", nodes=3, system="hgx-b300")]), declared()

    item = only(before, after, K.POOL_REMOVED, InUse(asked=True, pods_by_pool={"extra": 5}))

    assert (item.subject, item.nodes, item.severity) == ("extra", 3, Severity.INTERRUPTION)
    assert item.message.endswith("those that select the pool stay Pending; 5 pods with GPUs there now")


def test_a_pool_of_another_system() -> None:
    """Other machines under the same name are a removed pool, not a smaller one."""
    before, after = pooled(nodes=4), pooled(nodes=2, system="hgx-b300")

    assert "becomes 2 nodes of hgx-b300" in only(before, after, K.POOL_REMOVED).message
    assert found(before, after, K.POOL_SHRUNK) == []


def test_a_smaller_pool() -> None:
    """Fewer nodes count those that leave."""
    item = only(pooled(nodes=5), pooled(nodes=2), K.POOL_SHRUNK)

    assert (item.nodes, item.subject) == (3, "train")
    assert "3 nodes of 5 leave the pool" in item.message


def test_fewer_shares_of_a_gpu() -> None:
    """Less of the same resource delays new pods; more of it does nothing."""
    many, few = pooled(partitioning=shared(4)), pooled(partitioning=shared(2))

    item = only(many, few, K.POOL_SHRUNK)

    assert item.severity is Severity.DELAY
    assert "each node offers 16 instead of 32 nvidia.com/gpu" in item.message
    assert found(few, many, K.POOL_SHRUNK) == []


def test_another_mig_layout() -> None:
    """Every node of the pool is cut anew at the same time, and the old profile is asked for in vain."""
    before, after = pooled(partitioning=MIG), pooled(partitioning={"mig": {"layout": "all-2g.45gb"}})

    item = only(before, after, K.MIG_GEOMETRY)
    renamed = only(before, after, K.RESOURCE_RENAMED)

    assert (item.nodes, item.parallel, item.waves) == (2, 2, 1)
    assert "MIG layout all-1g.23gb becomes all-2g.45gb" in item.message
    assert "no longer nvidia.com/mig-1g.23gb" in renamed.message
    assert found(before, after, K.PLUGIN_RESTART) == []  # mig-manager restarts the plugin itself


def test_a_mig_label_that_a_job_leaves_behind() -> None:
    """A Job takes no label away: the layout stays, while the resources are declared as whole GPUs."""
    before = pooled(partitioning=MIG, provisioning=selected())

    assert found(before, pooled(provisioning=selected()), K.MIG_GEOMETRY) == []


def test_mig_of_nodes_that_others_label() -> None:
    """Without a rule or a Job the layout is told by the instances."""
    how = {"kind": "simulated"}

    item = only(pooled(provisioning=how), pooled(provisioning=how, partitioning=MIG), K.MIG_GEOMETRY)

    assert "MIG layout none becomes 56 nvidia.com/mig-1g.23gb" in item.message


def test_a_renamed_resource() -> None:
    """Shares under another name leave pods that ask for the old one Pending; how many, where asked."""
    before, after = pooled(partitioning=shared(4)), pooled(partitioning=shared(4, rename=True))

    item = only(before, after, K.RESOURCE_RENAMED, InUse(asked=True, pods_by_resource={"nvidia.com/gpu": 7}))

    assert "offer nvidia.com/gpu.shared and no longer nvidia.com/gpu" in item.message
    assert item.message.endswith("ask for it now: 7")


@pytest.mark.parametrize(("nodes", "waves", "parallel"), [(2, 2, 1), (6, 2, 3), (7, 3, 3), (100, 34, 3)])
def test_a_driver_roll(nodes: int, waves: int, parallel: int) -> None:
    """A new driver goes over the pool in as many waves as its upgrade policy makes of it."""
    before = pooled(nodes=nodes, driver=DRIVERS)
    after = pooled(nodes=nodes, driver={**DRIVERS, "version": "590.48.01", "gds": True})

    item = only(before, after, K.DRIVER_ROLL)

    assert (item.subject, item.nodes, item.waves, item.parallel) == ("train", nodes, waves, parallel)
    assert item.message.startswith("the driver is replaced (gds, version ")
    assert f"{nodes} nodes, {parallel} at a time, {waves} wave" in item.message


def test_an_upgrade_policy_rolls_no_driver() -> None:
    """How drivers are rolled may change without rolling one."""
    assert found(pooled(), pooled(driver=DRIVERS), K.DRIVER_ROLL) == []


@pytest.mark.parametrize(
    ("path", "value", "shown"),
    [
        ("spec.upgradePolicy.autoUpgrade", False, "autoUpgrade is off"),
        ("spec.upgradePolicy.maxUnavailable", "0%", "the roll never begins"),
        ("spec.upgradePolicy.maxParallelUpgrades", 0, "2 nodes, 1 at a time, 2 waves"),
    ],
)
def test_special_upgrade_policies(path: str, value: object, shown: str) -> None:
    """No upgrade by itself, none at all, and no limit but the unavailable share are told apart."""
    before, after = pooled(), pooled(driver={"version": "590.48.01"})
    key = "nvidia.com/v1alpha1 NVIDIADriver train"

    item = only(before, {**after, key: edited(after[key], path, value)}, K.DRIVER_ROLL)

    assert shown in item.message


def test_a_driver_in_the_cluster_policy() -> None:
    """Where the ClusterPolicy has the driver, the roll is over all pools."""
    operators = {"gpu_operator": {"driver_crd": False}}
    pools = [pool(), pool(name="more", nodes=3, system="hgx-b300")]
    newer = [{**item, "driver": {"kernel_module": "auto"}} for item in pools]

    item = only(
        declared(operators=operators, pools=pools), declared(operators=operators, pools=newer), K.DRIVER_ROLL
    )

    assert (item.subject, item.nodes, item.parallel, item.waves) == ("cluster-policy", 5, 1, 5)
    assert "kernelModuleType" in item.message


@given(st.integers(1, 5000), st.integers(0, 100), st.booleans())
def test_percentages_are_scaled_as_kubernetes_does(total: int, percent: int, up: bool) -> None:
    """A percentage never differs from the exact share by a whole node, and 100 % is everybody."""
    count = scaled(f"{percent}%", total, up=up, default=0)

    assert abs(count - percent * total / 100) < 1
    assert (count >= percent * total / 100) if up else (count <= percent * total / 100)
    assert scaled("100%", total, up=up, default=0) == total
    assert scaled(None, total, up=up, default=7) == 7
    assert math.isfinite(count)


def test_a_rollout_of_machines() -> None:
    """Another image makes every machine of a pool anew, one of each rack group at a time."""
    image = {"kind": "metal3", "image_url": "https://images.example/m.raw", "image_checksum": "cd"}

    item = only(declared(pools=[metal3()]), declared(pools=[metal3(template=image)]), K.NODE_DRAIN)

    assert (item.subject, item.nodes, item.parallel, item.waves) == ("train", 36, 2, 18)
    assert "36 machines are made anew (infrastructureRef): 2 groups side by side" in item.message
    assert "after at most 600 s of draining" in item.message


def test_what_cluster_api_changes_in_place_rolls_nothing() -> None:
    """Another drain timeout makes no machine anew."""
    assert found(declared(pools=[metal3()]), declared(pools=[metal3(drain_timeout_s=60)])) == []


def test_machines_that_go() -> None:
    """A rack less deletes its machines."""
    before, after = declared(pools=[metal3()]), declared(pools=[{**metal3(), "racks": 1}])

    item = only(before, after, K.NODE_DRAIN)

    assert (item.nodes, item.parallel) == (18, 18)
    assert "18 machines are deleted" in item.message
    assert only(before, after, K.POOL_SHRUNK).nodes == 18
