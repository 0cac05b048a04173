"""Published figures, and plans that have to be refused: what the arithmetic is held against."""

from typing import Any

import pytest

from aifactory.catalog.load import catalog
from aifactory.errors import PlanRefused
from aifactory.plan.economics import joules_per_token, tokens_per_second_per_mw, usd_per_million_tokens
from aifactory.plan.fabric import switches
from aifactory.plan.factory import accepted, plan
from aifactory.plan.models import FactoryPlan
from aifactory.plan.power import racks_within
from aifactory.plan.quantities import GridPower
from tests.support.stacks import pool, stack

GPUS_PER_RACK = 72
SITE = {"name": "site", "region": "r", "zones": ["a"]}
NETWORK = {
    "pod_cidr": "10.0.0.0/8",
    "service_cidr": "172.16.0.0/12",
    "node_cidr": "100.64.0.0/10",
    "cells": {"pod_prefix": 14, "service_prefix": 20, "node_prefix": 18},
    "pod_prefix_per_node": 26,
}
MANY_CELLS: dict[str, Any] = {
    "network": NETWORK,
    "delivery": {"mode": "gitops", "repository": "https://git.example/site.git"},
}
"""Sections that a site of many clusters needs."""


def planned(country: str = "KR", site: dict[str, Any] | None = None, **sections: object) -> FactoryPlan:
    """The plan of a stack with some sections replaced, in some country."""
    return plan("test", stack(site={**SITE, "country": country, **(site or {})}, **sections), catalog())


def gb300(**fields: object) -> list[dict[str, Any]]:
    """One pool of GB300 racks."""
    return [pool(**{"system": "gb300-nvl72", "nodes": None, **fields})]


def refusals(made: FactoryPlan) -> set[str]:
    """The codes that a plan is refused for; it is in fact refused."""
    codes = {finding.code for finding in made.errors}
    with pytest.raises(PlanRefused):
        accepted(made, "stack.yaml")
    return codes


@pytest.mark.parametrize(
    ("site_mw", "grid_kw_per_rack", "racks", "gpus"),
    [
        (250, 262.05, 954, 68_688),
        (250, 180.5, 1_385, 99_720),
        (1_000, 261.84, 3_819, 274_968),
        (1_000, 180.40, 5_543, 399_096),
    ],
)
def test_racks_of_a_contract(site_mw: float, grid_kw_per_rack: float, racks: int, gpus: int) -> None:
    """Contracts of 250 MW and 1 GW give the racks and GPUs of the published table, with MaxLPS and without."""
    made = racks_within(GridPower.of_mw(site_mw), GridPower(grid_kw_per_rack))

    assert made == racks
    assert made * GPUS_PER_RACK == gpus


QUANTUM2 = {
    2: (16, 8, 0),
    4: (32, 16, 0),
    8: (64, 32, 0),
    16: (128, 128, 64),
    32: (256, 256, 128),
    64: (512, 512, 256),
}
TWIN_PLANE = {1: (16, 8, 0), 2: (32, 16, 0), 4: (64, 32, 0), 8: (128, 64, 0), 16: (256, 128, 0)}
X800 = {1: (8, 4, 0), 2: (16, 8, 0), 4: (32, 18, 0), 8: (64, 36, 0), 18: (144, 72, 0)}
FABRICS = [
    (design, units, counts)
    for design, rows in (
        ("quantum2-qm9700", QUANTUM2),
        ("spectrumx-sn5600-400x2", TWIN_PLANE),
        ("quantum-x800-q3400", X800),
    )
    for units, counts in rows.items()
]
SYSTEM_OF = {
    "quantum2-qm9700": "dgx-b200",
    "spectrumx-sn5600-400x2": "hgx-b300",
    "quantum-x800-q3400": "hgx-b300",
}


@pytest.mark.parametrize(("design", "units", "counts"), FABRICS)
def test_switches_of_the_makers_tables(design: str, units: int, counts: tuple[int, int, int]) -> None:
    """Whole scalable units have the leaf, spine and core switches that NVIDIA prints, in a whole plan too."""
    row = catalog().fabrics[design]
    nodes = units * row.unit_nodes
    exact = switches(row.radix, nodes * 8)
    pools = [pool(system=SYSTEM_OF[design], nodes=nodes)]
    made = planned(pools=pools, fabrics=[{"name": "east-west", "design": design}]).fabrics[0]

    assert tuple(count * row.planes for count in exact[1:]) == counts
    assert (made.leaf, made.spine, made.core) == counts


def test_every_row_of_the_makers_tables_is_held() -> None:
    """The tables have 16 rows."""
    assert len(FABRICS) == 16


