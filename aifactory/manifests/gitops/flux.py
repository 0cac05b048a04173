"""What Flux is given: a Kustomization a step of each cell, ordered by what it depends on.

A dependency counts as met when it is healthy at the revision that its dependant would apply, so a commit runs
through the steps, the cells and the waves in this order.
"""

from collections.abc import Iterator

from pydantic import JsonValue

from aifactory.manifests.gitops.cells import cell_folder
from aifactory.manifests.gitops.flux_charts import chart_files
from aifactory.manifests.gitops.flux_objects import flux_kustomization, source
from aifactory.manifests.gitops.model import (
    FLUX_NAMESPACE,
    KUSTOMIZATION,
    CellView,
    Content,
    Files,
    Site,
    kustomization,
)
from aifactory.manifests.gitops.names import cluster_step, labels, site_namespace, step_name, wave_name
from aifactory.manifests.gitops.steps import last_steps
from aifactory.manifests.model import KubernetesObject
from aifactory.manifests.render import render_one

ROLLOUT = "management/rollout"


def _record(site: Site, name: str, data: dict[str, JsonValue], cell: str | None = None) -> KubernetesObject:
    return render_one(
        "gitops/record.yaml.j2",
        {"name": name, "namespace": site.namespace, "labels": labels(site.name, cell), "data": data},
    )


def _cell_rollout(site: Site, view: CellView) -> Iterator[KubernetesObject]:
    """The Kustomizations of a cell: its cluster, its steps, and one that is done when all of them are."""
    owner, where = site.name, site.namespace
    first: tuple[str, ...] = (wave_name(site, view.wave - 1),)
    if site.makes_clusters:
        name = cluster_step(view)
        path = f"{site.path}/management/clusters/{view.name}"
        yield flux_kustomization(
            name,
            place=site.place,
            owner=owner,
            where=where,
            path=path,
            cell=view.name,
            depends_on=first,
            cluster=view.name,
            keep=True,
        )
        first = (*first, name)
    for step in view.steps:
        yield flux_kustomization(
            step_name(view, step.name),
            place=site.place,
            owner=owner,
            where=where,
            path=f"{site.path}/{cell_folder(view)}/{step.folder}",
            cell=view.name,
            depends_on=tuple(step_name(view, need) for need in step.needs) or first,
            # A HelmRelease is an object of the engine's cluster, and names the cell's kubeconfig itself.
            kubeconfig=f"{view.name}-kubeconfig" if site.remote and step.objects else None,
            keep=True,
        )
    yield flux_kustomization(
        view.name,
        place=site.place,
        owner=owner,
        where=where,
        path=f"{site.path}/management/records/{view.name}",
        cell=view.name,
        depends_on=tuple(step_name(view, name) for name in last_steps(view.steps)),
    )


def _waves(site: Site) -> Iterator[tuple[KubernetesObject, KubernetesObject]]:
    """A Kustomization a wave, done when the wave's cells are, and its record; wave 0 is the beginning."""
    for wave in range(site.waves + 1):
        cells = [view.name for view in site.cells if view.wave == wave]
        name = wave_name(site, wave)
        yield (
            flux_kustomization(
                name,
                place=site.place,
                owner=site.name,
                where=site.namespace,
                path=f"{site.path}/management/records/{name}",
                depends_on=tuple(cells),
            ),
            _record(site, name, {"stack": site.name, "wave": str(wave), "cells": " ".join(cells)}),
        )


def _records(site: Site) -> Iterator[tuple[str, Content]]:
    for view in site.cells:
        data: dict[str, JsonValue] = {
            "stack": site.name,
            "cell": view.name,
            "wave": str(view.wave),
            "nodes": str(view.cell.nodes),
            "gpus": str(view.cell.gpus),
        }
        yield f"management/records/{view.name}/record.yaml", (_record(site, view.name, data, view.name),)


def flux_rollout(site: Site) -> Iterator[KubernetesObject]:
    """What rolls the site out, without the root that keeps it as it is in Git: source, cells, waves."""
    yield source(site.place, site.name)
    for view in site.cells:
        yield from _cell_rollout(site, view)
    yield from (gate for gate, _ in _waves(site))


def flux_files(site: Site) -> Files:
    """Everything of a site's tree that is Flux's: what its cluster is given, and the charts of each cell."""
    files: Files = dict(_records(site))
    rollout: list[str] = []
    if site.remote:
        rollout.append("namespace.yaml")
        files[f"{ROLLOUT}/namespace.yaml"] = (site_namespace(site.namespace, site.name),)
    for view in site.cells:
        rollout.append(f"{view.name}.yaml")
        files[f"{ROLLOUT}/{view.name}.yaml"] = tuple(_cell_rollout(site, view))
        files.update(chart_files(site, view))
    waves = tuple(_waves(site))
    files[f"{ROLLOUT}/waves.yaml"] = tuple(gate for gate, _ in waves)
    files[f"{ROLLOUT}/{KUSTOMIZATION}"] = kustomization([*rollout, "waves.yaml"])
    for wave, (_, record) in enumerate(waves):
        files[f"management/records/{wave_name(site, wave)}/record.yaml"] = (record,)
    root = flux_kustomization(
        site.name,
        place=site.place,
        owner=site.name,
        where=FLUX_NAMESPACE,
        path=f"{site.path}/management",
        wait=False,
    )
    files["management/root.yaml"] = (source(site.place, site.name), root)
    files[f"management/{KUSTOMIZATION}"] = kustomization(["root.yaml", "rollout"])
    return files
