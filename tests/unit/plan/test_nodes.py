"""The nodes of a pool, and the labels they carry."""

import re
from itertools import groupby

from hypothesis import given, settings
from hypothesis import strategies as st

from aifactory.catalog.load import catalog
from aifactory.plan.factory import plan
from aifactory.plan.models import FactoryPlan
from aifactory.plan.nodes import POOL_LABEL, NodePlan, nodes_of
from tests.support.stacks import minimal_stack, pool, stack

VALUE = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)?")
KEY = re.compile(r"(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?/)?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
NAMES = st.from_regex(r"\A[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?\Z")
SIZES = st.integers(1, 60)
SYSTEMS = st.sampled_from(sorted(catalog().systems))
CUTS = st.sampled_from(
    [
        {},
        {"mig": {"layout": "all-balanced"}},
        {"mig": {"layout": "all-balanced"}, "time_slicing": {"replicas": 2}},
    ]
)


def planned(*pools: dict[str, object]) -> FactoryPlan:
    """A stack of these pools, worked out."""
    site = {"name": "a", "country": "KR", "region": "r", "zones": ["z0", "z1"]}
    return plan("test", stack(pools=list(pools), site=site), catalog())


def nodes(made: FactoryPlan) -> list[NodePlan]:
    """Every node of every pool."""
    return [node for one in made.pools for node in nodes_of(made, one)]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(NAMES, SYSTEMS, SIZES), min_size=1, max_size=3, unique_by=lambda row: row[0]))
def test_names_are_unique_and_valid(rows: list[tuple[str, str, int]]) -> None:
    """Whatever the pools are called, no two nodes, racks of two pools or NVLink domains share a name."""
    made = planned(*(pool(name=name, system=system, nodes=size) for name, system, size in rows))
    all_nodes = nodes(made)

    names = [node.name for node in all_nodes]
    assert len(set(names)) == len(names) == made.nodes
    assert all(len(name) <= 63 for name in names)
    for place in ("rack", "nvlink_domain"):
        owners: dict[str, str] = {}
        for node in all_nodes:
            where = getattr(node, place)
            if where is not None:
                assert owners.setdefault(where, node.labels[POOL_LABEL]) == node.labels[POOL_LABEL]


@settings(deadline=None, max_examples=50)
@given(SYSTEMS, SIZES)
def test_nvlink_domains_are_never_cut(system: str, size: int) -> None:
    """The nodes of an NVLink domain stand in one rack and one zone, and never outnumber the domain."""
    made = planned(pool(system=system, nodes=size))
    row = catalog().systems[system]
    for domain, members in groupby(nodes(made), key=lambda node: node.nvlink_domain):
        together = list(members)
        assert (domain is not None) == row.multi_node_nvlink
        if domain is not None:
            assert (
                len({(node.rack, node.zone, node.labels["nvidia.com/gpu.clique"]) for node in together}) == 1
            )
            assert len(together) <= row.nvlink_domain_nodes


@settings(deadline=None, max_examples=50)
@given(SYSTEMS, CUTS, st.sampled_from([None, "580.65", "595.91.07"]))
def test_labels_are_valid(system: str, cut: dict[str, object], driver: str | None) -> None:
    """Every label of every node is one that Kubernetes takes."""
    made = planned(pool(system=system, nodes=1, partitioning=cut, driver={"version": driver}))
    for node in nodes(made):
        for key, value in node.labels.items():
            assert KEY.fullmatch(key), key
            assert VALUE.fullmatch(value), value
            assert len(value) <= 63


def test_shared_mig_products_end_in_shared() -> None:
    """Under strategy mixed a shared profile's product names the profile first and the sharing last."""
    cut = {"mig": {"layout": "all-1g.23gb"}, "time_slicing": {"replicas": 2}}
    (node,) = nodes(planned(pool(nodes=1, partitioning=cut)))

    assert node.labels["nvidia.com/mig-1g.23gb.product"] == "NVIDIA-B200-MIG-1g.23gb-SHARED"


def test_a_pool_keeps_its_identity() -> None:
    """A pool's own labels cannot give its nodes to another pool."""
    (node,) = nodes(planned(pool(nodes=1, labels={POOL_LABEL: "other", "team": "a"})))

    assert (node.labels[POOL_LABEL], node.labels["team"]) == ("train", "a")


def test_racks_go_over_the_zones_in_turn() -> None:
    """Neighbouring racks stand in different zones."""
    made = planned(pool(nodes=None, racks=3))

    assert [node.zone for node in nodes(made)] == ["z0", "z0", "z1", "z1", "z0", "z0"]


def test_a_limit_gives_the_first_nodes() -> None:
    """A limit gives the first nodes, unchanged; a large one gives all."""
    made = planned(*minimal_stack()["pools"])
    (one,) = made.pools

    assert list(nodes_of(made, one, 1)) == nodes(made)[:1]
    assert list(nodes_of(made, one, 99)) == nodes(made)
