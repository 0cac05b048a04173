"""Whose is a cluster: the phase's, the phase before's, a management cluster, or somebody else's?"""

from aifactory.deliver.cluster import Cluster
from aifactory.deliver.takeover import few, owner
from aifactory.errors import ClusterError, PromotionRefused
from aifactory.manifests.cell_cluster import management_namespace
from aifactory.manifests.gitops.names import ROLLOUT_LABEL
from aifactory.manifests.labels import STACK
from aifactory.manifests.management import management_inventory
from aifactory.manifests.model import KubernetesObject, key_of, text_at
from aifactory.plan.cell_choice import for_management
from aifactory.plan.models import FactoryPlan
from aifactory.spec.delivery import GitOpsEngine

_ROLLED_OUT_BY = {
    GitOpsEngine.FLUX: (("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),),
    GitOpsEngine.ARGOCD: (
        ("argoproj.io/v1alpha1", "ApplicationSet"),
        ("argoproj.io/v1alpha1", "Application"),
    ),
}
"""What an engine's root is, and what it applies to roll a site out."""


def _holder(plan: FactoryPlan, cluster: Cluster) -> str | None:
    """Inventory label of the namespace that the stack's objects of a management cluster are in."""
    name = management_namespace(plan)
    space: KubernetesObject = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    live = cluster.get(space)
    return None if live is None else text_at(live, "metadata", "labels", STACK)


def entered_management(plan: FactoryPlan, cluster: Cluster) -> bool:
    """Whether the management cluster holds this stack already.

    Args:
        plan: The plan of the site.
        cluster: The cluster.

    Raises:
        ClusterError: If it is a cell of the site, if another stack has the namespace, if the cells of the phase
            before are there, or if a GitOps engine keeps the same objects as they are in Git.
    """
    mine, space = management_inventory(plan.name).stack, management_namespace(plan)
    if owner(cluster) == plan.name:
        raise ClusterError(
            f"the cluster at {cluster.server} is a cell of {plan.name}; its management cluster is one outside of the"
            " cells; use the kubeconfig of that, or name the cell with --cell; nothing was written"
        )
    holder = _holder(plan, cluster)
    if holder is not None and holder != mine:
        raise ClusterError(
            f"the namespace {space} at {cluster.server} belongs to {holder}; each stack has one of its own on a"
            f" management cluster; set another delivery.namespace in {plan.name}; nothing was written"
        )
    one_owner(plan, cluster)
    before = plan.stack.previous
    there = cluster.list("cluster.x-k8s.io/v1beta2", "Cluster", f"{ROLLOUT_LABEL}={before}") if before else []
    if there:
        names = few(sorted(key_of(item).name for item in there))
        raise ClusterError(
            f"the clusters of the phase before, {before}, are at {cluster.server} ({names}); clusters are named after"
            f" their stack, so that {plan.name} would make each a second time, of the same hosts; give these up first,"
            " or keep to the phase that runs; nothing was written"
        )
    return holder == mine


def one_owner(plan: FactoryPlan, cluster: Cluster) -> None:
    """No GitOps engine keeps what the stack declares as it is in Git.

    Args:
        plan: The plan of the site.
        cluster: Its management cluster.

    Raises:
        ClusterError: If one does.
    """
    engine = plan.stack.delivery.engine
    selector = f"{ROLLOUT_LABEL}={plan.name},!{STACK}"
    found = [item for kind in _ROLLED_OUT_BY[engine] for item in cluster.list(*kind, selector)]
    # Applications of the steps have the same label; only the root has the stack's name.
    theirs = [item for item in found if item["kind"] != "Application" or key_of(item).name == plan.name]
    if theirs:
        raise ClusterError(
            f"{engine.value} keeps the management cluster at {cluster.server} as the tree of {plan.name} in Git has it"
            f" ({few(sorted(str(key_of(item)) for item in theirs))}); either its root or this command has these"
            " objects, not both; delete the root first (docs/gitops.md says how), or leave them to Git; nothing was"
            " written"
        )


def not_management(plan: FactoryPlan, cluster: Cluster) -> None:
    """The cluster that a cell is to go to is not the site's management cluster.

    Args:
        plan: The plan of the cell.
        cluster: The cluster.

    Raises:
        ClusterError: If it is.
    """
    if _holder(plan, cluster) == management_inventory(plan.name).stack:
        raise ClusterError(
            f"the cluster at {cluster.server} is the management cluster of {plan.name}; {plan.cell} is a cluster of its"
            " own; use the kubeconfig of the cell; nothing was written"
        )


def entered(planned: FactoryPlan, cluster: Cluster, *, driven: bool) -> bool:
    """Whether the cluster runs this phase already; its gates were asked when it was entered.

    Args:
        planned: The plan that is to be applied.
        cluster: The cluster.
        driven: Whether ``aifactory up`` takes over what the phase before left; nothing else does.

    Raises:
        PromotionRefused: If the cluster holds a stack that this one does not follow.
        ClusterError: If a cell would go to its site's management cluster, or what that holds into a cell, or on
            top of what somebody else has there.
    """
    if for_management(planned):
        return entered_management(planned, cluster)
    if planned.cell is not None:
        not_management(planned, cluster)
    holder, previous = owner(cluster), planned.stack.previous
    if holder is not None and holder not in (planned.name, previous):
        raise PromotionRefused(
            f"the cluster at {cluster.server} holds the stack {holder}; it, or a stack whose previous it is, may be"
            f" applied to it; use the kubeconfig of {planned.name}; nothing was written"
        )
    if holder is not None and holder == previous and not driven:
        raise PromotionRefused(
            f"the cluster at {cluster.server} holds the stack {holder}, which {planned.name} follows; only the"
            f" command line takes objects over from one stack to the next; run aifactory up {planned.name};"
            " nothing was written"
        )
    return holder == planned.name
