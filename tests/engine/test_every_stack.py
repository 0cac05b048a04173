"""Every stack, brought up on a control plane of its own with a sample of its nodes.

Proves nothing about hardware, nor about the nodes beyond the sample: four of each pool, of the first cell.
"""

from pathlib import Path

import pytest

from aifactory.deliver.inventory import live_objects
from aifactory.manifests.management import bundle_for
from aifactory.manifests.model import key_of
from tests.support.lab import ROOT, SIMULATED, lab
from tests.support.management import management

pytestmark = pytest.mark.engine
SAMPLE = 4
ELSEWHERE = ("korea-pilot", "local", "korea-scale-out", "korea-gigawatt")
"""Stacks that other tests of this lane bring up: in full, or one phase after the other."""
STACKS = sorted(
    name
    for file in (ROOT / "stacks").glob("Pulumi.*.yaml")
    if (name := file.name.removeprefix("Pulumi.").removesuffix(".yaml")) not in ELSEWHERE
)


@pytest.mark.parametrize("stack", STACKS)
def test_the_stack_comes_up_and_stays(stack: str, tmp_path: Path) -> None:
    """A cell's objects are live as rendered, its sampled nodes are there by pool, and a second up does nothing."""
    with lab(stack, tmp_path) as made:
        words = ("up", stack, *SIMULATED, "--cell", "0", "--lab", stack, "--sample", str(SAMPLE), "--json")
        made.shell.run(*words).succeeded()
        made.assert_converged()

        nodes = made.cluster().list("v1", "Node", "node.cluster.x-k8s.io/aifactory-pool")
        pools = {item["metadata"]["labels"]["node.cluster.x-k8s.io/aifactory-pool"] for item in nodes}  # type: ignore[index, call-overload]
        assert len(nodes) == SAMPLE * len(pools)

        assert '"engine_ran": false' in made.shell.run(*words).succeeded().out


def test_a_management_cluster_of_argo_cd_comes_up_and_goes(tmp_path: Path) -> None:
    """Clusters and ApplicationSet are live as declared, a second up does nothing, and a destroy leaves nothing."""
    stack = "malaysia-johor"
    wanted = bundle_for(management(stack))
    with lab(stack, tmp_path) as made:
        made.up()
        there = live_objects(made.cluster(), wanted.stack, wanted)
        assert sorted(there) == sorted(str(key_of(item)) for item in wanted.objects())
        assert {"ApplicationSet", "AppProject", "Cluster"} <= {key_of(item).kind for item in wanted.objects()}
        assert not made.up()["engine_ran"]

        made.shell.run("destroy", stack, *SIMULATED, "--delete-clusters").succeeded()

        assert live_objects(made.cluster(), wanted.stack, wanted) == {}
