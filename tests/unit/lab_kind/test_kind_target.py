"""What a plan becomes on kind, and what its workers have to offer."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from aifactory.catalog.load import catalog
from aifactory.errors import LabError
from aifactory.lab.kind.labels import await_discovery, await_pool_labels
from aifactory.lab.kind.layout import Worker, cluster_name, given_labels, kind_config, workers
from aifactory.lab.kind.offers import DEVICES, await_offers, offered, wanted
from aifactory.manifests.findings import checked_plan
from aifactory.manifests.kind_target import NODE_CIDR, STORAGE_CIDR, realised, replaced
from aifactory.plan.cell_choice import one_cell
from aifactory.plan.models import FactoryPlan
from aifactory.plan.nodes import POOL_LABEL
from aifactory.spec.load import stack_from_mapping
from aifactory.spec.stack import Target
from aifactory.spec.storage import Backend
from tests.support.lab import ROOT

PILOT = ROOT / "stacks" / "Pulumi.korea-pilot.yaml"
ALLOWED = 63


def _plan(target: Target = Target.KIND, **pool: Any) -> FactoryPlan:
    raw = yaml.safe_load(PILOT.read_text())["config"]["aifactory:stack"]
    for declared in raw["pools"]:
        if declared["name"] == "twin-rtx":
            declared.update(pool)
    stack = stack_from_mapping(raw, "f")
    return one_cell(checked_plan("korea-pilot", stack, catalog(), target, "f"), None)


def test_other_targets_are_not_changed() -> None:
    """On a real cluster and in the simulated lab the plan is realised as it stands, and nothing is replaced."""
    for target in (Target.CLUSTER, Target.SIMULATED):
        plan = _plan(target)
        assert realised(plan) is plan
        assert replaced(plan) == ()


def test_what_is_replaced_is_said() -> None:
    """Every network, volume and bucket that something stands for is named in a line."""
    said = "\n".join(replaced(_plan()))
    for part in (NODE_CIDR, STORAGE_CIDR, "scratch (weka)", "local-nvme (topolvm)", "tier datasets"):
        assert part in said
    backends = {tier.backend for tier in realised(_plan()).stack.storage.tiers}
    assert backends == {Backend.LOCAL_PATH, Backend.CEPH_OBJECT}


def test_the_absence_of_the_mps_daemon_is_said() -> None:
    """A pool shared by MPS is rendered, offers nothing, and a line says why."""
    plan = _plan(partitioning={"mps": {"replicas": 4}})
    assert any("pool twin-rtx is shared by MPS" in line and "needs CUDA" in line for line in replaced(plan))
    offers = wanted(workers("c", plan, None))
    assert offers["c-worker5"] == {}
    assert offers["c-worker"] == {DEVICES: 4}
    assert offers["c-worker2"] == {"nvidia.com/gpu": 4}


def test_a_worker_stands_for_a_node_of_each_pool() -> None:
    """Each pool has its workers, born with what picks its nodes out, in a cluster with the stack's pod network."""
    plan = _plan()
    made = workers("c", plan, 2)
    assert len(made) == 2 * len(plan.pools)
    assert given_labels(made[0])["aifactory.dev/reserved-for"] == "train-gb300"
    config = yaml.safe_load(kind_config(plan, made))
    assert len(config["nodes"]) == len(made) + 1
    assert config["networking"]["podSubnet"] == plan.stack.network.pod_cidr


def test_names_of_clusters() -> None:
    """A lab in another state folder is another cluster, and nodes of long names stay host names."""
    usual = Path("/home/u/labs/kind")
    names = {cluster_name(folder / "korea-pilot", usual) for folder in (usual, Path("/x"), Path("/y"))}
    assert len(names) == 3
    assert "aifactory-korea-pilot" in names
    assert len(f"{cluster_name(usual / ('n' * 42), usual)}-control-plane") <= ALLOWED


class _Cluster:
    def __init__(self, *nodes: dict[str, Any]) -> None:
        self.nodes = nodes

    def list(self, _version: str, kind: str) -> list[dict[str, Any]]:
        return [*self.nodes] if kind == "Node" else []


def test_a_worker_that_offers_less_is_named() -> None:
    """Who offers something else than planned is named with both, and so is who lacks its pool's label."""
    made = workers("c", _plan(), None)[1:2]
    node = {
        "metadata": {"name": "c-worker2", "labels": {POOL_LABEL: "another"}},
        "status": {"allocatable": {"cpu": "2", "nvidia.com/gpu": "3"}},
    }
    cluster: Any = _Cluster(node)
    assert offered(cluster, ["c-worker2"]) == {"c-worker2": {"nvidia.com/gpu": 3}}
    with pytest.raises(
        LabError, match=r"after 0 s c-worker2 offers nvidia.com/gpu: 3 instead of nvidia.com/gpu: 4;"
    ):
        await_offers(cluster, made, print, timeout_s=0)
    with pytest.raises(
        LabError, match=r"after 0 s c-worker2 do not carry the label .* see the logs of nfd-master"
    ):
        await_pool_labels(cluster, made, timeout_s=0)


def test_a_worker_on_which_nothing_is_found_is_named() -> None:
    """Who is not yet labelled by discovery is waited for and named; a worker without GPUs is not."""
    plan = _plan()
    made = workers("c", plan, None)[:2]
    labelled: dict[str, Any] = {
        "metadata": {"name": "c-worker", "labels": {"nvidia.com/gpu.present": "true"}}
    }
    cluster: Any = _Cluster(labelled, {"metadata": {"name": "c-worker2", "labels": {}}})
    await_discovery(cluster, (made[0], Worker("c-worker2", None, None)), timeout_s=0)
    with pytest.raises(
        LabError,
        match=r"after 0 s c-worker2 do not carry the label nvidia.com/gpu.present which .* logs of nfd-worker",
    ):
        await_discovery(cluster, made, timeout_s=0)
