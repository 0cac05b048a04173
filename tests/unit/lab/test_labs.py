"""What every kind of lab says of itself, and of the objects in it that stand for charts."""

from pathlib import Path
from typing import cast

import pytest

from aifactory.deliver.cluster import Cluster
from aifactory.errors import ClusterError
from aifactory.lab import labs
from aifactory.lab.kind.operands import LAB_OPERAND
from aifactory.lab.kind.stand_ins import remove_stand_ins
from aifactory.lab.labs import status_of
from aifactory.lab.simulated import SimulatedLab
from aifactory.lab.tools import Tools
from aifactory.manifests.model import KubernetesObject
from tests.support.policy_objects import named


class Silent:
    """A cluster whose API server does not answer."""

    def __init__(self, _kubeconfig: Path) -> None: ...

    def list(self, _version: str, _kind: str, _selector: str = "") -> list[KubernetesObject]:
        """Nothing but an error."""
        raise ClusterError("no answer")


class Answering(Silent):
    """A cluster with two nodes, in which a DaemonSet stands for a chart."""

    def __init__(self, _kubeconfig: Path | None = None) -> None:
        self.gone: list[KubernetesObject] = []

    def list(self, _version: str, _kind: str, _selector: str = "") -> list[KubernetesObject]:
        """The nodes; with the selector what stands for charts."""
        if _kind == "Node":
            return [named("Node", name, where=None) for name in ("a", "b")]
        return [named("DaemonSet", api="apps/v1")] if (_kind, _selector) == ("DaemonSet", STANDS) else []

    def delete(self, item: KubernetesObject) -> None:
        """Remember it."""
        self.gone.append(item)


STANDS = f"{LAB_OPERAND}=chart"


@pytest.mark.parametrize(
    ("state", "cluster", "shown", "nodes"),
    [
        ("running", Answering, "running", 2),
        ("running", Silent, "stopped", 0),
        ("stopped", Answering, "stopped", 0),
        ("absent", Answering, "absent", 0),
    ],
)
def test_a_lab_that_does_not_answer_is_stopped(
    state: str, cluster: type[Silent], shown: str, nodes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The nodes of a running lab are counted; one whose API server is silent is stopped, and others are not asked."""
    monkeypatch.setattr(labs, "Cluster", cluster)
    lab = SimulatedLab("local", tmp_path, Tools({"kwokctl": Path("kwokctl")}, Path("bin")))

    status = status_of(lab, state, {"etcd": 1})

    assert (status.stack, status.state, status.nodes, status.processes) == (
        "local",
        shown,
        nodes,
        {"etcd": 1},
    )
    assert (status.kubeconfig, status.directory) == (lab.kubeconfig, tmp_path)


def test_what_stands_for_charts_is_removed() -> None:
    """Everything with the lab's mark goes, nothing else does, and the number is told."""
    cluster, told = Answering(), list[str]()

    remove_stand_ins(cast("Cluster", cluster), told.append)

    assert cluster.gone == [named("DaemonSet", api="apps/v1")]
    assert told == ["1 objects that stood for charts are gone"]
