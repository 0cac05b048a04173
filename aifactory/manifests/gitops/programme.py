"""The root across stacks: pilots first, then regions, then the rest, on one management cluster."""

import json
from collections import Counter
from collections.abc import Sequence

from pydantic import JsonValue

from aifactory.errors import AIFactoryError
from aifactory.manifests.gitops.argocd import application_set, orders_of
from aifactory.manifests.gitops.argocd_clusters import CLUSTERS
from aifactory.manifests.gitops.argocd_objects import PHASE_LABEL, among, rolling_steps, root
from aifactory.manifests.gitops.flux_objects import flux_kustomization, source
from aifactory.manifests.gitops.model import (
    FLUX_NAMESPACE,
    KUSTOMIZATION,
    Files,
    Place,
    Site,
    kustomization,
)
from aifactory.manifests.gitops.names import wave_name
from aifactory.manifests.gitops.waves import PHASES, phase_rank
from aifactory.manifests.model import KubernetesObject
from aifactory.spec.delivery import GitOpsEngine

PROGRAMME = "programme"
"""Folder of the root, and its name."""
ROOT = "aifactory-programme"


def one_phase_a_site(sites: Sequence[Site]) -> None:
    """Each site is there in one phase only.

    Raises:
        AIFactoryError: If two stacks are phases of one site.
    """
    by_site: dict[str, list[str]] = {}
    for site in sites:
        by_site.setdefault(site.plan.stack.site.name, []).append(site.name)
    for name, stacks in by_site.items():
        if len(stacks) > 1:
            raise AIFactoryError(
                f"{' and '.join(stacks)} are phases of one site, {name}; a programme rolls out one phase of each;"
                " name only that one"
            )


def programme_files(sites: Sequence[Site], place: Place) -> Files:
    """Files of the root: what rolls out the stacks' trees, in the order of their phases.

    Args:
        sites: The stacks, one phase of each site; their trees are beside the root's folder.
        place: Where the trees are.

    Raises:
        AIFactoryError: If two stacks are phases of one site.
    """
    one_phase_a_site(sites)
    ordered = sorted(sites, key=lambda site: (phase_rank(site.plan.stack.phase), site.name))
    lines = [f"| {site.plan.stack.phase.value} | {site.name} | {len(site.cells)} |" for site in ordered]
    files: Files = {
        "README.md": "\n".join(
            [
                "# Programme",
                "",
                "Rendered by `aifactory render`; the root of the stacks below, in the order of a roll-out.",
                "Use it instead of their own `management` folders: `kubectl apply --server-side -k .`",
                "",
                "| phase | stack | cells |",
                "|---|---|---|",
                *lines,
            ]
        )
        + "\n"
    }
    make = _flux if place.engine is GitOpsEngine.FLUX else _argocd
    return {**files, **make(ordered, place)}


def _flux(sites: Sequence[Site], place: Place) -> Files:
    """Every stack's own Kustomizations; the first ones of a rank wait for the last ones of the rank before."""
    ranks = [phase_rank(site.plan.stack.phase) for site in sites]
    patches: list[KubernetesObject] = []
    for site, rank in zip(sites, ranks, strict=True):
        before = max((other for other in Counter(ranks) if other < rank), default=None)
        waits: list[JsonValue] = [
            {"name": wave_name(other, other.waves), "namespace": other.namespace}
            for other, its in zip(sites, ranks, strict=True)
            if its == before
        ]
        if waits:
            patches.append(
                {
                    "target": {
                        "group": "kustomize.toolkit.fluxcd.io",
                        "kind": "Kustomization",
                        "name": wave_name(site, 0),
                        "namespace": site.namespace,
                    },
                    "patch": json.dumps(
                        [{"op": "add", "path": "/spec/dependsOn", "value": waits}], sort_keys=True
                    ),
                }
            )
    own = flux_kustomization(
        ROOT,
        place=place,
        owner=PROGRAMME,
        where=FLUX_NAMESPACE,
        path=f"{place.root}/{PROGRAMME}",
        wait=False,
    )
    resources = ["root.yaml", *(f"../{site.name}/management/rollout" for site in sites)]
    return {
        "root.yaml": (source(place, PROGRAMME), own),
        KUSTOMIZATION: kustomization(resources, patches),
    }


def _argocd(sites: Sequence[Site], place: Place) -> Files:
    """One ApplicationSet for the cells of all stacks, because RollingSync orders what is in one."""
    waves, orders = max(site.waves for site in sites), orders_of(sites)
    steps: list[JsonValue] = []
    for phases in PHASES:
        if any(site.plan.stack.phase in phases for site in sites):
            steps += rolling_steps(waves, orders, among(PHASE_LABEL, *(phase.value for phase in phases)))
    cells = application_set(ROOT, place, [site.name for site in sites], steps)
    managed = [site for site in sites if site.makes_clusters]
    resources = ["root.yaml", "cells.yaml", *(f"../{site.name}/management/project" for site in sites)]
    resources += [f"../{site.name}/{CLUSTERS}" for site in managed]
    return {
        "root.yaml": (root(ROOT, place, f"{place.root}/{PROGRAMME}"),),
        "cells.yaml": (cells,),
        KUSTOMIZATION: kustomization(resources),
    }
