"""The command ``render``: one cell as plain files, or stacks as trees for a GitOps engine."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from aifactory.catalog.load import catalog
from aifactory.cli.console import out
from aifactory.cli.extent import Extent
from aifactory.cli.figures import plural
from aifactory.cli.inputs import FirstCell, Found, StackFile, TargetOption, choose, shown
from aifactory.cli.render_words import first_phases, meant, place
from aifactory.deliver.charts import chart_skip
from aifactory.deliver.gitops.trees import Tree, render_trees
from aifactory.deliver.tree import write_tree
from aifactory.errors import AIFactoryError
from aifactory.manifests.findings import checked_plan
from aifactory.manifests.gitops.model import Place
from aifactory.manifests.parts import bundle_of, parts_of
from aifactory.plan.cells import of_cell
from aifactory.spec.delivery import GitOpsEngine
from aifactory.spec.stack import Target

_SHOWN = 20
"""Stale files that are listed of each kind."""

StackNames = Annotated[
    list[str] | None, typer.Argument(help="Names of stacks; several, with --engine, get a common root.")
]
EngineOption = Annotated[
    GitOpsEngine | None, typer.Option("--engine", help="Render trees for this GitOps engine.")
]
RepositoryOption = Annotated[
    str | None, typer.Option("--repository", help="Git repository of the trees; default is the stack's.")
]
RevisionOption = Annotated[
    str | None, typer.Option("--revision", help="Branch that the engine follows; default is the stack's.")
]
PathOption = Annotated[
    str | None, typer.Option("--path", help="Folder of the trees in the repository; default is the stack's.")
]


def render(
    stacks: StackNames = None,
    file: StackFile = None,
    target: TargetOption = None,
    cell: FirstCell = None,
    out_dir: Annotated[Path, typer.Option("--out", help="Folder for the tree.")] = Path("out"),
    engine: EngineOption = None,
    repository: RepositoryOption = None,
    revision: RevisionOption = None,
    path: PathOption = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Every stack of a real site, and their root.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Only compare; exit 2 when files are stale, and name them.")
    ] = False,
) -> None:
    """Write objects as files: those of one cell, a folder a layer; or, with --engine, trees for GitOps."""
    names = stacks or []
    if engine is None:
        if every or check or repository or revision or path or len(names) > 1:
            raise AIFactoryError(
                "--all, --check, --repository, --revision, --path and several stacks are for GitOps trees; with"
                " --engine argocd or --engine flux they are allowed; add --engine"
            )
        _plain(names[0] if names else None, file, target, cell, out_dir)
        return
    if cell is not None:
        raise AIFactoryError(
            "a GitOps tree has all cells of a site; --cell is for a plain tree; leave out --cell, or --engine"
        )
    found = meant(names, file, every=every)
    where = place(found, engine, repository, revision, path)
    _trees(found, where, target, out_dir, several=every or len(found) > 1, check=check)


def _plain(
    name: str | None, file: Path | None, target: Target | None, cell: str | None, folder: Path
) -> None:
    chosen = choose(name, file, target, cell)
    site = chosen.site
    plan = of_cell(site, site.cells[0]) if cell is None and site.cells else chosen.plan
    bundle = bundle_of(parts_of(plan, chart_skip(plan, None)))
    changed, removed = write_tree(bundle, folder)
    count = sum(1 for _ in bundle.objects())
    out.print(
        f"{shown(folder)}: {count} objects in {len(bundle.layers)} layers; {changed} files written,"
        f" {removed} removed",
        markup=False,
    )
    which = Extent(plan, len(site.cells), None).which_cell()
    if which is not None:
        out.print(f"{which}; the others are not rendered", markup=False)


def _trees(
    found: Sequence[Found], where: Place, target: Target | None, folder: Path, *, several: bool, check: bool
) -> None:
    # Every cell is in the tree, so a run is never for one that direct delivery would reach.
    plans = [
        checked_plan(one.name, one.stack, catalog(), target, str(one.file), for_one_cell=True)
        for one in found
    ]
    programme = first_phases(found) if several else None
    trees = list(render_trees(plans, where, folder, programme=programme, check=check))
    for tree in trees:
        _report(tree, check=check)
    later = [one.name for one in found if programme is not None and one.name not in programme]
    if later:
        out.print(f"not in the root, as later phases of sites that are: {', '.join(later)}", markup=False)
    if check and any(tree.stale for tree in trees):
        raise typer.Exit(2)


def _report(tree: Tree, *, check: bool) -> None:
    stale = tree.stale
    extent = f"{plural(tree.cells, 'cell')} in {plural(tree.waves, 'wave')}"
    size = f"{extent}, {tree.files} files, {tree.size / 1e6:.2f} MB"
    if not check:
        written, removed = len(stale.missing) + len(stale.changed), len(stale.unwanted)
        out.print(f"{shown(tree.folder)}: {size}; {written} files written, {removed} removed", markup=False)
    else:
        out.print(f"{shown(tree.folder)}: {size}; {'stale' if stale else 'fresh'}", markup=False)
        kinds = {"missing": stale.missing, "changed": stale.changed, "unwanted": stale.unwanted}
        for kind, names in kinds.items():
            for name in names[:_SHOWN]:
                out.print(f"  {kind}: {name}", markup=False)
            if len(names) > _SHOWN:
                out.print(f"  {kind}: {len(names) - _SHOWN} more", markup=False)
    for name, why in sorted(tree.skipped.items()):
        out.print(f"  not in the tree: chart {name}: {why}", markup=False)
