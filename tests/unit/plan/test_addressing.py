"""Blocks of addresses: where they are, how many there are, and how many nodes and pods they hold."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aifactory.plan.addressing import (
    addresses_of,
    block,
    blocks_in,
    cells_addressable,
    node_addresses,
    pod_networks,
    pods_addressable,
    service_prefix,
)
from aifactory.spec.network import CellBlocks, Network


@st.composite
def cuts(draw: st.DrawFn) -> tuple[str, int]:
    """A network of either family and the prefix length of a block in it."""
    bits = draw(st.sampled_from([32, 128]))
    length = draw(st.integers(1, bits))
    address = draw(st.integers(0, 2**length - 1)) << (bits - length)
    family = ipaddress.IPv4Network if bits == 32 else ipaddress.IPv6Network
    return str(family((address, length))), draw(st.integers(length, bits))


@given(cuts(), st.lists(st.integers(0, 2**130), min_size=2, max_size=2, unique=True))
def test_blocks_are_disjoint_and_inside(cut: tuple[str, int], indices: list[int]) -> None:
    """Two blocks of one network, whatever its family, are inside it and share no address."""
    network, prefix = cut
    room = blocks_in(network, prefix)
    found = [block(network, prefix, index % room) for index in indices]
    one, other = (ipaddress.ip_network(text) for text in found if text is not None)

    assert one.subnet_of(ipaddress.ip_network(network))  # type: ignore[arg-type] # of one family, as cut
    assert other.subnet_of(ipaddress.ip_network(network))  # type: ignore[arg-type] # the same
    assert one.overlaps(other) is (indices[0] % room == indices[1] % room)


@given(cuts())
def test_there_is_no_block_beyond_the_last(cut: tuple[str, int]) -> None:
    """The last block ends where its network ends, and the one after it is none; nor is there one before 0."""
    network, prefix = cut
    last = block(network, prefix, blocks_in(network, prefix) - 1)

    assert last is not None
    assert ipaddress.ip_network(last).broadcast_address == ipaddress.ip_network(network).broadcast_address
    assert block(network, prefix, blocks_in(network, prefix)) is None
    assert block(network, prefix, -1) is None


@pytest.mark.parametrize("prefix", [15, 33, 128])
def test_no_block_is_larger_than_its_network_or_smaller_than_an_address(prefix: int) -> None:
    """A prefix length outside the network's own has no blocks, whatever the index."""
    assert blocks_in("10.0.0.0/16", prefix) == 0
    assert block("10.0.0.0/16", prefix, 0) is None


def test_a_block_stays_where_it_is() -> None:
    """The first, a middle and the last block of a network are at their offsets."""
    assert [block("10.0.0.0/8", 13, index) for index in (0, 5, 31, 32)] == [
        "10.0.0.0/13",
        "10.40.0.0/13",
        "10.248.0.0/13",
        None,
    ]
    assert block("fd00::/48", 64, 3) == "fd00:0:0:3::/64"


CUT = Network(
    pod_cidr="10.0.0.0/8",
    service_cidr="172.16.0.0/13",
    node_cidr="100.64.0.0/12",
    storage_cidr="172.24.0.0/14",
    pod_prefix_per_node=25,
    cells=CellBlocks(pod_prefix=13, service_prefix=18, node_prefix=19),
)


def test_a_cell_gets_a_block_of_every_network() -> None:
    """A cell has its block of each network, and shares the storage network unless that has blocks too."""
    found = addresses_of(CUT, 1)
    assert found is not None
    assert found.model_dump() == {
        "pod_cidr": "10.8.0.0/13",
        "service_cidr": "172.16.64.0/18",
        "node_cidr": "100.64.32.0/19",
        "storage_cidr": "172.24.0.0/14",
    }
    cut = CUT.model_copy(update={"cells": CUT.cells and CUT.cells.model_copy(update={"storage_prefix": 20})})
    own = addresses_of(cut, 63)
    assert own is None  # 32 cells have pods
    own = addresses_of(cut, 2)
    assert own is not None
    assert own.storage_cidr == "172.24.32.0/20"
    assert cells_addressable(cut) == {
        "pod_cidr": 32,
        "service_cidr": 32,
        "node_cidr": 128,
        "storage_cidr": 64,
    }


@pytest.mark.parametrize(
    "blocks",
    [
        {"pod_prefix": 9, "service_prefix": 18, "node_prefix": 19},
        {"pod_prefix": 13, "service_prefix": 14, "node_prefix": 19},
        {"pod_prefix": 13, "service_prefix": 18, "node_prefix": 13},
        {"pod_prefix": 13, "service_prefix": 18, "node_prefix": 19, "storage_prefix": 15},
    ],
)
def test_one_exhausted_network_leaves_a_cell_without_addresses(blocks: dict[str, int]) -> None:
    """A cell whose index is beyond the blocks of any one network has no addresses at all."""
    cut = CUT.model_copy(update={"cells": CellBlocks.model_validate(blocks)})

    assert addresses_of(cut, 1) is not None
    assert addresses_of(cut, 2) is None


def test_without_blocks_there_is_one_cell() -> None:
    """The first cell has the site's networks as they are, and no other one has any."""
    network = Network(storage_cidr="10.9.0.0/16")

    found = addresses_of(network, 0)
    assert found is not None
    assert found.model_dump() == network.model_dump(
        include={"pod_cidr", "service_cidr", "node_cidr", "storage_cidr"}
    )
    assert addresses_of(network, 1) is None
    assert cells_addressable(network) == {"pod_cidr": 1, "service_cidr": 1, "node_cidr": 1}


def test_what_the_networks_of_a_cell_hold() -> None:
    """Pods of a node, node networks, node addresses and the service prefix are those of the cell's blocks."""
    assert (pods_addressable(CUT), pod_networks(CUT), node_addresses(CUT)) == (125, 4096, 8190)
    assert service_prefix(CUT) == 18
    assert (pods_addressable(Network()), pod_networks(Network()), node_addresses(Network())) == (
        253,
        256,
        65534,
    )
    assert service_prefix(Network()) == 16


def test_networks_that_hold_nothing() -> None:
    """Networks too small for a host or a node hold none, never fewer than none."""
    tiny = Network(pod_cidr="10.1.0.0/31", pod_prefix_per_node=31, node_cidr="10.2.0.0/32")
    assert (pods_addressable(tiny), pod_networks(tiny), node_addresses(tiny)) == (0, 1, 0)
    assert pod_networks(Network(pod_cidr="10.1.0.0/26", pod_prefix_per_node=24)) == 0


def test_addresses_of_the_sixth_version_are_many() -> None:
    """An IPv6 cell of /64 node networks has as many as its block says, and pods without end."""
    six = Network(
        pod_cidr="fd00:1::/40",
        service_cidr="fd00:2::/96",
        node_cidr="fd00:3::/48",
        pod_prefix_per_node=64,
        cells=CellBlocks(pod_prefix=52, service_prefix=108, node_prefix=64),
    )
    assert pod_networks(six) == 4096
    assert pods_addressable(six) == 2**64 - 3
    found = addresses_of(six, 4095)
    assert found is not None
    assert found.pod_cidr == "fd00:1:ff:f000::/52"
    assert found.service_cidr == "fd00:2::fff0:0/108"
