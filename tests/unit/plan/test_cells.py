"""Cells: how a site is split, that no rack ever moves, and the plan of one cell."""

import ipaddress
import itertools
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aifactory.catalog.load import catalog
from aifactory.catalog.models import System
from aifactory.errors import AIFactoryError
from aifactory.plan.cell_choice import find_cell, one_cell
from aifactory.plan.cells import cell_limits, node_limit, of_cell, strides, unit_racks
from aifactory.plan.factory import plan
from aifactory.plan.models import FactoryPlan
from aifactory.plan.nodes import nodes_of
from aifactory.spec.stack import Target
from tests.support.stacks import pool, stack

SYSTEMS = sorted(name for name, row in catalog().systems.items() if row.status == "ga")
BLOCKS = {"pod_prefix": 14, "service_prefix": 20, "node_prefix": 22}
NETWORK = {
    "pod_cidr": "10.0.0.0/8",
    "service_cidr": "172.16.0.0/12",
    "node_cidr": "100.64.0.0/10",
    "cells": BLOCKS,
}
GITOPS = {"mode": "gitops", "repository": "https://git.example/fleet"}
quickly = settings(max_examples=60, deadline=None)


def site(*pools: dict[str, Any], **fields: Any) -> FactoryPlan:
    """A site of these pools, worked out."""
    declared = {"network": NETWORK, "cluster": {"max_nodes": 200}, "delivery": GITOPS, **fields}
    return plan("site", stack(pools=list(pools), **declared), catalog())


@st.composite
def pools(draw: st.DrawFn, *, declared: bool | None = None) -> list[dict[str, Any]]:
    """Pools of any system, sized by racks or by nodes, with or without ``cell_racks``."""
    found = []
    for number in range(draw(st.integers(1, 4))):
        by_rack, size = draw(st.booleans()), draw(st.integers(1, 60))
        says = draw(st.booleans()) if declared is None else declared
        found.append(
            pool(
                name=f"p{number}",
                system=draw(st.sampled_from(SYSTEMS)),
                racks=size if by_rack else None,
                nodes=None if by_rack else size * 3 - 1,
                cell_racks=draw(st.integers(1, 12)) if says else None,
            )
        )
    return found


def members(made: FactoryPlan) -> dict[tuple[str, int], int]:
    """The cell of each rack; a rack in two cells fails."""
    found: dict[tuple[str, int], int] = {}
    for cell in made.cells:
        for part in cell.pools:
            for rack in range(part.first_rack, part.first_rack + part.racks):
                assert found.setdefault((part.name, rack), cell.index) == cell.index
    return found


def node_names(made: FactoryPlan) -> list[str]:
    """The names of all nodes of a plan."""
    return [node.name for one in made.pools for node in nodes_of(made, one)]


@quickly
@given(pools())
def test_every_rack_is_in_one_cell(given_pools: list[dict[str, Any]]) -> None:
    """Every rack of every pool is in one cell and no other rack is; nodes and GPUs add up; no cell is empty."""
    made = site(*given_pools)

    assert set(members(made)) == {(one.name, rack) for one in made.pools for rack in range(one.racks)}
    assert sum(part.racks for cell in made.cells for part in cell.pools) == sum(p.racks for p in made.pools)
    assert sum(cell.nodes for cell in made.cells) == made.nodes
    assert sum(cell.gpus for cell in made.cells) == made.gpus
    assert [cell.index for cell in made.cells] == list(range(len(made.cells)))
    assert all(cell.nodes for cell in made.cells)


@quickly
@given(pools(), st.integers(2, 400))
def test_no_cell_is_above_its_limits(given_pools: list[dict[str, Any]], most: int) -> None:
    """Where the plan has no error, no cell has more nodes than any of its limits allows."""
    made = site(*given_pools, cluster={"max_nodes": most})
    assume(not made.errors)

    assert all(cell.nodes <= node_limit(made.stack) for cell in made.cells)


def test_a_site_without_errors_is_not_rare() -> None:
    """The property above is not empty: a site of many cells has no error, and its full cells fill their limit."""
    made = site(pool(system="gb300-nvl72", nodes=None, racks=100), cluster={"max_nodes": 183})

    assert made.errors == ()
    assert node_limit(made.stack) == 180
    assert [cell.nodes for cell in made.cells] == [180] * 10


@quickly
@given(pools())
def test_nvlink_domains_are_never_cut(given_pools: list[dict[str, Any]]) -> None:
    """All nodes of an NVLink domain are in one cell."""
    made = site(*given_pools)
    homes: dict[str, int] = {}
    for cell in made.cells:
        own = of_cell(made, cell)
        for one in own.pools:
            for node in nodes_of(own, one):
                if node.nvlink_domain is not None:
                    assert homes.setdefault(node.nvlink_domain, cell.index) == cell.index


