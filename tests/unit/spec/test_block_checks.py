"""Checks of the blocks of cells and nodes: every message in full."""

from typing import Any

import pytest

from aifactory.errors import Problem
from tests.support.stacks import FILE, minimal_stack, refusal

CELLS = {"pod_prefix": 18, "service_prefix": 20, "node_prefix": 22}


def network(cells: dict[str, object] | None = None, **fields: object) -> dict[str, Any]:
    """A stack with networks of /16, whose cells have some blocks replaced."""
    return minimal_stack(network={"cells": None if cells is None else {**CELLS, **cells}, **fields})


def outside(path: str, prefix: int, name: str, cidr: str, longest: int = 32) -> Problem:
    """A block that is larger than its network, or smaller than an address."""
    shortest = int(cidr.rpartition("/")[2])
    return Problem(
        path,
        f"a block of /{prefix} is not inside {name} ({cidr})",
        f"a prefix length from {shortest} to {longest}",
        f"set it to {min(shortest + 4, longest)}, or change {name}",
    )


CASES: dict[str, tuple[dict[str, Any], Problem]] = {
    "pods of a cell": (
        network({"pod_prefix": 15}),
        outside("network.cells.pod_prefix", 15, "network.pod_cidr", "10.244.0.0/16"),
    ),
    "services of a cell": (
        network({"service_prefix": 33}),
        outside("network.cells.service_prefix", 33, "network.service_cidr", "10.96.0.0/16"),
    ),
    "nodes of a cell": (
        network({"node_prefix": 14}, node_cidr="10.1.1.0/30"),
        outside("network.cells.node_prefix", 14, "network.node_cidr", "10.1.1.0/30"),
    ),
    "storage of a cell": (
        network({"storage_prefix": 8}, storage_cidr="10.40.0.0/16"),
        outside("network.cells.storage_prefix", 8, "network.storage_cidr", "10.40.0.0/16"),
    ),
    "no storage network": (
        network({"storage_prefix": 20}),
        Problem(
            "network.cells.storage_prefix",
            "cells have blocks of a storage network that is not declared",
            "storage_prefix needs network.storage_cidr",
            "add network.storage_cidr, or remove storage_prefix",
        ),
    ),
    "a node larger than its cell": (
        network({}, pod_prefix_per_node=17),
        Problem(
            "network.pod_prefix_per_node",
            "the pod network of a node (/17) is not inside that of a cell (/18)",
            "a prefix length from 18 to 32",
            "set pod_prefix_per_node: 26, or widen the pod network",
        ),
    ),
    "a node larger than the site": (
        network(pod_cidr="10.244.0.0/25"),
        Problem(
            "network.pod_prefix_per_node",
            "the pod network of a node (/24) is not inside that of a cell (/25)",
            "a prefix length from 25 to 32",
            "set pod_prefix_per_node: 32, or widen the pod network",
        ),
    ),
    "a node with the other family's prefix": (
        network(pod_cidr="fd00:1::/48", service_cidr="fd00:2::/112", node_cidr="fd00:3::/64"),
        Problem(
            "network.pod_prefix_per_node",
            "the pod network of a node (/24) is not inside that of a cell (/48)",
            "a prefix length from 48 to 128",
            "set pod_prefix_per_node: 56, or widen the pod network",
        ),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_contradiction_is_explained(case: str) -> None:
    """A stack with one contradiction is refused with exactly its line."""
    raw, problem = CASES[case]

    assert refusal(raw) == [problem.line(FILE).removeprefix(f"{FILE}: ")]


def test_blocks_inside_their_networks_pass() -> None:
    """Blocks as large as the network, and blocks of one node are fine."""
    whole: dict[str, object] = {"pod_prefix": 16, "service_prefix": 16, "node_prefix": 16}

    assert refusal(network(whole)) == []
    assert refusal(network({"pod_prefix": 24})) == []
    assert refusal(network({"storage_prefix": 20}, storage_cidr="10.40.0.0/16")) == []
