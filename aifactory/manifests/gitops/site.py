"""The tree of one stack."""

from collections.abc import Callable

from aifactory.errors import AIFactoryError
from aifactory.manifests.gitops.argocd import argocd_files
from aifactory.manifests.gitops.cells import layer_files
from aifactory.manifests.gitops.clusters import cluster_files, of_cluster_api
from aifactory.manifests.gitops.flux import flux_files
from aifactory.manifests.gitops.guide import guide
from aifactory.manifests.gitops.model import CellView, Files, Place, Site
from aifactory.manifests.gitops.steps import skipped_charts, steps_of
from aifactory.manifests.gitops.waves import wave_of
from aifactory.manifests.model import Bundle
from aifactory.manifests.parts import bundle_of, parts_of
from aifactory.plan.cells import of_cell
from aifactory.plan.models import FactoryPlan
from aifactory.spec.delivery import GitOpsEngine

SkipCharts = Callable[[FactoryPlan], str | None]
"""Why the charts of a plan are not installed; None means they are."""


def _without_machines(bundle: Bundle) -> Bundle:
    """The Bundle less its Cluster API objects, which are the management cluster's."""
    layers = tuple(
        layer.model_copy(
            update={"objects": tuple(item for item in layer.objects if not of_cluster_api(item))}
        )
        for layer in bundle.layers
    )
    return bundle.model_copy(update={"layers": layers})


def site_of_plan(
    plan: FactoryPlan, place: Place, skip: SkipCharts, *, managed: bool = False, makes_clusters: bool = True
) -> Site:
    """A stack as its tree shows it: every cell with its wave and its steps.

    Args:
        plan: An accepted plan of a site.
        place: Where the trees are.
        skip: Why charts are not installed.
        managed: Whether the engine runs on a management cluster whatever the stack says.
        makes_clusters: Whether the engine makes the clusters that the stack declares; else somebody else does.

    Raises:
        AIFactoryError: If the engine would run in one of several cells, or in one that it makes.
    """
    delivery = plan.stack.delivery
    several = len(plan.cells) > 1 or delivery.clusters is not None
    if several and delivery.engine_in == "cell":
        raise AIFactoryError(
            f"{plan.name}: delivery.engine_in is 'cell', and {len(plan.cells)} cells, or clusters that are to be made,"
            " need an engine outside of them; 'management' is allowed, or nothing; remove engine_in"
        )
    remote = managed or several or delivery.engine_in == "management"
    views = []
    for cell in plan.cells:
        own = of_cell(plan, cell)
        bundle = bundle_of(parts_of(own, skip(own)))
        if delivery.clusters is not None:
            bundle = _without_machines(bundle)
        wave = wave_of(cell.index, delivery.waves)
        views.append(CellView(cell, own, wave, steps_of(bundle), skipped_charts(bundle)))
    return Site(plan, place, tuple(views), remote, makes_clusters and delivery.clusters is not None)


def site_files(site: Site) -> Files:
    """Every file of a stack's tree, by path below its folder."""
    files: Files = {"README.md": guide(site)}
    for view in site.cells:
        files.update(layer_files(site, view))
    files.update(cluster_files(site))
    files.update(flux_files(site) if site.place.engine is GitOpsEngine.FLUX else argocd_files(site))
    return files
