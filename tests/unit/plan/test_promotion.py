"""Promotion: what a next phase changes, and that growth alone is never refused."""

from functools import cache
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from aifactory.catalog.load import catalog
from aifactory.plan.deployed import contradictions, deployed
from aifactory.plan.factory import plan
from aifactory.plan.models import FactoryPlan
from aifactory.plan.promotion import difference
from aifactory.spec.load import CONFIG_KEY, stack_from_mapping
from aifactory.spec.stack import Target
from tests.support.cli import ROOT
from tests.support.promotions import OLD, planned, promoted, told
from tests.support.stacks import pool, tier


def grow(raw: dict[str, Any]) -> None:
    """More of everything."""
    raw["pools"][0]["nodes"] = 40
    raw["pools"].append(pool(name="more", system="hgx-b300", cell_racks=2))
    raw["storage"]["tiers"][0]["capacity_tib"] = 5000
    raw["storage"]["tiers"].append(tier(name="second"))
    raw["network"]["node_cidr"] = "10.1.0.0/19"


def test_a_phase_that_only_grows_is_not_refused() -> None:
    """Larger and added pools and tiers are told, with racks, nodes and GPUs before and after."""
    found = promoted(grow)

    assert told(found) == []
    assert [(one.name, one.kind, one.nodes) for one in found.pools] == [
        ("train", "grown", (8, 40)),
        ("more", "added", (0, 2)),
    ]
    figures = {one.name: (one.before, one.after) for one in found.figures}
    shown = [figures[name] for name in ("gpus", "storage_tib", "capacity_mw")]
    assert shown == [(64, 336), (1000, 6000), (None, None)]


def test_the_same_again_is_kept() -> None:
    """A next phase that changes nothing keeps every pool."""
    found = promoted()

    assert told(found) == []
    assert [one.kind for one in found.pools] == ["kept"]


@given(before=st.integers(1, 60), after=st.integers(1, 60), stride=st.integers(1, 20))
def test_growth_alone_never_moves_a_rack(before: int, after: int, stride: int) -> None:
    """With the stride unchanged, a pool is refused exactly where it shrinks."""
    one, other = (
        OLD | {"pools": [pool(nodes=nodes, cell_racks=stride)], "phase": phase, "previous": previous}
        for nodes, phase, previous in ((before, "pilot", None), (after, "scale-out", "old"))
    )

    codes = {code for code, *_ in told(difference(planned("old", one), planned("new", other)))}

    assert codes == ({"pool-shrunk"} if after < before else set())


KOREA = ("korea-pilot", "korea-scale-out", "korea-gigawatt")


@cache
def korean(name: str) -> FactoryPlan:
    """The plan of a stack of this repository."""
    raw = yaml.safe_load((ROOT / "stacks" / f"Pulumi.{name}.yaml").read_text("utf-8"))
    return plan(name, stack_from_mapping(raw["config"][CONFIG_KEY], name), catalog(), Target.CLUSTER)


@pytest.mark.parametrize(("old", "new"), [KOREA[:2], KOREA[1:]])
def test_the_korean_phases_only_grow(old: str, new: str) -> None:
    """Each Korean phase follows the one before it without replacing, moving or shrinking anything."""
    found = difference(korean(old), korean(new))

    assert told(found) == []
    assert {one.kind for one in found.pools} <= {"kept", "grown", "added"}
    assert contradictions(deployed(korean(old)), old, deployed(korean(new))) == ()
