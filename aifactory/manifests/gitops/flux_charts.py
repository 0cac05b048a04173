"""Charts as Flux installs them: a source and a HelmRelease each, with the version pinned."""

from collections.abc import Iterator

from pydantic import JsonValue

from aifactory.manifests.gitops.cells import cell_folder
from aifactory.manifests.gitops.model import KUSTOMIZATION, CellView, Content, Site, kustomization
from aifactory.manifests.gitops.names import labels, step_name
from aifactory.manifests.model import KubernetesObject, Release
from aifactory.manifests.render import render_one

OCI = "oci://"


def _objects(site: Site, view: CellView, release: Release) -> tuple[KubernetesObject, ...]:
    oci = release.repository.startswith(OCI)
    common: dict[str, JsonValue] = {
        "name": step_name(view, release.name) if site.remote else release.name,
        "namespace": site.namespace,
        "labels": labels(site.name, view.name),
    }
    if oci:
        chart = f"{release.repository}/{release.chart}"
        pinned: dict[str, JsonValue] = {"url": chart, "version": release.version, "digest": release.digest}
        source = render_one("gitops/flux-oci-repository.yaml.j2", {**common, **pinned})
    else:
        source = render_one("gitops/flux-helm-repository.yaml.j2", {**common, "url": release.repository})
    return source, render_one(
        "gitops/flux-helm-release.yaml.j2",
        {
            **common,
            "oci": oci,
            "chart": release.chart,
            "version": release.version,
            "kubeconfig": f"{view.name}-kubeconfig" if site.remote else None,
            "release": release.name,
            "target_namespace": release.namespace,
            "values": release.values,
        },
    )


def chart_files(site: Site, view: CellView) -> Iterator[tuple[str, Content]]:
    """Files of the charts of a cell: a folder a layer that has any, which Flux applies to its own cluster."""
    for step in view.steps:
        if not step.releases:
            continue
        folder = f"{cell_folder(view)}/{step.folder}"
        for release in step.releases:
            yield f"{folder}/{release.name}.yaml", _objects(site, view, release)
        names = [f"{release.name}.yaml" for release in step.releases]
        yield f"{folder}/{KUSTOMIZATION}", kustomization(names)
