"""Cells at the edges: part-filled racks, no room at all, one-node racks, IPv6; and what limits a cell."""

from typing import Any

import pytest

from aifactory.catalog.load import catalog
from aifactory.plan.cells import cell_limits
from aifactory.plan.factory import plan
from tests.support.cells import NETWORK, site
from tests.support.stacks import pool, stack

CASES: dict[str, tuple[dict[str, Any], dict[str, Any], list[int]]] = {
    "a part-filled last rack": ({"system": "gb300-nvl72", "nodes": 40, "cell_racks": 1}, {}, [18, 18, 4]),
    "a pool smaller than a rack": ({"system": "gb300-nvl72", "nodes": 2}, {}, [2]),
    "stride 1": ({"system": "dgx-b200", "nodes": 5, "cell_racks": 1}, {}, [2, 2, 1]),
    "a stride above the pool": ({"system": "dgx-b200", "nodes": 5, "cell_racks": 50}, {}, [5]),
    "a limit of 0": ({"system": "dgx-b200", "nodes": 5}, {"cluster": {"max_nodes": 3}}, [2, 2, 1]),
}


@pytest.mark.parametrize("case", CASES)
def test_cells_at_the_edges(case: str) -> None:
    """Part-filled racks, pools below one rack, strides of one rack, and no room at all are split as they are."""
    fields, more, nodes = CASES[case]

    assert [cell.nodes for cell in site(pool(**fields), **more).cells] == nodes


def test_racks_of_one_node() -> None:
    """A system with one node a rack is split by nodes."""
    rows = catalog().systems
    single = rows["dgx-b200"].model_copy(update={"nodes_per_rack": 1, "scalable_unit_racks": 1})
    facts = catalog().model_copy(update={"systems": {**rows, "dgx-b200": single}})

    made = plan("s", stack(pools=[pool(nodes=5, cell_racks=2)], network=NETWORK), facts)

    assert [cell.nodes for cell in made.cells] == [2, 2, 1]


def test_no_pools_no_cells() -> None:
    """A site whose only system is unknown has no cell, and fails for the system alone."""
    made = site(pool(system="no-such"))

    assert made.cells == ()
    assert [finding.code for finding in made.findings] == ["unknown-system"]


def test_a_site_of_the_sixth_version() -> None:
    """Cells of an IPv6 site have their blocks of it."""
    six = {
        "pod_cidr": "fd00:1::/40",
        "service_cidr": "fd00:2::/96",
        "node_cidr": "fd00:3::/48",
        "pod_prefix_per_node": 64,
        "cells": {"pod_prefix": 52, "service_prefix": 108, "node_prefix": 64},
    }
    made = site(pool(nodes=20, cell_racks=5), network=six)

    assert made.findings == ()
    assert [cell.addresses.pod_cidr for cell in made.cells if cell.addresses] == [
        "fd00:1::/52",
        "fd00:1:0:1000::/52",
    ]


def test_what_limits_a_cell() -> None:
    """Nodes and pods limit every cell; address blocks do where there are blocks."""
    with_blocks = {limit.cause: limit.nodes for limit in cell_limits(site(pool()).stack)}
    assert with_blocks == {"nodes": 200, "pods": 5000, "pod CIDR": 1024, "node CIDR": 1022}
    without = {limit.cause: limit.nodes for limit in cell_limits(site(pool(), network={}).stack)}
    assert without == {"nodes": 200, "pods": 5000}
