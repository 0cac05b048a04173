"""How Argo CD makes the clusters of the cells: one ApplicationSet, an Application a cell, in waves."""

from pydantic import JsonValue

from aifactory.manifests.gitops.argocd_objects import WAVE_LABEL, among
from aifactory.manifests.gitops.model import ARGOCD_NAMESPACE, KUSTOMIZATION, Files, Site, kustomization
from aifactory.manifests.gitops.names import cluster_step, labels
from aifactory.manifests.render import render_one

CLUSTERS = "management/clusters-rollout"
"""Folder of the ApplicationSet."""


def argocd_clusters(site: Site) -> Files:
    """The ApplicationSet of the cells' clusters, and the file of each cell that its generator reads."""
    folder = "management/clusters"
    steps: list[JsonValue] = [
        {"matchExpressions": [among(WAVE_LABEL, str(wave))]} for wave in range(1, site.waves + 1)
    ]
    name = f"{site.name}-clusters"
    values: dict[str, JsonValue] = {
        "name": name,
        "namespace": ARGOCD_NAMESPACE,
        "labels": labels(site.name),
        "repository": site.place.repository,
        "revision": site.place.revision,
        "files": f"{site.path}/{folder}/*/application.yaml",
        "steps": steps,
    }
    files: Files = {
        f"{CLUSTERS}/clusters.yaml": (render_one("gitops/argocd-clusters.yaml.j2", values),),
        f"{CLUSTERS}/{KUSTOMIZATION}": kustomization(["clusters.yaml"]),
    }
    for view in site.cells:
        files[f"{folder}/{view.name}/application.yaml"] = (
            {
                "application": cluster_step(view),
                "stack": site.name,
                "cell": view.name,
                "wave": str(view.wave),
                "namespace": site.namespace,
                "folder": f"{site.path}/{folder}/{view.name}",
            },
        )
    return files
