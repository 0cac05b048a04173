"""The plan of one cell, and which cell is meant."""

from typing import Any

import pytest

from aifactory.errors import AIFactoryError
from aifactory.plan.cell_choice import find_cell, one_cell
from aifactory.plan.cells import of_cell
from aifactory.plan.models import FactoryPlan
from aifactory.plan.nodes import nodes_of
from aifactory.spec.stack import Target
from tests.support.cells import NETWORK, site
from tests.support.stacks import pool


def three_cells(**fields: Any) -> FactoryPlan:
    """A site of three cells; the second pool is in the first one only."""
    return site(
        pool(name="a", system="gb300-nvl72", nodes=40, cell_racks=1),
        pool(name="b", nodes=2, cell_racks=1),
        **fields,
    )


def test_the_plan_of_one_cell() -> None:
    """The plan of a cell has its part of each pool that it holds, its networks, and its name."""
    made = three_cells()

    last = of_cell(made, made.cells[2])

    assert [(one.name, one.racks, one.nodes, one.gpus, one.first_node) for one in last.pools] == [
        ("a", 1, 4, 16, 36)
    ]
    assert [node.name for one in last.pools for node in nodes_of(last, one)] == [
        "a-0036",
        "a-0037",
        "a-0038",
        "a-0039",
    ]
    assert last.cell == "site-c002"
    assert last.cells == (made.cells[2],)
    network = last.stack.network
    assert (network.pod_cidr, network.service_cidr, network.node_cidr) == (
        "10.8.0.0/14",
        "172.16.32.0/20",
        "100.64.8.0/22",
    )
    assert network.cells is None


def test_a_cell_of_a_cell_is_itself() -> None:
    """The only cell of a site without blocks has the site's own plan, with no name of its own."""
    made = site(pool(), network={})

    assert of_cell(made, made.cells[0]) == made


def test_api_servers_of_other_cells_are_not_its_own() -> None:
    """A cell keeps the API servers in its node network and those in no cell's, not those of other cells."""
    servers = ["100.64.0.10", "100.64.4.10", "192.0.2.1"]
    made = three_cells(network={**NETWORK, "api_servers": servers})

    kept = [of_cell(made, cell).stack.network.api_servers for cell in made.cells]

    assert kept == [("100.64.0.10", "192.0.2.1"), ("100.64.4.10", "192.0.2.1"), ("192.0.2.1",)]


@pytest.mark.parametrize("wanted", ["1", "c001", "site-c001", "001", "c1"])
def test_a_cell_goes_by_name_or_index(wanted: str) -> None:
    """A cell is found by its name, the end of it, or its index."""
    made = three_cells()

    assert find_cell(made, wanted) is made.cells[1]
    assert one_cell(made, wanted).cell == "site-c001"


@pytest.mark.parametrize("wanted", ["3", "-1", "c", "other-c001", "site", "\u0661", "1.0"])
def test_an_unknown_cell_is_refused(wanted: str) -> None:
    """A name or index of no cell is refused with the cells there are."""
    with pytest.raises(AIFactoryError) as caught:
        find_cell(three_cells(), wanted)

    assert str(caught.value) == (
        f"site has no cell '{wanted}'; cells: site-c000, site-c001, site-c002; name one of them, or its number"
        " from 0 to 2"
    )


def test_many_cells_are_not_all_listed() -> None:
    """The message about an unknown cell names a few and counts the others."""
    made = site(pool(nodes=20, cell_racks=1))

    with pytest.raises(AIFactoryError, match=r"cells: site-c000, site-c001, site-c002 and 7 more; "):
        find_cell(made, "x")


def test_a_lab_is_the_first_cell() -> None:
    """On a simulated target a run that names no cell is for the first one; a site of one cell needs no name."""
    made = three_cells().model_copy(update={"target": Target.SIMULATED})

    assert one_cell(made, None).cell == "site-c000"
    assert one_cell(made, "").cell == "site-c000"
    only = one_cell(site(pool()), None)
    assert only.cell is None
    assert only.stack.network.pod_cidr == "10.0.0.0/14"


def test_a_real_cluster_needs_to_know_its_cell() -> None:
    """On a real cluster a run that names no cell is refused, and says what to do."""
    with pytest.raises(AIFactoryError) as caught:
        one_cell(three_cells(), None)

    assert str(caught.value) == (
        "site has 3 cells (site-c000, site-c001, site-c002); direct delivery reaches one cluster, the one of the"
        " kubeconfig; say with --cell which cell that is, or let a GitOps engine roll out all of them"
        " (delivery.mode: gitops)"
    )
