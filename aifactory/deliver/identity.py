"""Is this the cluster that is meant, and may we write to it? Asked before anything is written."""

from aifactory.deliver.cluster import Cluster
from aifactory.errors import ClusterError, Problem
from aifactory.manifests.model import Bundle, key_of
from aifactory.spec.stack import Stack


def verify(stack: Stack, cluster: Cluster, file: str) -> str:
    """The UID of the cluster, if the stack does not pin another one.

    Args:
        stack: The stack.
        cluster: The cluster that would be written to.
        file: What to call the stack file in the message.

    Raises:
        ClusterError: If the cluster is another one, or cannot be reached.
    """
    uid = cluster.uid()
    if stack.cluster.uid is not None and stack.cluster.uid != uid:
        raise ClusterError(
            Problem(
                "cluster.uid",
                f"the cluster at {cluster.server} is {uid}, not {stack.cluster.uid}",
                "a stack that pins a cluster is applied to that cluster only; nothing was written",
                "use the right kubeconfig and context, or correct cluster.uid",
            ).line(file)
        )
    return uid


def verify_rights(bundle: Bundle, cluster: Cluster) -> None:
    """We may create and patch every kind of the bundle where it goes.

    Raises:
        ClusterError: If a right is missing; names every missing one.
    """
    wanted: set[tuple[str, str, str]] = set()
    for manifest in bundle.objects():
        key = key_of(manifest)
        path = cluster.collection(key.api_version, key.kind)
        if path is not None:
            group = key.api_version.rpartition("/")[0]
            wanted.add((group, path.rsplit("/", 1)[-1], key.namespace or ""))
    denied = [place for place in sorted(wanted) if not _allowed(cluster, *place)]
    if denied:
        shown = ", ".join(
            f"{resource}{'.' + group if group else ''} in {space or 'the cluster'}"
            for group, resource, space in denied
        )
        raise ClusterError(
            f"the user of the kubeconfig may not write to {cluster.server}: {shown}; the rights create and patch are"
            " needed; ask for a role that grants them, or use another context; nothing was written"
        )


def _allowed(cluster: Cluster, group: str, resource: str, namespace: str) -> bool:
    answer = cluster.request(
        "POST",
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        body={
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {
                "resourceAttributes": {
                    "group": group,
                    "resource": resource,
                    "namespace": namespace,
                    "verb": "patch",
                }
            },
        },
    )
    status = answer.get("status")
    return isinstance(status, dict) and status.get("allowed") is True
