"""Machines of a pool through Cluster API: rack groups, templates, health checks."""

import math
from itertools import chain
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from aifactory.catalog.load import catalog
from aifactory.manifests.cluster_api import content_hash, machines, propagated, rack_groups
from aifactory.manifests.model import KubernetesObject, key_of
from aifactory.plan.capacity import pool_plan
from aifactory.plan.cells import of_cell
from aifactory.plan.factory import plan
from aifactory.plan.models import FactoryPlan, PoolPlan
from aifactory.plan.nodes import POOL_LABEL, RACK_LABEL, nodes_of
from aifactory.spec.pools import Pool
from aifactory.spec.provisioning import ClusterApi
from tests.support.schemas import crd_dir, violations
from tests.support.stacks import stack

METAL3: dict[str, Any] = {
    "kind": "metal3",
    "image_url": "https://images.example/node.raw",
    "image_checksum": "ab",
}
NICO: dict[str, Any] = {
    "kind": "nico",
    "vpc_id": "vpc",
    "instance_type_id": "type",
    "vpc_prefix_id": "prefix",
    "ipxe_script": "#!ipxe",
}


def planned(
    system: str = "gb300-nvl72", *, template: dict[str, Any] | None = None, **fields: JsonValue
) -> PoolPlan:
    """A pool through Cluster API; ``fields`` are of the pool or, where it has them, of its provisioning."""
    own = {key: fields.pop(key) for key in tuple(fields) if key in ClusterApi.model_fields}
    how = {
        "kind": "cluster-api",
        "cluster_name": "cell",
        "namespace": "cells",
        "kubernetes_version": "v1.34.4",
        "bootstrap_template": "gpu",
        "template": template or METAL3,
        **own,
    }
    size = {} if {"racks", "nodes"} & set(fields) else {"racks": 2}
    pool = {"name": "train", "system": system, "service": "training", "provisioning": how, **size, **fields}
    return pool_plan(Pool.model_validate(pool), catalog().systems[system])


def made(pool: PoolPlan, kind: str | None = None) -> list[Any]:
    """The objects of the pool's machines, all or of one kind."""
    assert isinstance(pool.pool.provisioning, ClusterApi)
    objects = list(machines(pool, pool.pool.provisioning))
    return [manifest for manifest in objects if kind in (None, manifest["kind"])]


def names(objects: list[KubernetesObject]) -> list[str]:
    """The names of the objects."""
    return [key_of(manifest).name for manifest in objects]


SIZES = st.one_of(
    st.fixed_dictionaries({"racks": st.integers(1, 30)}),
    st.fixed_dictionaries({"nodes": st.integers(1, 300)}),
)
SYSTEMS = st.sampled_from(sorted(catalog().systems))


@settings(deadline=None, max_examples=40)
@given(SYSTEMS, SIZES, st.integers(1, 9), st.sampled_from([METAL3, NICO]))
def test_groups_make_the_whole_pool(
    system: str, size: dict[str, Any], per_group: int, template: dict[str, Any]
) -> None:
    """Replicas add up to the pool's nodes, and names are unique and fit a label, for every size."""
    pool = planned(system, template=template, racks_per_group=per_group, name="p" * 40, **size)

    objects = made(pool)
    deployments = [manifest for manifest in objects if manifest["kind"] == "MachineDeployment"]

    assert sum(manifest["spec"]["replicas"] for manifest in deployments) == pool.nodes
    assert len({(manifest["kind"], key_of(manifest).name) for manifest in objects}) == len(objects)
    assert all(len(name) <= 63 for name in names(objects))
    assert len(deployments) == math.ceil(pool.racks / per_group)


