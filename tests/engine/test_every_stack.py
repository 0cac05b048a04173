"""Every stack, brought up on a control plane of its own with a sample of its nodes.

Proves nothing about hardware, nor about the nodes beyond the sample: four of each pool, of the first cell.
"""

from pathlib import Path

import pytest

from tests.support.lab import ROOT, SIMULATED, lab

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
    """A stack's objects are live as rendered, its sampled nodes are there by pool, and a second up does nothing."""
    with lab(stack, tmp_path) as made:
        words = ("up", stack, *SIMULATED, "--sample", str(SAMPLE), "--json")
        made.shell.run(*words).succeeded()
        made.assert_converged()

        nodes = made.cluster().list("v1", "Node", "node.cluster.x-k8s.io/aifactory-pool")
        pools = {item["metadata"]["labels"]["node.cluster.x-k8s.io/aifactory-pool"] for item in nodes}  # type: ignore[index, call-overload]
        assert len(nodes) == SAMPLE * len(pools)

        assert '"engine_ran": false' in made.shell.run(*words).succeeded().out