@quickly
@given(pools(), st.data())
def test_growing_a_pool_moves_no_rack(given_pools: list[dict[str, Any]], data: st.DataObject) -> None:
    """A pool that grows, whichever it is, leaves every rack there was in its cell, with the cell's addresses."""
    before = site(*given_pools)
    grows = data.draw(st.sampled_from(given_pools))
    size = "racks" if grows["racks"] else "nodes"
    more = {**grows, size: grows[size] + data.draw(st.integers(1, 80))}
    after = site(*(more if one is grows else one for one in given_pools))

    assert members(before).items() <= members(after).items()
    for old, new in zip(before.cells, after.cells, strict=False):
        assert (old.name, old.addresses) == (new.name, new.addresses)


@quickly
@given(pools(declared=True), st.randoms())
def test_the_order_of_declared_pools_does_not_matter(given_pools: list[dict[str, Any]], random: Any) -> None:
    """Where all pools say how much of them a cell holds, racks are where they are in any order of the pools."""
    shuffled = random.sample(given_pools, len(given_pools))

    assert members(site(*shuffled)) == members(site(*given_pools))


@quickly
@given(pools(declared=True), pools(declared=True))
def test_a_new_pool_moves_no_rack_of_declared_ones(
    given_pools: list[dict[str, Any]], others: list[dict[str, Any]]
) -> None:
    """Where all pools say how much of them a cell holds, another pool moves none of their racks."""
    more = [{**one, "name": f"new-{one['name']}"} for one in others]

    assert members(site(*given_pools)).items() <= members(site(*given_pools, *more)).items()


@quickly
@given(pools())
def test_networks_of_cells_are_disjoint(given_pools: list[dict[str, Any]]) -> None:
    """No two networks of any cells share an address, and each is inside the site's network of its kind."""
    made = site(*given_pools)
    assume(not made.errors)
    own = [
        (kind, ipaddress.IPv4Network(getattr(cell.addresses, kind)))
        for cell in made.cells[:12]
        for kind in ("pod_cidr", "service_cidr", "node_cidr")
    ]

    for kind, network in own:
        assert network.subnet_of(ipaddress.IPv4Network(getattr(made.stack.network, kind)))
    for (_, one), (_, other) in itertools.combinations(own, 2):
        assert not one.overlaps(other)


@quickly
@given(pools())
def test_nodes_of_the_cells_are_those_of_the_site(given_pools: list[dict[str, Any]]) -> None:
    """Names, racks, zones and labels of the nodes are the same in the cells and in the undivided site."""
    made = site(*given_pools)
    whole = {node.name: node for one in made.pools for node in nodes_of(made, one)}
    cut = [
        node
        for own in (of_cell(made, cell) for cell in made.cells)
        for one in own.pools
        for node in nodes_of(own, one)
    ]

    assert len(cut) == len(whole)
    assert {node.name: node for node in cut} == whole


@pytest.mark.parametrize("system", sorted(catalog().systems))
def test_a_unit_holds_whole_domains(system: str) -> None:
    """The smallest number of racks that is kept together holds whole NVLink domains."""
    row = catalog().systems[system]

    assert unit_racks(row) * row.nodes_per_rack % max(1, row.nvlink_domain_nodes) == 0


def _row(nodes_per_rack: int, domain: int) -> System:
    row = catalog().systems["gb300-nvl72"]
    return row.model_copy(update={"nodes_per_rack": nodes_per_rack, "nvlink_domain_nodes": domain})


@pytest.mark.parametrize(
    ("per_rack", "domain", "racks"), [(18, 18, 1), (18, 36, 2), (18, 12, 2), (18, 9, 1), (4, 0, 1), (1, 8, 8)]
)
def test_domains_that_span_racks_are_kept_together(per_rack: int, domain: int, racks: int) -> None:
    """A domain over several racks makes these racks one unit; one without NVLink is a rack."""
    assert unit_racks(_row(per_rack, domain)) == racks


def test_strides_are_whole_units() -> None:
    """Declared strides are rounded up, and equal parts down, to whole NVLink domains."""
    made = site(
        pool(name="a", system="gb300-nvl72", nodes=None, racks=50, cell_racks=3),
        pool(name="b", system="gb300-nvl72", nodes=None, racks=50),
        cluster={"max_nodes": 200},
    )
    wide = tuple(one.model_copy(update={"system": _row(18, 36)}) for one in made.pools)

    assert strides(made.stack, made.pools) == {"a": 3, "b": 7}  # 197 nodes less 54 are 7 racks of 18
    assert strides(made.stack, wide) == {"a": 4, "b": 6}


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
    assert node_names(last) == ["a-0036", "a-0037", "a-0038", "a-0039"]
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