@settings(deadline=None, max_examples=40)
@given(SYSTEMS, SIZES, st.integers(1, 9))
def test_no_rack_is_cut(system: str, size: dict[str, Any], per_group: int) -> None:
    """Every rack is in one group, and every group but the last is made of full racks and NVLink domains."""
    pool = planned(system, **size)

    groups = list(rack_groups(pool, per_group))

    racks = list(chain.from_iterable(group.racks for group in groups))
    assert len(racks) == len(set(racks)) == pool.racks
    for group in groups[:-1]:
        assert group.nodes == len(group.racks) * pool.system.nodes_per_rack
        assert group.nodes % max(1, pool.system.nvlink_domain_nodes) == 0
    assert 0 < groups[-1].nodes <= len(groups[-1].racks) * pool.system.nodes_per_rack


def test_a_domain_that_spans_racks_stays_in_one_group() -> None:
    """Where an NVLink domain takes two racks, groups take whole pairs of racks."""
    pool = planned(racks=5)
    wide = pool.model_copy(update={"system": pool.system.model_copy(update={"nvlink_domain_nodes": 36})})

    assert [len(group.racks) for group in rack_groups(wide, 1)] == [2, 2, 1]
    assert [len(group.racks) for group in rack_groups(wide, 3)] == [4, 1]


def test_racks_are_called_as_the_plan_calls_them() -> None:
    """Rack names of the groups are the values of the rack label that the plan gives the nodes."""
    pool = planned(racks=3)
    plan = SimpleNamespace(
        name="lab",
        stack=SimpleNamespace(site=SimpleNamespace(name="site", zones=("z",), region="r")),
        images={"driver": "driver:1.2.3"},
    )

    nodes = list(nodes_of(cast("FactoryPlan", plan), pool))

    racks = chain.from_iterable(group.racks for group in rack_groups(pool, 2))
    assert list(racks) == list(dict.fromkeys(node.rack for node in nodes))


def test_a_rack_group_uses_the_hosts_of_its_racks() -> None:
    """Each group of a rack pool has its own Metal3 template, whose host selector names its racks."""
    template = {**METAL3, "host_selector": {"vendor": "x"}}
    pool = planned(racks=3, racks_per_group=2, template=template)

    templates = made(pool, "Metal3MachineTemplate")
    deployments = made(pool, "MachineDeployment")

    selectors = [manifest["spec"]["template"]["spec"]["hostSelector"] for manifest in templates]
    assert [selector["matchExpressions"][0]["values"] for selector in selectors] == [
        ["train-r000", "train-r001"],
        ["train-r002"],
    ]
    assert {selector["matchExpressions"][0]["key"] for selector in selectors} == {RACK_LABEL}
    assert all(selector["matchLabels"] == {"vendor": "x"} for selector in selectors)
    used = [manifest["spec"]["template"]["spec"]["infrastructureRef"] for manifest in deployments]
    assert [ref["name"] for ref in used] == names(templates)
    assert {ref["kind"] for ref in used} == {"Metal3MachineTemplate"}


def test_groups_that_need_the_same_machines_share_a_template() -> None:
    """A pool sized in nodes of single-node NVLink, or made by NICo, has one template for all groups."""
    assert len(made(planned("hgx-b300", nodes=10), "Metal3MachineTemplate")) == 1
    assert "hostSelector" not in made(planned("hgx-b300", nodes=10))[0]["spec"]["template"]["spec"]
    assert len(made(planned(template=NICO, racks=4), "NicoMachineTemplate")) == 1


def test_nico_partitions_are_optional() -> None:
    """Partition ids of NICo are in the template exactly where they are given."""
    partitions = {"infiniband_partition_id": "ib", "nvlink_logical_partition_id": "nvl"}
    bare = made(planned(template=NICO))[0]["spec"]["template"]["spec"]
    full = made(planned(template={**NICO, **partitions}))[0]["spec"]["template"]["spec"]

    given_ids = {"infinibandPartitionID": "ib", "nvLinkLogicalPartitionID": "nvl"}
    assert bare["interfaces"] == [{"vpcPrefixID": "prefix"}]
    assert full == {**bare, **given_ids}


