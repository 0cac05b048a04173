"""Objects of a kind lab that are the lab's own: those that stand for charts, and how they are written."""

from collections.abc import Iterable

from aifactory.deliver.cluster import Cluster, at_once
from aifactory.lab.furnish import MANAGER, Notify
from aifactory.lab.kind.operands import LAB_OPERAND, operand_objects
from aifactory.manifests.model import KubernetesObject
from aifactory.plan.models import FactoryPlan

_KINDS = (
    ("apps/v1", "DaemonSet"),
    ("apps/v1", "Deployment"),
    ("v1", "ServiceAccount"),
    ("v1", "ConfigMap"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
    ("rbac.authorization.k8s.io/v1", "Role"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    ("resource.k8s.io/v1", "DeviceClass"),
)
"""Kinds that stand for charts are of."""


def apply_objects(cluster: Cluster, objects: Iterable[KubernetesObject]) -> None:
    """The objects are as the lab wants them, one after the other, whoever else wrote them.

    Raises:
        ClusterError: If the API server refuses one.
    """
    for item in objects:
        cluster.apply(item, manager=MANAGER, force=True)


def place_stand_ins(cluster: Cluster, plan: FactoryPlan, notify: Notify) -> None:
    """What the stack's charts would run is there.

    Args:
        cluster: The lab's cluster.
        plan: The plan that was applied.
        notify: Told how many objects that are.
    """
    wanted = operand_objects(plan)
    apply_objects(cluster, wanted)
    notify(f"{len(wanted)} objects stand for the charts that are not installed: real programs, mock GPUs")


def remove_stand_ins(cluster: Cluster, notify: Notify) -> None:
    """Nothing that stands for a chart is left in the cluster.

    Args:
        cluster: The lab's cluster.
        notify: Told how many objects are gone; not told where there were none.
    """
    gone = [item for version, kind in _KINDS for item in cluster.list(version, kind, f"{LAB_OPERAND}=chart")]
    at_once(cluster.delete, gone)
    if gone:
        notify(f"{len(gone)} objects that stood for charts are gone")
