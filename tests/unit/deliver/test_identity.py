"""Is this the cluster that is meant, and may we write to it?"""

from typing import Any

import pytest

from aifactory.deliver.identity import verify, verify_rights
from aifactory.errors import ClusterError
from aifactory.manifests.model import Bundle, KubernetesObject, Layer, LayerName
from tests.support.stacks import stack

UID = "0d3f3a6e-6a2f-4f0e-9f57-2b1c7b8f1a11"
OTHER = "7c0f3a6e-6a2f-4f0e-9f57-2b1c7b8f1a22"


class FakeCluster:
    """A cluster that allows some writes.

    Args:
        allowed: Resources that may be patched.
    """

    server = "https://10.0.0.1:6443"

    def __init__(self, *allowed: str) -> None:
        self._allowed = allowed
        self.asked: list[dict[str, Any]] = []

    def uid(self) -> str:
        """The identity."""
        return UID

    def collection(self, api_version: str, kind: str) -> str | None:
        """Path of a kind; ComputeDomains are not served."""
        return None if kind == "ComputeDomain" else f"/apis/{api_version}/{kind.lower()}s"

    def request(self, method: str, path: str, *, body: Any) -> dict[str, Any]:
        """Answer an access review."""
        assert (method, path.rsplit("/", 1)[-1]) == ("POST", "selfsubjectaccessreviews")
        asked = body["spec"]["resourceAttributes"]
        self.asked.append(asked)
        return {"status": {"allowed": asked["resource"] in self._allowed}}


def bundle(*objects: KubernetesObject) -> Bundle:
    """A bundle of one layer."""
    return Bundle(stack="test", layers=(Layer(name=LayerName.FOUNDATION, needs=(), objects=objects),))


def manifest(kind: str, api_version: str = "v1", namespace: str | None = None) -> KubernetesObject:
    """An object of a kind."""
    home: KubernetesObject = {"namespace": namespace} if namespace else {}
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a", **home}}


OBJECTS = (
    manifest("ConfigMap", namespace="training"),
    manifest("ConfigMap", namespace="training"),
    manifest("ConfigMap", namespace="inference"),
    manifest("DaemonSet", "apps/v1", "training"),
    manifest("StorageClass", "storage.k8s.io/v1"),
    manifest("ComputeDomain", "resource.nvidia.com/v1beta1", "training"),
)


@pytest.mark.parametrize("pinned", [None, UID])
def test_the_cluster_that_is_meant_is_accepted(pinned: str | None) -> None:
    """A stack without a pin, and one that pins this cluster, gives the cluster's identity."""
    wanted = stack(cluster={"uid": pinned} if pinned else {})

    assert verify(wanted, FakeCluster(), "stack.yaml") == UID  # type: ignore[arg-type] # stands in


def test_another_cluster_is_refused() -> None:
    """A stack that pins another cluster is refused, naming both, the address and the remedy."""
    with pytest.raises(ClusterError) as caught:
        verify(stack(cluster={"uid": OTHER}), FakeCluster(), "stack.yaml")  # type: ignore[arg-type] # stands in

    assert str(caught.value) == (
        f"stack.yaml: cluster.uid: the cluster at https://10.0.0.1:6443 is {UID}, not {OTHER}; a stack that pins a"
        " cluster is applied to that cluster only; nothing was written; use the right kubeconfig and context, or"
        " correct cluster.uid"
    )


def test_each_kind_and_place_is_asked_once() -> None:
    """Rights are asked for each kind and namespace once; kinds that are not served are not asked for."""
    cluster = FakeCluster("configmaps", "daemonsets", "storageclasss")

    verify_rights(bundle(*OBJECTS), cluster)  # type: ignore[arg-type] # stands in

    places = [(asked["group"], asked["resource"], asked["namespace"]) for asked in cluster.asked]
    assert places == [
        ("", "configmaps", "inference"),
        ("", "configmaps", "training"),
        ("apps", "daemonsets", "training"),
        ("storage.k8s.io", "storageclasss", ""),
    ]


def test_every_missing_right_is_named() -> None:
    """All refusals are one error, which says that nothing was written."""
    with pytest.raises(ClusterError) as caught:
        verify_rights(bundle(*OBJECTS), FakeCluster("configmaps"))  # type: ignore[arg-type] # stands in

    text = str(caught.value)
    assert "daemonsets.apps in training, storageclasss.storage.k8s.io in the cluster" in text
    assert "configmaps" not in text
    assert text.endswith("nothing was written")
