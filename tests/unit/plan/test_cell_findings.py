"""What the plan says about cells and their addresses: each by one wrong stack, its message in full."""

import copy
import inspect
import re
from typing import Any

import pytest

from aifactory.catalog.load import catalog
from aifactory.plan import address_findings, cell_findings
from aifactory.plan.cells import NEEDS_GITOPS, strides
from aifactory.plan.factory import plan
from aifactory.plan.models import Finding
from aifactory.spec.stack import Target
from tests.support.stacks import pool, stack

GITOPS = {"mode": "gitops", "repository": "https://git.example/fleet"}
WIDE = {"pod_cidr": "10.0.0.0/8", "service_cidr": "172.16.0.0/12", "node_cidr": "100.64.0.0/10"}
EACH = {"pod_prefix": 16, "service_prefix": 20, "node_prefix": 22}
CUT = {**WIDE, "cells": EACH}


def declared(*pools: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Sections of a stack whose cells have blocks and are rolled out by GitOps, with some replaced."""
    return {"pools": list(pools) or [pool()], "network": CUT, "delivery": GITOPS, **fields}


def said(fields: dict[str, Any], target: Target | None = None) -> list[Finding]:
    """What the plan says of cells and addresses."""
    made = plan("site", stack(**fields), catalog(), target)
    return [found for rule in cell_findings.RULES for found in rule(made, catalog())]


def gb300(**fields: Any) -> dict[str, Any]:
    """A pool of racks of 18 nodes."""
    return pool(system="gb300-nvl72", nodes=None, **fields)


CASES: dict[str, tuple[dict[str, Any], Finding]] = {}


def case(
    name: str, fields: dict[str, Any], code: str, path: str, message: str, fix: str, **more: Any
) -> None:
    """A stack that gives exactly one finding."""
    found = {"code": code, "severity": "error", "path": path, "message": message, "fix": fix, **more}
    CASES[name] = (fields, Finding.model_validate(found))


case(
    "a cell above its nodes",
    declared(
        gb300(racks=20, cell_racks=9), pool(name="b", nodes=8, cell_racks=2), cluster={"max_nodes": 150}
    ),
    "cell-too-large",
    "pools.0.cell_racks",
    "a full cell has 169 nodes, 3 of them for the system; at most 150, limited by nodes (cluster.max_nodes)",
    "set cell_racks: 7 on pool 'train'",
)
case(
    "a cell above its pods",
    declared(
        gb300(racks=40, cell_racks=28),
        cluster={"pods_per_node": 300},
        network={**CUT, "pod_prefix_per_node": 23, "cells": {**EACH, "pod_prefix": 12}},
    ),
    "cell-too-large",
    "pools.0.cell_racks",
    "a full cell has 507 nodes, 3 of them for the system; at most 500, limited by pods (150,000 pods at"
    " cluster.pods_per_node each)",
    "set cell_racks: 27 on pool 'train'",
)
case(
    "a cell above its pod network",
    declared(gb300(racks=40, cell_racks=20)),
    "cell-too-large",
    "pools.0.cell_racks",
    "a full cell has 363 nodes, 3 of them for the system; at most 256, limited by pod CIDR (node networks in a"
    " block of network.cells.pod_prefix)",
    "set cell_racks: 14 on pool 'train'",
)
case(
    "a cell above its node network",
    declared(
        gb300(racks=40, cell_racks=10),
        network={**CUT, "cells": {"pod_prefix": 16, "service_prefix": 20, "node_prefix": 25}},
    ),
    "cell-too-large",
    "pools.0.cell_racks",
    "a full cell has 183 nodes, 3 of them for the system; at most 126, limited by node CIDR (addresses in a block"
    " of network.cells.node_prefix)",
    "set cell_racks: 6 on pool 'train'",
)
case(
    "several pools too large together",
    declared(
        *(pool(name=f"p{number}", nodes=4, cell_racks=1) for number in range(9)), cluster={"max_nodes": 20}
    ),
    "cell-too-large",
    "pools.0.cell_racks",
    "a full cell has 21 nodes, 3 of them for the system; at most 20, limited by nodes (cluster.max_nodes)",
    "lower cell_racks of the pools by 1 nodes in all",
)
case(
    "one rack of each is too much",
    declared(gb300(racks=2), gb300(name="b", racks=2), cluster={"max_nodes": 30}),
    "cell-too-large",
    "cluster.max_nodes",
    "a full cell has 39 nodes, 3 of them for the system; at most 30, limited by nodes (cluster.max_nodes)",
    "set max_nodes: 39",
)
case(
    "pods for which nothing helps",
    declared(
        *(gb300(name=f"p{number}", racks=2) for number in range(20)),
        cluster={"pods_per_node": 500},
        network={**CUT, "pod_prefix_per_node": 23, "cells": {**EACH, "pod_prefix": 12}},
    ),
    "cell-too-large",
    "cluster.pods_per_node",
    "a full cell has 363 nodes, 3 of them for the system; at most 300, limited by pods (150,000 pods at"
    " cluster.pods_per_node each)",
    "let a cell have 63 nodes more, or move pools to another stack",
)
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
case(
    "equal parts fit badly",
    declared(gb300(racks=20), pool(name="b", nodes=4), cluster={"max_nodes": 200}),
    "more-cells-than-needed",
    "pools",
    "the site has 4 cells, because pools without cell_racks share a cell equally; 2 cells would hold it",
    "set cell_racks, for example train: 10, b: 1; where cells are in use already this moves racks between them",
    severity="info",
)
case(
    "one cluster at a time",
    declared(gb300(racks=40, cell_racks=10), delivery={"mode": "direct"}),
    "cells-need-gitops",
    "delivery.mode",
    "the site has 4 cells (site-c000, site-c001, site-c002 and 1 more), and direct delivery reaches one cluster; a"
    " run is for one cell, or a GitOps engine rolls out all of them",
    "name a cell with --cell, or set delivery.mode: gitops",
)


@pytest.mark.parametrize("name", CASES)
def test_each_mistake_gives_its_finding(name: str) -> None:
    """A stack with one mistake gives exactly that finding."""
    fields, finding = CASES[name]

    assert said(fields) == [finding]


BLOCKS = re.compile(r"set cells: \{(.*)\}")
VALUE = re.compile(r"set (\w+): (\d+)")


def mended(fields: dict[str, Any], finding: Finding) -> dict[str, Any]:
    """The stack with the value that the finding suggests."""
    raw: dict[str, Any] = copy.deepcopy(fields)
    *parents, last = finding.path.split(".")
    place: Any = raw
    for step in parents:
        place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
    blocks, value = BLOCKS.fullmatch(finding.fix), VALUE.match(finding.fix)
    if blocks is not None:
        place[last] = {key: int(size) for key, size in (part.split(": ") for part in blocks[1].split(", "))}
    else:
        assert value is not None
        assert value[1] == last
        place[last] = int(value[2])
    return raw


@pytest.mark.parametrize(
    "name",
    [name for name, (_, f) in CASES.items() if VALUE.match(f.fix) or BLOCKS.fullmatch(f.fix)],
)
def test_what_is_suggested_helps(name: str) -> None:
    """Doing what a finding suggests, where it names the value, leaves no error of cells."""
    assert [one for one in said(mended(*CASES[name])) if one.severity == "error"] == []


def test_several_exhausted_networks_are_all_named() -> None:
    """Each network without room is a finding of its own."""
    small = {**CUT, "pod_cidr": "10.0.0.0/15", "node_cidr": "100.64.0.0/21"}

    found = said(declared(gb300(racks=40, cell_racks=10), network=small))

    assert [(one.code, one.path) for one in found] == [
        ("addresses-exhausted", "network.pod_cidr"),
        ("addresses-exhausted", "network.node_cidr"),
    ]


@pytest.mark.parametrize("target", [Target.SIMULATED, Target.KIND])
def test_a_lab_of_one_cell_is_no_mistake(target: Target) -> None:
    """On other targets than a real cluster it is only told that one cell is realised at a time."""
    fields, finding = CASES["one cluster at a time"]

    assert said(fields, target) == [finding.model_copy(update={"severity": "info"})]
    assert finding.code == NEEDS_GITOPS


def test_following_the_suggested_racks_gives_the_suggested_cells() -> None:
    """A site whose pools declare the racks that are suggested has as many cells as were promised."""
    fields, _ = CASES["equal parts fit badly"]
    first, second = fields["pools"]
    better = {**fields, "pools": [{**first, "cell_racks": 10}, {**second, "cell_racks": 1}]}

    made = plan("site", stack(**better), catalog())

    assert len(made.cells) == 2
    assert strides(made.stack, made.pools) == {"train": 10, "b": 1}
    assert said(better) == []


def test_a_declared_pool_is_left_as_it_is() -> None:
    """Where declared pools alone need the cells there are, fewer ones are not suggested."""
    fields = declared(gb300(racks=20, cell_racks=5), pool(name="b", nodes=4), cluster={"max_nodes": 200})

    assert said(fields) == []


def test_a_site_of_one_cell_has_nothing_to_say() -> None:
    """The smallest stack, and one of several cells that declares everything, are planned without a word."""
    assert said({}) == []
    assert said(declared(gb300(racks=40, cell_racks=10))) == []


def test_every_rule_has_a_case() -> None:
    """No rule of cells and addresses is without a stack that breaks it."""
    source = "".join(inspect.getsource(module) for module in (address_findings, cell_findings))
    codes = set(re.findall(r'error\(\s*"([a-z-]+)"', source)) | set(re.findall(r'code="([a-z-]+)"', source))

    assert codes | {NEEDS_GITOPS} == {finding.code for _, finding in CASES.values()}
