"""What Argo CD is given: one ApplicationSet that makes an Application a step of each cell, and rolls them in order.

Obeys Argo CD v3.5 (argoproj.io/v1alpha1). RollingSync syncs a step's Applications when those of every step
before it are healthy, so a commit runs through the waves, and in a wave through the layers.
"""

from collections.abc import Iterable, Iterator

from pydantic import JsonValue

from aifactory.manifests.gitops.argocd_charts import chart_source, patch
from aifactory.manifests.gitops.argocd_clusters import CLUSTERS, argocd_clusters
from aifactory.manifests.gitops.argocd_objects import rolling_steps, root
from aifactory.manifests.gitops.cells import cell_folder
from aifactory.manifests.gitops.model import (
    ARGOCD_NAMESPACE,
    KUSTOMIZATION,
    CellView,
    Files,
    Place,
    Site,
    kustomization,
)
from aifactory.manifests.gitops.names import CELL_LABEL, ROLLOUT_LABEL, labels, step_name
from aifactory.manifests.gitops.steps import ORDERS
from aifactory.manifests.model import KubernetesObject
from aifactory.manifests.render import render_one

APPLICATIONS = "applications.yaml"
"""File that lists the Applications of a cell; read by the ApplicationSet's generator."""


def orders_of(sites: Iterable[Site]) -> set[str]:
    """Places of the steps that any cell of the sites has."""
    found = {step.order for site in sites for view in site.cells for step in view.steps}
    return found & set(ORDERS)


def application_set(name: str, place: Place, stacks: list[str], steps: list[JsonValue]) -> KubernetesObject:
    """The ApplicationSet of some stacks: an Application for every step of every cell that is registered.

    Args:
        name: Its name.
        place: Where the trees are.
        stacks: Names of the stacks.
        steps: Steps of its RollingSync.
    """
    stack, cell = (f'{{{{ index .metadata.labels "{label}" }}}}' for label in (ROLLOUT_LABEL, CELL_LABEL))
    return render_one(
        "gitops/argocd-cells.yaml.j2",
        {
            "name": name,
            "namespace": ARGOCD_NAMESPACE,
            "labels": labels(name),
            "stacks": [*stacks],
            "repository": place.repository,
            "revision": place.revision,
            "files": f"{place.root}/{stack}/cells/{cell}/{APPLICATIONS}",
            "steps": steps,
            "patch": patch(place.repository, place.revision),
        },
    )


def _applications(site: Site, view: CellView) -> Iterator[KubernetesObject]:
    """What the generator reads of a cell: an entry a step, or a chart."""
    common: dict[str, JsonValue] = {
        "stack": site.name,
        "cell": view.name,
        "phase": site.plan.stack.phase.value,
        "wave": str(view.wave),
    }
    for step in view.steps:
        if step.objects:
            yield {
                **common,
                "application": step_name(view, step.name),
                "order": step.order,
                "namespace": "default",
                "folder": f"{site.path}/{cell_folder(view)}/{step.folder}",
                "chart": False,
            }
        for release in step.releases:
            yield {
                **common,
                "application": step_name(view, f"{step.layer.value}-{release.name}"),
                "order": step.order,
                "namespace": release.namespace,
                "folder": "",
                "chart": chart_source(release),
            }


def _project(site: Site) -> KubernetesObject:
    charts = {
        str(chart_source(release)["repository"])
        for view in site.cells
        for step in view.steps
        for release in step.releases
    }
    return render_one(
        "gitops/argocd-project.yaml.j2",
        {
            "name": site.name,
            "namespace": ARGOCD_NAMESPACE,
            "labels": labels(site.name),
            "description": f"The cells of {site.name}",
            "repositories": [site.place.repository, *sorted(charts)],
            "clusters": f"{site.name}-c*",
            "own_namespace": site.namespace if site.makes_clusters else None,
        },
    )


def argocd_rollout(site: Site) -> tuple[KubernetesObject, KubernetesObject]:
    """What rolls the site out, without the root that keeps it as it is in Git: the project, the ApplicationSet."""
    steps = rolling_steps(site.waves, orders_of([site]))
    return _project(site), application_set(site.name, site.place, [site.name], steps)


def argocd_files(site: Site) -> Files:
    """Everything of a site's tree that is Argo CD's: what its cluster is given, and the list of each cell."""
    files: Files = {}
    resources = ["root.yaml", "project", "rollout"]
    project, cells = argocd_rollout(site)
    files["management/rollout/cells.yaml"] = (cells,)
    if site.makes_clusters:
        files.update(argocd_clusters(site))
        resources.append(CLUSTERS.removeprefix("management/"))
    for view in site.cells:
        files[f"{cell_folder(view)}/{APPLICATIONS}"] = list(_applications(site, view))
    files["management/project/project.yaml"] = (project,)
    files[f"management/project/{KUSTOMIZATION}"] = kustomization(["project.yaml"])
    files[f"management/rollout/{KUSTOMIZATION}"] = kustomization(["cells.yaml"])
    files["management/root.yaml"] = (root(site.name, site.place, f"{site.path}/management"),)
    files[f"management/{KUSTOMIZATION}"] = kustomization(resources)
    return files
