"""The arithmetic of fabrics: enough ports, no blocking, whole units."""

from math import ceil

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aifactory.catalog.load import catalog
from aifactory.plan.capacity import pool_plan
from aifactory.plan.fabric import (
    RAILS,
    Switches,
    fabric_plan,
    members,
    node_endpoints,
    reach,
    switches,
)
from aifactory.plan.models import PoolPlan
from aifactory.spec.fabric import Fabric
from aifactory.spec.pools import Pool
from tests.support.stacks import pool

SYSTEMS, DESIGNS = catalog().systems, catalog().fabrics
RADIX = st.one_of(
    st.sampled_from(sorted({row.radix for row in DESIGNS.values()})), st.integers(2, 80).map(lambda n: 2 * n)
)


def sized(name: str, system: str, nodes: int) -> PoolPlan:
    """A pool of some nodes."""
    return pool_plan(Pool.model_validate(pool(name=name, system=system, nodes=nodes)), SYSTEMS[system])


@st.composite
def planes(draw: st.DrawFn) -> tuple[int, int, bool, Switches]:
    """Radix, endpoints within reach, whether in whole units, and the switches of that plane."""
    radix, units = draw(RADIX), draw(st.booleans())
    small, large = reach(radix, 2), reach(radix, 3)
    endpoints = draw(st.one_of(st.integers(1, small), st.integers(1, large)))
    return radix, endpoints, units, switches(radix, endpoints, whole_units=units)


@given(planes())
def test_every_endpoint_has_a_port(plane: tuple[int, int, bool, Switches]) -> None:
    """Half of a leaf's ports go down, and there are enough for all endpoints."""
    radix, endpoints, _, built = plane

    assert built.tiers in {2, 3}
    assert built.leaf * (radix // 2) >= endpoints


@given(planes())
def test_nothing_blocks(plane: tuple[int, int, bool, Switches]) -> None:
    """Every tier has as many ports towards the one below as that one has uplinks."""
    radix, _, _, built = plane
    half = radix // 2

    if built.tiers == 2:
        assert built.leaf * half <= built.spine * radix
        assert built.leaf <= radix
        assert half % built.spine == 0
        assert built.core == 0
    else:
        assert built.leaf * half <= built.spine * half
        assert built.spine * half <= built.core * radix


@given(planes())
def test_whole_units_of_leaf_switches(plane: tuple[int, int, bool, Switches]) -> None:
    """In whole units leaf switches come in eights, unless the fabric is full; never more than one set too many."""
    radix, endpoints, units, built = plane
    exact = switches(radix, endpoints).leaf
    full = {radix, reach(radix, 3) // (radix // 2)}

    assert exact == ceil(endpoints / (radix // 2))
    assert built.leaf % RAILS == 0 or built.leaf in full or not units
    assert exact <= built.leaf < exact + RAILS


@given(RADIX, st.data(), st.booleans())
def test_more_endpoints_never_need_fewer_switches(radix: int, data: st.DataObject, units: bool) -> None:
    """A larger fabric has at least as many switches of every kind."""
    few, many = sorted(data.draw(st.tuples(*[st.integers(0, reach(radix, 3))] * 2)))
    small, large = (switches(radix, count, whole_units=units) for count in (few, many))

    assert all(less <= more for less, more in zip(small, large, strict=True))


@given(RADIX, st.integers(1, 10**6), st.booleans())
def test_beyond_reach_nothing_is_built(radix: int, beyond: int, units: bool) -> None:
    """What three tiers reach is built, one endpoint more is not."""
    assert switches(radix, reach(radix, 3), whole_units=units).tiers == 3
    assert switches(radix, reach(radix, 3) + beyond, whole_units=units) == Switches(0, 0, 0, 0)


@given(RADIX, st.booleans())
def test_two_tiers_as_far_as_they_reach(radix: int, units: bool) -> None:
    """The third tier begins one endpoint beyond what two tiers reach."""
    assert switches(radix, reach(radix, 2), whole_units=units) == Switches(2, radix, radix // 2, 0)
    assert switches(radix, reach(radix, 2) + 1, whole_units=units).tiers == 3


@pytest.mark.parametrize("units", [True, False])
def test_no_endpoint_needs_no_switch(units: bool) -> None:
    """A fabric without endpoints has no switch."""
    assert switches(64, 0, whole_units=units) == Switches(2, 0, 0, 0)


@pytest.mark.parametrize(
    ("system", "design", "ports"),
    [
        ("dgx-b200", "quantum2-qm9700", 8),
        ("hgx-b300", "quantum-x800-q3400", 8),
        ("hgx-b300", "spectrumx-sn5600-400x2", 8),
        ("gb300-nvl72", "quantum-x800-q3400", 4),
        ("gb300-nvl72", "quantum2-qm9700", 8),
        ("vr-nvl72", "quantum-x800-q3400", 8),
        ("vr-nvl72", "spectrumx-sn5600-400x2", 8),
        ("rtx-pro-6000-server", "quantum2-qm9700", 4),
        ("rtx-pro-6000-server", "quantum-x800-q3400", 2),
    ],
)
def test_ports_of_a_node(system: str, design: str, ports: int) -> None:
    """A node takes as many ports of a plane as its adapters fill."""
    assert node_endpoints(SYSTEMS[system], DESIGNS[design]) == ports


@given(st.sampled_from(sorted(SYSTEMS)), st.sampled_from(sorted(DESIGNS)), st.integers(1, 100))
def test_ports_carry_what_the_adapters_give(system: str, design: str, nodes: int) -> None:
    """Ports of all planes carry the adapters of all nodes; a node spares less than one port of each plane."""
    assume(SYSTEMS[system].nic_gbps > 0)
    row, made = DESIGNS[design], SYSTEMS[system]
    counted = fabric_plan(Fabric(name="f", design=design), row, (sized("train", system, nodes),))
    given = nodes * made.gpus_per_node * made.nics_per_gpu * made.nic_gbps

    assert given <= counted.endpoints * row.gbps * row.planes < given + nodes * row.gbps * row.planes


def test_switches_of_all_planes_and_endpoints_of_one() -> None:
    """A twin-plane fabric has twice the switches of a plane, and its endpoints are those of one plane."""
    made = fabric_plan(
        Fabric(name="f", design="spectrumx-sn5600-400x2"),
        DESIGNS["spectrumx-sn5600-400x2"],
        (sized("train", "hgx-b300", 64),),
    )

    assert (made.tiers, made.leaf, made.spine, made.core, made.endpoints) == (2, 16, 8, 0, 512)
    assert (made.radix, made.planes, made.endpoints_max) == (128, 2, 524_288)


def test_a_fabric_has_the_pools_it_names() -> None:
    """A fabric that names pools has these, and one that names none has every pool."""
    pools = (sized("a", "dgx-b200", 2), sized("b", "dgx-b200", 4))

    assert members(Fabric(name="f", design="x", pools=("b",)), pools) == pools[1:]
    assert members(Fabric(name="f", design="x"), pools) == pools