def test_sixty_thousand_gpus_in_103_mw_are_refused() -> None:
    """60,000 GB300 GPUs do not run on 103 MW; the plan says by how much, and how many racks do."""
    made = planned(power={"capacity_mw": 103.0}, pools=gb300(nodes=15_000), **MANY_CELLS)

    assert made.gpus == 60_000
    assert refusals(made) == {"power-exceeded"}
    fitting = planned(power={"capacity_mw": 103.0}, pools=gb300(racks=574), **MANY_CELLS)
    assert fitting.errors == ()
    assert "power-exceeded" in refusals(
        planned(power={"capacity_mw": 103.0}, pools=gb300(racks=575), **MANY_CELLS)
    )


@pytest.mark.parametrize(
    ("design", "codes"), [("spectrumx-sn5600-800", {"fabric-beyond-reach"}), ("quantum-x800-q3400", set())]
)
def test_four_hundred_thousand_gpus(design: str, codes: set[str]) -> None:
    """400,000 GPUs are beyond a switch of 64 ports, and within three tiers of one with 144."""
    fabrics = [{"name": "east-west", "design": design}]
    made = planned(fabrics=fabrics, pools=gb300(nodes=100_000), **MANY_CELLS)

    assert made.gpus == 400_000
    assert {finding.code for finding in made.errors} == codes
    assert made.fabrics[0].tiers == (0 if codes else 3)


def test_cost_and_energy_of_tokens() -> None:
    """$2.652 an hour and 6,182 tokens a second are $0.119 a million; 2.1 kW are 0.340 J a token, 2.94 M/s a MW."""
    tokens, power = 6_182.0, GridPower(2.1)

    assert round(usd_per_million_tokens(2.652, tokens), 3) == 0.119
    assert round(joules_per_token(power, tokens), 3) == 0.340
    assert round(tokens_per_second_per_mw(tokens, power) / 1e6, 2) == 2.94


def test_a_withdrawn_system_is_refused() -> None:
    """Rubin CPX is off its maker's roadmap."""
    assert refusals(planned(pools=[pool(system="rubin-cpx")])) == {"withdrawn-system"}


def test_an_unpublished_product_is_not_selected() -> None:
    """Vera Rubin's product label is not published: a pool selected by it is refused, one that gives it is not."""
    rubin = {"system": "vr-nvl72", "nodes": 18}

    assert refusals(planned(pools=[pool(**rubin)])) == {"unknown-product-label"}
    assert "unknown-product-label" not in {
        finding.code for finding in planned(pools=[pool(**rubin, product_label="NVIDIA-VR200")]).findings
    }


@pytest.mark.parametrize("need", [{"tensor_parallel": 16}, {"needs_nvlink": True}])
def test_pcie_cards_are_no_nvlink_domain(need: dict[str, Any]) -> None:
    """RTX PRO servers serve no model that spans nodes or needs NVLink, and serve one that fits a node."""
    assert refusals(planned(pools=[pool(system="rtx-pro-6000-server", **need)])) == {"nvlink-needed"}
    assert planned(pools=[pool(system="rtx-pro-6000-server", tensor_parallel=8)]).errors == ()


@pytest.mark.parametrize(
    ("country", "site", "pue", "refused"),
    [
        ("SG", {"new_build": True}, 1.31, True),
        ("SG", {"new_build": True}, 1.3, True),
        ("SG", {"new_build": True}, 1.29, False),
        ("SG", {"new_build": False}, 1.31, False),
        ("JP", {"new_build": False}, 1.41, True),
        ("JP", {"new_build": True}, 1.4, False),
        ("KR", {"new_build": True}, 1.5, False),
    ],
)
def test_efficiency_rules(country: str, site: dict[str, Any], pue: float, refused: bool) -> None:
    """New builds in Singapore stay below a PUE of 1.3, data centres in Japan at 1.4 or below."""
    made = planned(country, site, power={"capacity_mw": 10.0, "pue": pue})

    assert {finding.code for finding in made.errors} == ({"pue-above-limit"} if refused else set())


@pytest.mark.parametrize(
    ("metro", "mw", "permit", "warned"),
    [
        (True, 5.0, None, True),
        (True, 4.9, None, False),
        (False, 50.0, None, False),
        (True, 5.0, "KPX-7", False),
    ],
)
def test_a_large_load_in_seoul_has_a_permit(metro: bool, mw: float, permit: str | None, warned: bool) -> None:
    """A metropolitan site in Korea is warned from 5 MW on unless it names its permit; the plan stands."""
    made = planned("KR", {"metro": metro}, power={"capacity_mw": mw, "grid_permit": permit})

    assert {finding.code for finding in made.findings} == ({"grid-permit-missing"} if warned else set())
    assert accepted(made, "stack.yaml") is made
