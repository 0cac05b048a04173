"""Clusters of cells that would go: only where that is asked for."""

from collections.abc import Iterable

from aifactory.deliver.engine import Engine
from aifactory.deliver.state import unprotected
from aifactory.deliver.takeover import few
from aifactory.errors import ClusterError
from aifactory.manifests.disruption.model import counted
from aifactory.manifests.model import KubernetesObject, key_of
from aifactory.manifests.protected import is_protected


def clusters_stay(leaving: Iterable[KubernetesObject], *, delete_clusters: bool) -> None:
    """Nothing that takes machines with it leaves without having been asked for.

    Args:
        leaving: Objects that would be deleted.
        delete_clusters: Whether that was asked for.

    Raises:
        ClusterError: If it was not, and a Cluster is among the objects.
    """
    lost = sorted(key_of(item).name for item in leaving if is_protected(item))
    if lost and not delete_clusters:
        raise ClusterError(
            f"{counted(len(lost), 'cluster')} of cells would be deleted, with all their machines: {few(lost)}; a"
            " Cluster goes only where that is asked for; declare the cells again, or say --delete-clusters; nothing was"
            " written"
        )


def unprotect(engine: Engine) -> None:
    """The engine may delete what its state protects; the next ``up`` protects again what is declared."""
    engine.replace_state(unprotected(engine.state()))
