"""Cells: how a site is split, that no rack ever moves, and the plan of one cell."""

import ipaddress
import itertools
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aifactory.catalog.load import catalog
from aifactory.catalog.models import System
from aifactory.plan.cells import node_limit, of_cell, strides, unit_racks
from aifactory.plan.models import FactoryPlan
from aifactory.plan.nodes import nodes_of
from tests.support.cells import site
from tests.support.stacks import pool

SYSTEMS = sorted(name for name, row in catalog().systems.items() if row.status == "ga")
quickly = settings(max_examples=60, deadline=None)


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
