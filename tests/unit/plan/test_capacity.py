"""The arithmetic of pools."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aifactory.catalog.load import catalog
from aifactory.plan.capacity import pool_plan
from aifactory.plan.models import PoolPlan
from aifactory.spec.pools import Pool
from tests.support.stacks import pool

SYSTEMS = catalog().systems


def planned(system: str = "dgx-b200", **fields: object) -> PoolPlan:
    """A pool of a system, worked out."""
    return pool_plan(Pool.model_validate(pool(system=system, **fields)), SYSTEMS[system])


@st.composite
def pools(draw: st.DrawFn, *, dra: bool = False) -> PoolPlan:
    """Pools of every system and every way to cut a GPU."""
    system = draw(st.sampled_from(sorted(SYSTEMS)))
    sharing = {"replicas": draw(st.integers(2, 128)), "rename": draw(st.booleans())}
    cuts: list[dict[str, object]] = [{}, {"mps": sharing}, {"time_slicing": sharing}]
    if layouts := sorted(SYSTEMS[system].mig):
        mig = {
            "layout": draw(st.sampled_from(layouts)),
            "strategy": draw(st.sampled_from(["mixed", "single"])),
        }
        cuts += [{"mig": mig}, {"mig": mig, "time_slicing": sharing}]
    cut = draw(st.sampled_from(cuts))
    size = draw(st.integers(1, 40))
    by_rack = draw(st.booleans())
    return planned(
        system,
        racks=size if by_rack else None,
        nodes=None if by_rack else size,
        partitioning={} if dra else cut,
        allocation="dra" if dra else "device-plugin",
    )


@given(pools())
def test_what_a_node_offers_is_a_multiple(plan: PoolPlan) -> None:
    """Each extended resource of a node is a positive multiple of its GPUs and of the sharing."""
    assert plan.allocatable
    for count in plan.allocatable.values():
        assert count > 0
        assert count % (plan.system.gpus_per_node * plan.sharing_replicas) == 0
    assert plan.resource in plan.allocatable


@given(pools(), st.integers(1, 5))
def test_more_racks_never_give_fewer_gpus(plan: PoolPlan, more: int) -> None:
    """A pool that grows by racks grows in nodes and GPUs, and what a node offers stays."""
    grown = pool_plan(plan.pool.model_copy(update={"racks": plan.racks + more, "nodes": None}), plan.system)

    assert grown.nodes > plan.nodes
    assert grown.gpus - plan.gpus == (grown.nodes - plan.nodes) * plan.system.gpus_per_node
    assert grown.allocatable == plan.allocatable


@given(pools())
def test_racks_hold_the_nodes(plan: PoolPlan) -> None:
    """The racks of a pool hold its nodes, and none is empty."""
    per_rack = plan.system.nodes_per_rack

    assert (plan.racks - 1) * per_rack < plan.nodes <= plan.racks * per_rack
    assert plan.gpus == plan.nodes * plan.system.gpus_per_node


@given(pools(dra=True))
def test_dra_pools_offer_no_extended_resource(plan: PoolPlan) -> None:
    """A DRA pool is asked for by its device class."""
    assert plan.allocatable == {}
    assert plan.resource == "train.aifactory.dev"


@pytest.mark.parametrize(
    ("system", "cut", "offered", "label"),
    [
        ("dgx-b200", {}, {"nvidia.com/gpu": 8}, "NVIDIA-B200"),
        ("gb300-nvl72", {}, {"nvidia.com/gpu": 4}, "NVIDIA-GB300"),
        ("dgx-b200", {"mig": {"layout": "all-1g.23gb"}}, {"nvidia.com/mig-1g.23gb": 56}, "NVIDIA-B200"),
        (
            "dgx-b200",
            {"mig": {"layout": "all-1g.23gb", "strategy": "single"}},
            {"nvidia.com/gpu": 56},
            "NVIDIA-B200-MIG-1g.23gb",
        ),
        (
            "dgx-b200",
            {"mig": {"layout": "all-balanced"}},
            {"nvidia.com/mig-1g.23gb": 16, "nvidia.com/mig-2g.45gb": 8, "nvidia.com/mig-3g.90gb": 8},
            "NVIDIA-B200",
        ),
        ("dgx-b200", {"time_slicing": {"replicas": 4}}, {"nvidia.com/gpu": 32}, "NVIDIA-B200-SHARED"),
        (
            "dgx-b200",
            {"mps": {"replicas": 4, "rename": True}},
            {"nvidia.com/gpu.shared": 32},
            "NVIDIA-B200",
        ),
    ],
)
def test_worked_examples(system: str, cut: dict[str, object], offered: dict[str, int], label: str) -> None:
    """Whole GPUs, MIG of both strategies and sharing offer what the device plugin would report."""
    plan = planned(system, partitioning=cut)

    assert plan.allocatable == offered
    assert plan.product_label == label
