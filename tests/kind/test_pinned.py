"""Nodes of a published image: only with AIFACTORY_KIND_STAND_IN, and then the whole lane runs on them.

The image is a STAND-IN for ``kindest/node``: no registry has to answer. Not proven: the real image, and its pull.
"""

import os

import pytest

from aifactory.lab.kind.container_engine import find
from aifactory.lab.kind.pinned_images import own_references
from aifactory.lab.kind.pinned_nodes import DROP_IN
from tests.support.kind import Kind
from tests.support.stand_in import PLUGINS, REFERENCE, STAND_IN, looks_like_kinds

pytestmark = [
    pytest.mark.kind,
    pytest.mark.skipif(
        STAND_IN not in os.environ, reason=f"{STAND_IN} is not set: nodes are as the lab chooses them"
    ),
]


def test_nodes_got_what_their_image_lacks(pilot: Kind) -> None:
    """The image has nothing of the lab's; each of its nodes has every image, the bridge plug-in and the boot rule."""
    engine = find()
    assert engine is not None
    looks_like_kinds(engine)
    nodes = pilot.nodes()
    for node in nodes.nodes():
        assert engine.run(["inspect", "--format", "{{.Config.Image}}", node.name]).strip() == REFERENCE
        assert set(own_references()) <= set(nodes.execute(node.name, "ctr -n k8s.io images ls -q").split())
        assert set(nodes.execute(node.name, "ls /opt/cni/bin").split()) == {*PLUGINS, "bridge"}
        nodes.execute(
            node.name,
            f"test -s {DROP_IN} && systemctl show -p DropInPaths containerd | grep -q forget-network",
        )
