"""Names and labels of what rolls a site out."""

from pydantic import JsonValue

from aifactory.manifests.gitops.model import CellView, Site
from aifactory.manifests.labels import MANAGED_BY, TOOL
from aifactory.manifests.model import KubernetesObject
from aifactory.manifests.names import dns_label
from aifactory.manifests.namespaces import namespace

ROLLOUT_LABEL = "aifactory.dev/rollout"
"""Stack, or programme, that an object rolls out; not the inventory label, by which a cell's objects are pruned."""
CELL_LABEL = "aifactory.dev/cell"
KEPT: dict[str, JsonValue] = {
    "kustomize.toolkit.fluxcd.io/prune": "disabled",
    "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
}
"""Annotations of what is never deleted because a file is gone."""


def labels(owner: str, cell: str | None = None) -> dict[str, JsonValue]:
    """Labels of an object that rolls something out.

    Args:
        owner: The stack or the programme.
        cell: The cell; None for an object that is for all of them.
    """
    found: dict[str, JsonValue] = {MANAGED_BY: TOOL, ROLLOUT_LABEL: owner}
    return found if cell is None else {**found, CELL_LABEL: cell}


def site_namespace(name: str, stack: str) -> KubernetesObject:
    """The namespace of a stack's objects on a management cluster; kept, because all Clusters would go with it."""
    return kept(namespace(name, "restricted", {ROLLOUT_LABEL: stack}))


def kept(manifest: KubernetesObject) -> KubernetesObject:
    """A copy that no GitOps engine deletes because a file, or what applied it, is gone."""
    metadata = manifest["metadata"]
    return {
        **manifest,
        "metadata": {**(metadata if isinstance(metadata, dict) else {}), "annotations": {**KEPT}},
    }


def step_name(view: CellView, step: str) -> str:
    """Name of what applies a step of a cell; at most 63 characters, because Flux writes it in a label."""
    return dns_label(view.name, step)


def cluster_step(view: CellView) -> str:
    """Name of what makes the cluster of a cell."""
    return dns_label(view.name, "cluster")


def wave_name(site: Site, wave: int) -> str:
    """Name of what is done when a wave is."""
    return dns_label(site.name, f"wave-{wave}")