@settings(deadline=None, max_examples=40)
@given(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1))
def test_a_template_is_named_by_its_content(checksum: str) -> None:
    """Another image is another template name, the same image the same one."""
    first = made(planned())[0]
    second = made(planned(template={**METAL3, "image_checksum": checksum}))[0]

    assert (first["spec"] == second["spec"]) == (key_of(first).name == key_of(second).name)
    assert key_of(second).name.endswith(content_hash(second["spec"]))


def test_what_is_not_content_keeps_the_template() -> None:
    """Timeouts and the Kubernetes version change the deployment and leave its template alone."""
    changed = planned(kubernetes_version="v1.35.1", drain_timeout_s=5)

    assert names(made(planned(), "Metal3MachineTemplate")) == names(made(changed, "Metal3MachineTemplate"))
    spec = made(changed, "MachineDeployment")[0]["spec"]["template"]["spec"]
    assert (spec["version"], spec["deletion"]["nodeDrainTimeoutSeconds"]) == ("v1.35.1", 5)


def test_only_labels_that_reach_nodes_are_on_machines() -> None:
    """A machine carries the pool label and propagated labels; the selector finds it; taints stay unused."""
    labels: dict[str, JsonValue] = {"node-restriction.kubernetes.io/zone": "a", "team.example/x": "y"}
    deployment = made(planned(labels=labels), "MachineDeployment")[0]

    template = deployment["spec"]["template"]
    selector = deployment["spec"]["selector"]["matchLabels"]
    assert template["metadata"]["labels"] == {
        **selector,
        POOL_LABEL: "train",
        "node-restriction.kubernetes.io/zone": "a",
    }
    assert selector["cluster.x-k8s.io/deployment-name"] == "train-r000"
    assert "taints" not in template["spec"]
    assert not propagated("nvidia.com/mig.config")
    assert not propagated("notnode.cluster.x-k8s.io/x")


def test_one_health_check_watches_the_pool() -> None:
    """One MachineHealthCheck selects the pool's machines, waits as told, and stops above the limit."""
    checks = made(planned(racks=9, unhealthy_after_s=60, startup_timeout_s=70), "MachineHealthCheck")

    assert len(checks) == 1
    spec = checks[0]["spec"]
    conditions = [(c["status"], c["timeoutSeconds"]) for c in spec["checks"]["unhealthyNodeConditions"]]
    assert spec["selector"] == {"matchLabels": {POOL_LABEL: "train"}}
    assert spec["checks"]["nodeStartupTimeoutSeconds"] == 70
    assert conditions == [("False", 60), ("Unknown", 60)]
    assert spec["remediation"]["triggerIf"] == {"unhealthyLessThanOrEqualTo": "20%"}


@pytest.mark.parametrize("template", [METAL3, NICO, {**METAL3, "host_selector": {"a": "b"}}])
def test_objects_fit_their_crds(template: dict[str, Any]) -> None:
    """Every object is valid against its real CRD."""
    if crd_dir() is None:
        pytest.skip("the real CRDs are not at hand: set AIFACTORY_CRDS to their folder")

    assert [line for manifest in made(planned(template=template)) for line in violations(manifest)] == []


@settings(deadline=None, max_examples=40)
@given(SYSTEMS, SIZES, st.integers(1, 9), st.integers(1, 5))
def test_racks_of_a_later_cell_are_its_own(
    system: str, size: dict[str, Any], per_group: int, cell_racks: int
) -> None:
    """The groups of all cells name each rack of the site once, as its nodes' labels do, and make all its nodes."""
    whole = planned(system, cell_racks=cell_racks, **size)
    declared = stack(pools=[whole.pool.model_dump(mode="json")])
    made = plan("site", declared, catalog())
    cells = [of_cell(made, cell).pools[0] for cell in made.cells]
    groups = [group for part in cells for group in rack_groups(part, per_group)]

    racks = [rack for group in groups for rack in group.racks]
    assert racks == list(dict.fromkeys(node.labels[RACK_LABEL] for node in nodes_of(made, made.pools[0])))
    assert sum(group.nodes for group in groups) == made.nodes
    assert len({group.name for group in groups}) == len(groups)
