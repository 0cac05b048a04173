"""Which nodes pools pick: pairs that would pick the same ones, and pairs that would not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aifactory.catalog.load import catalog
from aifactory.errors import PlanRefused
from aifactory.plan.base import Finding
from aifactory.plan.factory import accepted, plan
from aifactory.plan.selection import ambiguous_selection
from tests.support.stacks import minimal_stack, pool, stack

MACHINES = {
    "kind": "cluster-api",
    "cluster_name": "site",
    "namespace": "machines",
    "kubernetes_version": "v1.34.2",
    "bootstrap_template": "gpu",
    "template": {"kind": "metal3", "image_url": "https://img.example/os.qcow2", "image_checksum": "0" * 64},
}


def selected(**labels: str) -> dict[str, Any]:
    """Nodes that exist and are picked by labels."""
    return {"kind": "adopt", "selector": {f"site.example/{key}": value for key, value in labels.items()}}


def two(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """A stack of two pools."""
    return minimal_stack(pools=[pool(name="one", **first), pool(name="two", **second)])


def ambiguous(path: str, why: str) -> Finding:
    """Two pools that pick the same nodes."""
    return Finding(
        code="ambiguous-selection",
        severity="error",
        path=f"{path}.provisioning.selector",
        message=f"pools 'one' and 'two' pick the same nodes: {why};"
        " each adopted pool has a selector that fits no other pool's nodes",
        fix="label the nodes of both, and set a selector in pools.0 and pools.1",
    )


def found(raw: dict[str, Any]) -> list[Finding]:
    """What is said of the pools' selection."""
    planned = plan("test", stack(**raw), catalog())
    told = list(ambiguous_selection(planned, catalog()))
    assert [finding for finding in planned.findings if finding.code == "ambiguous-selection"] == told
    return told


MODEL = "both are picked by one GPU model"
SUBSET = "one selector holds all labels of the other"
CASES: list[tuple[str, dict[str, Any], Finding]] = [
    ("no selectors", two({}, {}), ambiguous("pools.1", MODEL)),
    (
        "the second has none",
        two({"provisioning": selected(a="1")}, {}),
        ambiguous("pools.1", MODEL),
    ),
    (
        "the first has none",
        two({}, {"provisioning": selected(a="1")}),
        ambiguous("pools.1", MODEL),
    ),
    ("beside machines", two({"provisioning": MACHINES}, {}), ambiguous("pools.1", MODEL)),
    ("before machines", two({}, {"provisioning": MACHINES}), ambiguous("pools.0", MODEL)),
    (
        "another label of the same board",
        two({"product_label": "NVIDIA-B200-A"}, {"product_label": "NVIDIA-B200-B"}),
        ambiguous("pools.1", MODEL),
    ),
    (
        "one label of two systems",
        two({"product_label": "NVIDIA-B300-SXM6-AC"}, {"system": "hgx-b300"}),
        ambiguous("pools.1", MODEL),
    ),
    (
        "equal selectors",
        two({"provisioning": selected(a="1")}, {"provisioning": selected(a="1")}),
        ambiguous("pools.1", SUBSET),
    ),
    (
        "a selector within the other, of another GPU",
        two(
            {"provisioning": selected(a="1", b="2")}, {"system": "hgx-b300", "provisioning": selected(a="1")}
        ),
        ambiguous("pools.1", SUBSET),
    ),
]


@pytest.mark.parametrize(("raw", "finding"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_two_pools_that_pick_the_same_nodes_are_refused(raw: dict[str, Any], finding: Finding) -> None:
    """A pair of pools that cannot be told apart gives one finding, and the plan is refused."""
    assert found(raw) == [finding]
    with pytest.raises(PlanRefused, match=finding.path):
        accepted(plan("test", stack(**raw), catalog()), "f")


RIGHT: list[tuple[str, dict[str, Any]]] = [
    ("different GPUs", two({}, {"system": "hgx-b300"})),
    ("selectors apart", two({"provisioning": selected(a="1")}, {"provisioning": selected(a="2")})),
    ("made by the lab", two({"provisioning": {"kind": "simulated"}}, {})),
    ("made by Cluster API", two({"provisioning": MACHINES}, {"provisioning": MACHINES})),
]


@pytest.mark.parametrize("raw", [case[1] for case in RIGHT], ids=[case[0] for case in RIGHT])
def test_pools_that_are_told_apart_are_not_remarked_on(raw: dict[str, Any]) -> None:
    """Pools of other GPUs, with selectors apart, or that somebody makes are left alone."""
    assert found(raw) == []


LABELS = st.dictionaries(st.sampled_from("abc"), st.sampled_from("12"), min_size=1)


@given(one=LABELS, other=LABELS)
def test_selectors_clash_where_one_implies_the_other(one: dict[str, str], other: dict[str, str]) -> None:
    """Two pools clash exactly where every node that fits one selector fits the other too."""
    raw = two({"provisioning": selected(**one)}, {"provisioning": selected(**other)})
    implied = set(one.items()) <= set(other.items()) or set(other.items()) <= set(one.items())

    assert [finding.code for finding in found(raw)] == ["ambiguous-selection"] * implied
