"""What the plan says about cells: each by one wrong stack, its message in full."""

import inspect
import re

import pytest

from aifactory.catalog.load import catalog
from aifactory.plan import cell_findings
from aifactory.plan.cells import NEEDS_GITOPS, strides
from aifactory.plan.factory import plan
from aifactory.spec.stack import Target
from tests.support.cell_cases import CUT, EACH, Cases, declared, gb300, mended, said
from tests.support.stacks import pool, stack

case = Cases()

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


@pytest.mark.parametrize("name", case.known)
def test_each_mistake_gives_its_finding(name: str) -> None:
    """A stack with one mistake gives exactly that finding."""
    fields, finding = case.known[name]

    assert said(fields) == [finding]


@pytest.mark.parametrize("name", case.mendable)
def test_what_is_suggested_helps(name: str) -> None:
    """Doing what a finding suggests, where it names the value, leaves no error of cells."""
    assert [one for one in said(mended(*case.known[name])) if one.severity == "error"] == []


@pytest.mark.parametrize("target", [Target.SIMULATED, Target.KIND])
def test_a_lab_of_one_cell_is_no_mistake(target: Target) -> None:
    """On other targets than a real cluster it is only told that one cell is realised at a time."""
    fields, finding = case.known["one cluster at a time"]

    assert said(fields, target) == [finding.model_copy(update={"severity": "info"})]
    assert finding.code == NEEDS_GITOPS


def test_following_the_suggested_racks_gives_the_suggested_cells() -> None:
    """A site whose pools declare the racks that are suggested has as many cells as were promised."""
    fields, _ = case.known["equal parts fit badly"]
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
    """No rule of the module is without a stack that breaks it."""
    source = inspect.getsource(cell_findings)
    codes = set(re.findall(r'error\(\s*"([a-z-]+)"', source)) | set(re.findall(r'code="([a-z-]+)"', source))

    assert codes | {NEEDS_GITOPS} == {finding.code for _, finding in case.known.values()}
