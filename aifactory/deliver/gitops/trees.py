"""From accepted plans to trees on disk: one folder a stack, and the programme's root beside them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from aifactory.deliver.charts import chart_skip
from aifactory.deliver.gitops.store import Stale, compare, write
from aifactory.deliver.gitops.text import Texts, Writer
from aifactory.manifests.gitops.model import Place, Site
from aifactory.manifests.gitops.programme import PROGRAMME, one_phase_a_site, programme_files
from aifactory.manifests.gitops.site import site_files, site_of_plan
from aifactory.plan.models import FactoryPlan


@dataclass(frozen=True)
class Tree:
    """A rendered tree, and how its folder differed from it."""

    name: str
    """Name of the stack, and of the folder; ``programme`` for the root."""
    folder: Path
    cells: int
    waves: int
    files: int
    size: int
    """Bytes of all files."""
    stale: Stale
    skipped: dict[str, str]
    """Charts that are not in the tree, and why."""


def _skip(plan: FactoryPlan) -> str | None:
    return chart_skip(plan, None)


def _done(name: str, folder: Path, texts: Texts, sites: Sequence[Site], *, check: bool) -> Tree:
    stale = compare(folder, texts) if check else write(folder, texts)
    return Tree(
        name=name,
        folder=folder,
        cells=sum(len(site.cells) for site in sites),
        waves=max(site.waves for site in sites),
        files=len(texts),
        size=sum(map(len, texts.values())),
        stale=stale,
        skipped={name: why for site in sites for view in site.cells for name, why in view.skipped.items()},
    )


def render_trees(
    plans: Sequence[FactoryPlan],
    place: Place,
    out: Path,
    *,
    programme: Sequence[str] | None = None,
    check: bool = False,
) -> Iterator[Tree]:
    """The trees of some stacks, one after the other, each written before the next one is made.

    Args:
        plans: Accepted plans.
        place: Where the trees are in Git.
        out: Folder that stands for ``place.root``; a stack's tree is in a folder of its name below it.
        programme: Stacks of the root; None for no root, and then an engine may run in a site's only cell.
        check: Whether the folders are only compared.

    Raises:
        AIFactoryError: If a folder cannot be written, or the root would have two phases of one site.
    """
    kept: list[Site] = []
    for plan in plans:
        site = site_of_plan(plan, place, _skip, managed=programme is not None)
        texts = Writer().texts(site_files(site))
        yield _done(site.name, out / site.name, texts, [site], check=check)
        if programme is not None and site.name in programme:
            kept.append(site)
    if programme is not None:
        one_phase_a_site(kept)
        texts = Writer().texts(programme_files(kept, place))
        yield _done(PROGRAMME, out / PROGRAMME, texts, kept, check=check)
