"""Clusters of cells go only where that is asked for, before what they refer to, and are waited for."""

from typing import Any

import pytest
from pydantic import JsonValue

from aifactory.deliver import inventory
from aifactory.deliver.cluster import UNPROCESSABLE, ApiProblem
from aifactory.deliver.handover import hand_over
from aifactory.deliver.inventory import prune
from aifactory.deliver.lost_clusters import clusters_stay
from aifactory.deliver.state import unprotected
from aifactory.errors import ClusterError
from aifactory.manifests.model import Bundle, KubernetesObject, Layer, LayerName

CAPI = "cluster.x-k8s.io/v1beta2"


def an(kind: str, name: str = "c000", api_version: str = CAPI) -> KubernetesObject:
    """An object."""
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "site"}}


def test_a_cluster_does_not_leave_by_itself() -> None:
    """Objects that would go are refused where a Cluster is among them, and all of these are counted."""
    leaving = [an("MachineDeployment"), *(an("Cluster", f"site-c00{index}") for index in range(6))]

    with pytest.raises(ClusterError) as caught:
        clusters_stay(leaving, delete_clusters=False)

    assert str(caught.value) == (
        "6 clusters of cells would be deleted, with all their machines: site-c000, site-c001, site-c002, site-c003,"
        " site-c004 and 1 more; a Cluster goes only where that is asked for; declare the cells again, or say"
        " --delete-clusters; nothing was written"
    )


def test_what_is_asked_for_goes_and_the_rest_always() -> None:
    """With the word for it a Cluster may go; other objects, and Clusters of other APIs, need no word."""
    clusters_stay([an("Cluster")], delete_clusters=True)
    clusters_stay(
        [an("MachineDeployment"), an("Cluster", "db", "postgresql.example/v1")], delete_clusters=False
    )


class Slow:
    """A cluster in which a Cluster takes some looks to go.

    Args:
        looks: How often it is still there.
    """

    def __init__(self, looks: int) -> None:
        self.looks = looks
        self.happened: list[str] = []

    def delete(self, manifest: KubernetesObject) -> bool:
        """Remember the deletion."""
        self.happened.append(str(manifest["kind"]))
        return True

    def get(self, manifest: KubernetesObject) -> KubernetesObject | None:
        """Whether it is still there."""
        self.looks -= 1
        self.happened.append("look")
        return manifest if self.looks >= 0 else None


def test_a_cluster_goes_before_what_it_refers_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """The Cluster is deleted first and waited for; the namespace goes last."""
    monkeypatch.setattr(inventory, "GONE_INTERVAL_S", 0.0)
    cluster: Any = Slow(looks=2)

    gone = prune(cluster, [an("Namespace", "site", "v1"), an("KubeadmControlPlane"), an("Cluster")])

    assert cluster.happened == ["Cluster", "look", "look", "look", "KubeadmControlPlane", "Namespace"]
    assert gone == 3


def test_a_cluster_that_does_not_go_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it refers to stays, and the message says what to look at."""
    monkeypatch.setattr(inventory, "GONE_INTERVAL_S", 0.0)
    monkeypatch.setattr(inventory, "GONE_TIMEOUT_S", 0.0)
    cluster: Any = Slow(looks=10**9)

    with pytest.raises(ClusterError) as caught:
        prune(cluster, [an("KubeadmControlPlane"), an("Cluster")])

    assert str(caught.value) == (
        "cluster.x-k8s.io/v1beta2 Cluster site/c000 is still there after 0 s; it has to go before what it refers to;"
        " see its conditions for what holds it, then run the same command again"
    )
    assert "KubeadmControlPlane" not in cluster.happened


def test_an_unprotected_state_is_else_the_same() -> None:
    """Only the protection of resources is taken off a state."""
    state: dict[str, Any] = {
        "manifest": {"time": "t"},
        "resources": [{"urn": "a", "protect": True, "outputs": {"protect": True}}, {"urn": "b"}],
    }

    assert unprotected(state) == {
        "manifest": {"time": "t"},
        "resources": [{"urn": "a", "outputs": {"protect": True}}, {"urn": "b"}],
    }


class Refusing:
    """A cluster that holds one object of a run that was killed, and refuses to change it.

    Args:
        live: The object.
    """

    def __init__(self, live: KubernetesObject) -> None:
        self._live = live
        self.deleted: list[KubernetesObject] = []

    def list(self, api_version: str, kind: str, selector: str) -> list[KubernetesObject]:
        """The object, among its kind."""
        del selector
        return [self._live] if (self._live["apiVersion"], self._live["kind"]) == (api_version, kind) else []

    def apply(self, manifest: KubernetesObject, *, dry_run: bool = False, **_: object) -> KubernetesObject:
        """Refuse a change; a new object would be taken."""
        if not dry_run:
            raise ApiProblem("apply", UNPROCESSABLE, "the field is immutable")
        return manifest

    def delete(self, manifest: KubernetesObject) -> bool:
        """Remember the deletion."""
        self.deleted.append(manifest)
        return True


@pytest.mark.parametrize("kind", ["MachineHealthCheck", "Cluster"])
def test_a_killed_run_costs_no_cluster(kind: str) -> None:
    """What a killed run left and cannot be changed is made anew, but a Cluster is not: the refusal is told."""
    item = an(kind)
    entry: JsonValue = {"manager": "pulumi-kubernetes-1a2b", "operation": "Apply"}
    cluster: Any = Refusing(
        {**item, "metadata": {"name": "c000", "namespace": "site", "managedFields": [entry]}}
    )
    layer = Layer(name=LayerName.CELL_CLUSTERS, needs=(), objects=(item,))
    bundle = Bundle(stack="site.management", layers=(layer,))

    if kind == "Cluster":
        with pytest.raises(ApiProblem, match="the field is immutable"):
            hand_over(cluster, bundle, {})
        assert cluster.deleted == []
    else:
        assert hand_over(cluster, bundle, {}) == 1
        assert cluster.deleted == [item]
