"""One cell of a site, brought up. Does not prove anything about hardware, nor about a network being enforced."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from aifactory.deliver.cluster import Cluster
from aifactory.deliver.inventory import live_objects
from aifactory.lab.hardware import SIMULATED as BY_LAB
from aifactory.manifests.model import Bundle, key_of
from tests.support.lab import SIMULATED, Lab, copied_checkout, lab
from tests.support.stacks import minimal_stack, pool

pytestmark = pytest.mark.engine
STACK = minimal_stack(
    cluster={"system_nodes": 1},
    pools=[
        pool(name="claims", system="gb300-nvl72", nodes=20, cell_racks=1, allocation="dra"),
        pool(name="whole", system="dgx-b200", nodes=2, cell_racks=1),
    ],
    network={
        "pod_cidr": "10.0.0.0/12",
        "service_cidr": "172.16.0.0/16",
        "node_cidr": "100.64.0.0/16",
        "api_servers": ["100.64.0.10", "100.64.4.10"],
        "cells": {"pod_prefix": 16, "service_prefix": 20, "node_prefix": 22},
    },
)
FIRST = {"100.64.0.0/22", "100.64.0.10/32"}
SECOND = {"100.64.4.0/22", "100.64.4.10/32"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The lab of the first of two cells, not started yet."""
    checkout = copied_checkout(tmp_path_factory.mktemp("cells") / "checkout")
    content = {"config": {"aifactory:stack": STACK}}
    (checkout / "stacks" / "Pulumi.cells.yaml").write_text(yaml.safe_dump(content))
    with lab("cells", tmp_path_factory.mktemp("cells-lab"), checkout) as made:
        yield made


def up(site: Lab, *words: str) -> dict[str, Any]:
    """What ``aifactory up`` reports."""
    report: dict[str, Any] = json.loads(
        site.shell.run("up", "cells", *SIMULATED, *words, "--json").succeeded().out
    )
    return report


def nodes(cluster: Cluster) -> set[str]:
    """The names of the GPU nodes that are there."""
    return {
        key_of(item).name for item in cluster.list("v1", "Node", BY_LAB) if "system" not in key_of(item).name
    }


def opened(cluster: Cluster) -> set[str]:
    """The networks of the site's node network that policies of the cluster open or leave out."""
    found: set[str] = set()

    def walk(place: Any) -> None:
        if isinstance(place, dict):
            found.update(str(value) for key, value in place.items() if key == "cidr")
            for value in place.values():
                walk(value)
        elif isinstance(place, list):
            for value in place:
                walk(value)

    for policy in cluster.list("networking.k8s.io/v1", "NetworkPolicy"):
        walk(policy["spec"])
    return {cidr for cidr in found if cidr.startswith("100.64.")}


def test_the_first_cell_is_realised_by_default(site: Lab) -> None:
    """The lab holds the objects, nodes and networks of the first cell only, and the report says which that is."""
    report = up(site)
    cluster = site.cluster()

    assert (report["cell"], report["cells"]) == ("cells-c000", 2)
    assert report["planned"] == {"nodes": 20, "gpus": 88}
    assert (report["realised"]["nodes"], report["realised"]["gpus"]) == (20, 88)
    assert nodes(cluster) == {*(f"claims-{i:04d}" for i in range(18)), "whole-0000", "whole-0001"}
    assert opened(cluster) == FIRST
    site.assert_converged()


def test_up_again_changes_nothing(site: Lab) -> None:
    """A second ``up``, by the cell's name, writes nothing; plain and named runs are for the same cell."""
    mark = site.audit.mark()

    assert not up(site, "--cell", "cells-c000")["engine_ran"]
    assert site.audit.writes(mark) == []


def test_the_second_cell_is_a_cluster_of_its_own(site: Lab) -> None:
    """Another cell has its own lab with its own nodes, networks and pools; the first one stays as it is."""
    mark = site.audit.mark()
    report = up(site, "--cell", "1", "--sample", "1")
    directory = site.directory.with_name("cells-c001")
    cluster = Cluster(directory / "kubeconfig")

    assert report["cell"] == "cells-c001"
    assert (report["planned"]["nodes"], report["realised"]["nodes"]) == (2, 1)
    assert nodes(cluster) == {"claims-0018"}
    slices = cluster.list("resource.k8s.io/v1", "ResourceSlice")
    assert {item["spec"]["nodeName"] for item in slices} == {"claims-0018"}  # type: ignore[index, call-overload]
    assert opened(cluster) == SECOND
    pools = [key_of(item).name for item in cluster.list("v1", "ConfigMap") if "pool-" in key_of(item).name]
    assert pools == ["pool-claims"]
    assert site.audit.writes(mark) == []


def test_a_cell_is_destroyed_alone(site: Lab) -> None:
    """Destroying a cell leaves nothing of it, and everything of the other one."""
    other = Cluster(site.directory.with_name("cells-c001") / "kubeconfig")
    before = site.live()
    gone = site.shell.run("destroy", "cells", *SIMULATED, "--cell", "c001").succeeded()

    assert "cells-c001: " in gone.out
    assert live_objects(other, "cells", Bundle(stack="cells", layers=())) == {}
    assert site.live() == before
    assert before
