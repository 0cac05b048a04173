"""The simulated hardware of any plan: what a lab's API server is told that nodes and drivers said."""

import copy
import re
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from aifactory.catalog.load import catalog
from aifactory.lab.hardware import DIGEST, SIMULATED, hardware, with_digest
from aifactory.manifests.model import KubernetesObject, key_of
from aifactory.plan.factory import plan
from aifactory.plan.models import FactoryPlan
from aifactory.plan.nodes import GPU_TAINT, POOL_LABEL
from aifactory.spec.pools import Allocation
from aifactory.spec.stack import Target
from tests.support.stacks import pool, stack

SYSTEMS = sorted(catalog().systems)
NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
EXTRAS: list[dict[str, Any]] = [
    {},
    {"allocation": "dra"},
    {"partitioning": {"time_slicing": {"replicas": 3}}},
]
quickly = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def pools(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Some small pools of any system, shared or claimed."""
    found: list[dict[str, Any]] = []
    for index in range(draw(st.integers(1, 3))):
        extra: dict[str, Any] = draw(st.sampled_from(EXTRAS))
        system, nodes = draw(st.sampled_from(SYSTEMS)), draw(st.integers(1, 20))
        found.append(pool(name=f"p{index}", system=system, nodes=nodes, **copy.deepcopy(extra)))
    return found


@st.composite
def plans(draw: st.DrawFn) -> FactoryPlan:
    """Plans of such pools, over one to three zones."""
    zones = [f"hall-{index}" for index in range(draw(st.integers(1, 3)))]
    declared = stack(
        site={"name": "s", "country": "KR", "region": "r", "zones": zones},
        pools=draw(pools()),
        cluster={"system_nodes": draw(st.integers(1, 4))},
    )
    return plan("test", declared, catalog(), Target.SIMULATED)


def of_kind(made: list[KubernetesObject], kind: str) -> list[dict[str, Any]]:
    """The objects of a kind."""
    return [dict(item) for item in made if item["kind"] == kind]


def gpu_nodes(made: list[KubernetesObject], pool_name: str) -> list[dict[str, Any]]:
    """The nodes of a pool."""
    nodes = of_kind(made, "Node")
    return [node for node in nodes if node["metadata"]["labels"].get(POOL_LABEL) == pool_name]


@quickly
@given(plans())
def test_names_are_unique_and_valid(planned: FactoryPlan) -> None:
    """No two objects have one identity, and each name is one that the API server takes."""
    made = hardware(planned)

    keys = [str(key_of(item)) for item in made]
    assert len(set(keys)) == len(keys)
    assert all(NAME.fullmatch(key_of(item).name) for item in made)


@quickly
@given(plans())
def test_nodes_are_those_of_the_plan(planned: FactoryPlan) -> None:
    """There are as many nodes as the plan counts, tainted, and each offers what the plan says."""
    made = hardware(planned)

    assert len(of_kind(made, "Node")) == planned.nodes + planned.stack.cluster.system_nodes
    for part in planned.pools:
        nodes = gpu_nodes(made, part.name)
        assert len(nodes) == part.nodes
        for node in nodes:
            status = node["status"]
            offered = {
                name: int(count) for name, count in status["allocatable"].items() if "nvidia.com/" in name
            }
            assert offered == part.allocatable
            assert status["capacity"] == status["allocatable"]
            assert node["spec"]["taints"] == [GPU_TAINT]


@quickly
@given(plans())
def test_slices_are_those_of_pools_that_are_claimed(planned: FactoryPlan) -> None:
    """Each node of a DRA pool, and no other, publishes one GPU device for each of its GPUs."""
    made = hardware(planned)
    published = {
        item["spec"]["nodeName"]: item["spec"]["devices"]
        for item in of_kind(made, "ResourceSlice")
        if item["spec"]["driver"] == "gpu.nvidia.com"
    }
    claimed = [part for part in planned.pools if part.pool.allocation is Allocation.DRA]

    names = {node["metadata"]["name"] for part in claimed for node in gpu_nodes(made, part.name)}
    assert set(published) == names
    for part in claimed:
        for node in gpu_nodes(made, part.name):
            devices = published[node["metadata"]["name"]]
            assert len(devices) == part.system.gpus_per_node
            assert len({device["name"] for device in devices}) == len(devices)
    assert bool(of_kind(made, "DeviceClass")) == bool(claimed)


@quickly
@given(plans())
def test_gpus_have_identities_of_their_own(planned: FactoryPlan) -> None:
    """No two GPUs of a plan have one UUID, and a UUID is the same in every run."""
    made = hardware(planned)
    uuids = [
        device["attributes"]["uuid"]["string"]
        for item in of_kind(made, "ResourceSlice")
        for device in item["spec"]["devices"]
        if "uuid" in device["attributes"]
    ]

    assert len(set(uuids)) == len(uuids)
    assert hardware(planned) == made


@quickly
@given(plans(), st.integers(1, 25))
def test_a_sample_limits_each_pool(planned: FactoryPlan, sample: int) -> None:
    """A sample has at most so many nodes of each pool, and they are the first ones, unchanged."""
    full, made = hardware(planned), hardware(planned, sample)

    for part in planned.pools:
        assert gpu_nodes(made, part.name) == gpu_nodes(full, part.name)[:sample]
    counted = Counter(str(key_of(item)) for item in made)
    assert counted <= Counter(str(key_of(item)) for item in full)


@quickly
@given(plans())
def test_everything_is_marked_as_simulated(planned: FactoryPlan) -> None:
    """Each object says that it is simulated, and carries the hash of its content."""
    for item in hardware(planned):
        metadata: Any = item["metadata"]
        assert metadata["labels"][SIMULATED] == "true"
        assert re.fullmatch(r"[0-9a-f]{16}", metadata["annotations"][DIGEST])


CONTENT = st.dictionaries(
    st.text("abc", min_size=1, max_size=3), st.integers() | st.text(max_size=3), max_size=3
)


def digest(spec: dict[str, Any]) -> str:
    """The hash of an object with this spec."""
    manifest: KubernetesObject = {"kind": "X", "metadata": {"name": "a"}, "spec": spec}
    metadata: Any = with_digest(manifest)["metadata"]
    return str(metadata["annotations"][DIGEST])


@given(CONTENT, CONTENT)
def test_the_hash_changes_with_the_content_alone(first: dict[str, Any], second: dict[str, Any]) -> None:
    """The hash is the same for equal content in any order, and another for another content."""
    assert digest(first) == digest(dict(reversed(first.items())))
    assume(first != second)
    assert digest(first) != digest(second)


@given(CONTENT)
def test_marking_changes_neither_the_object_nor_its_own_labels(labels: dict[str, Any]) -> None:
    """The object that is marked stays as it was, and its own labels stay on the copy."""
    manifest: KubernetesObject = {"kind": "X", "metadata": {"name": "a", "labels": dict(labels)}}
    before = copy.deepcopy(manifest)

    metadata: Any = with_digest(manifest)["metadata"]

    assert manifest == before
    assert metadata["labels"] == {**labels, SIMULATED: "true"}


def test_zones_have_nodes_of_every_kind() -> None:
    """System nodes go over the zones in turn."""
    declared = stack(
        site={"name": "s", "country": "KR", "region": "r", "zones": ["a", "b"]}, cluster={"system_nodes": 4}
    )
    nodes = of_kind(hardware(plan("test", declared, catalog(), Target.SIMULATED)), "Node")[:4]

    assert [node["metadata"]["labels"]["topology.kubernetes.io/zone"] for node in nodes] == [
        "a",
        "b",
        "a",
        "b",
    ]
