"""What the plan says about addresses of cells: each by one wrong stack, its message in full."""

import inspect
import re

import pytest

from aifactory.plan import address_findings
from tests.support.cell_cases import CUT, EACH, WIDE, Cases, declared, gb300, mended, said
from tests.support.stacks import pool

case = Cases()

case(
    "more pods than addresses",
    declared(cluster={"pods_per_node": 254}),
    "pod-addresses-too-few",
    "network.pod_prefix_per_node",
    "a node's pod network /24 has 253 addresses for pods, and cluster.pods_per_node is 254; every pod has an"
    " address",
    "set pod_prefix_per_node: 23, or pods_per_node: 253",
)
case(
    "a node network without pods",
    declared(network={**CUT, "pod_prefix_per_node": 31}),
    "pod-addresses-too-few",
    "network.pod_prefix_per_node",
    "a node's pod network /31 has 0 addresses for pods, and cluster.pods_per_node is 30; every pod has an address",
    "set pod_prefix_per_node: 26",
)
case(
    "a pod network smaller than the only cell",
    declared(pool(nodes=254), network={}),
    "pod-addresses-too-few",
    "network.pod_cidr",
    "a cell's pod network has room for 256 node networks of /24, and a cell has 257 nodes or more; every node has"
    " a pod network of its own",
    "make pod_cidr a /15 or larger",
)
case(
    "pod blocks smaller than a rack",
    declared(gb300(racks=4), network={**CUT, "cells": {**EACH, "pod_prefix": 20}}),
    "pod-addresses-too-few",
    "network.cells.pod_prefix",
    "a cell's pod network has room for 16 node networks of /24, and a cell has 21 nodes or more; every node has"
    " a pod network of its own",
    "set pod_prefix: 19",
)
case(
    "a node network smaller than the only cell",
    declared(pool(nodes=60), network={"node_cidr": "10.0.0.0/26"}),
    "node-addresses-too-few",
    "network.node_cidr",
    "a cell's node network has 62 addresses, and a cell has 63 nodes or more; every node has an address",
    "make node_cidr a /25 or larger",
)
case(
    "node blocks smaller than a rack",
    declared(gb300(racks=4), network={**CUT, "cells": {**EACH, "node_prefix": 28}}),
    "node-addresses-too-few",
    "network.cells.node_prefix",
    "a cell's node network has 14 addresses, and a cell has 21 nodes or more; every node has an address",
    "set node_prefix: 27",
)
case(
    "few services",
    declared(network={"service_cidr": "10.96.0.0/25"}),
    "service-addresses-too-few",
    "network.service_cidr",
    "a cell's service network /25 has 128 addresses; at least 256",
    "make service_cidr a /24 or larger",
)
case(
    "few services of a cell",
    declared(network={**CUT, "cells": {**EACH, "service_prefix": 28}}),
    "service-addresses-too-few",
    "network.cells.service_prefix",
    "a cell's service network /28 has 16 addresses; at least 256",
    "set service_prefix: 24",
)
case(
    "nothing says how to cut",
    declared(gb300(racks=40, cell_racks=10), network=WIDE),
    "cell-blocks-missing",
    "network.cells",
    "the site has 4 cells, and nothing says which addresses each one gets; more than one cell needs network.cells",
    "set cells: {pod_prefix: 16, service_prefix: 20, node_prefix: 24}",
)
case(
    "nothing to cut from",
    declared(gb300(racks=40, cell_racks=10), network={"service_cidr": "10.96.0.0/19"}),
    "cell-blocks-missing",
    "network.cells",
    "the site has 4 cells, and nothing says which addresses each one gets; more than one cell needs network.cells",
    "set cells: {pod_prefix: 16, service_prefix: 20, node_prefix: 24}, and enlarge pod_cidr to a /14 and"
    " service_cidr to a /18",
)
case(
    "no block left",
    declared(gb300(racks=40, cell_racks=10), network={**CUT, "pod_cidr": "10.0.0.0/15"}),
    "addresses-exhausted",
    "network.pod_cidr",
    "10.0.0.0/15 has room for 2 cells of /16, and the site has 4; every cell has a block of its own",
    "make it a /14 or larger, or the blocks smaller",
)
case(
    "no storage block left",
    declared(
        gb300(racks=40, cell_racks=10),
        network={**CUT, "storage_cidr": "192.168.0.0/24", "cells": {**EACH, "storage_prefix": 25}},
    ),
    "addresses-exhausted",
    "network.storage_cidr",
    "192.168.0.0/24 has room for 2 cells of /25, and the site has 4; every cell has a block of its own",
    "make it a /23 or larger, or the blocks smaller",
)


@pytest.mark.parametrize("name", case.known)
def test_each_mistake_gives_its_finding(name: str) -> None:
    """A stack with one mistake gives exactly that finding."""
    fields, finding = case.known[name]

    assert said(fields) == [finding]


@pytest.mark.parametrize("name", case.mendable)
def test_what_is_suggested_helps(name: str) -> None:
    """Doing what a finding suggests, where it names the value, leaves no error of cells."""
    assert [one for one in said(mended(*case.known[name])) if one.severity == "error"] == []


def test_several_exhausted_networks_are_all_named() -> None:
    """Each network without room is a finding of its own."""
    small = {**CUT, "pod_cidr": "10.0.0.0/15", "node_cidr": "100.64.0.0/21"}

    found = said(declared(gb300(racks=40, cell_racks=10), network=small))

    assert [(one.code, one.path) for one in found] == [
        ("addresses-exhausted", "network.pod_cidr"),
        ("addresses-exhausted", "network.node_cidr"),
    ]


def test_every_rule_has_a_case() -> None:
    """No rule of the module is without a stack that breaks it."""
    source = inspect.getsource(address_findings)
    codes = set(re.findall(r'error\(\s*"([a-z-]+)"', source)) | set(re.findall(r'code="([a-z-]+)"', source))

    assert codes == {finding.code for _, finding in case.known.values()}
