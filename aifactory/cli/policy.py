"""``aifactory policy``: whether every object is as the rules of the house have it."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import JsonValue

from aifactory.cli.console import out, print_data
from aifactory.cli.inputs import AsJson, EachCell, OptionalStack, StackFile, TargetOption, choose, shown
from aifactory.deliver.charts import chart_skip
from aifactory.deliver.manifest_clusters import ClusterObjects, clusters_below
from aifactory.errors import AIFactoryError
from aifactory.manifests.model import KubernetesObject
from aifactory.manifests.parts import bundle_of, parts_of
from aifactory.manifests.policy.judge import Verdict, judged
from aifactory.plan.cells import of_cell

VIOLATED = 2
"""Exit code where a rule is broken and no exception covers it."""


def policy(
    stack: OptionalStack = None,
    file: StackFile = None,
    tree: Annotated[
        Path | None,
        typer.Option(
            "--tree",
            help="A folder of manifests, instead of a stack; each folder below one named cells is a cluster.",
        ),
    ] = None,
    target: TargetOption = None,
    cell: EachCell = None,
    *,
    digests: Annotated[bool, typer.Option("--digests", help="Images need a digest too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check every object against the rules: pod security, images, default deny, quotas, secrets, rights.

    Exit code 2 where a rule is broken and no written exception covers it. A stack is checked cell by cell, and so
    are GitOps trees.
    """
    cells = (
        _from_tree(stack, file, tree, target, cell)
        if tree is not None
        else _from_stack(stack, file, target, cell)
    )
    verdicts = {where: judged(objects, name, digests=digests) for where, (name, objects) in cells.items()}
    if as_json:
        print_data(_as_data(verdicts))
    else:
        for where, verdict in verdicts.items():
            _show(where, verdict)
    if not all(verdict.passed for verdict in verdicts.values()):
        raise typer.Exit(VIOLATED)


def _from_tree(
    stack: str | None, file: Path | None, tree: Path, target: TargetOption, cell: str | None
) -> dict[str, tuple[str, list[KubernetesObject]]]:
    if file is not None:
        raise AIFactoryError(
            "--tree and --file cannot both be given; one of them says what is checked; leave one out"
        )
    if target is not None or cell is not None:
        raise AIFactoryError(
            "--target and --cell are for a stack: a tree is checked as it is; with --tree the name of its stack is"
            " allowed; leave them out"
        )
    return {_called(one): (stack or one.stack, list(one.objects)) for one in clusters_below(tree)}


def _called(cluster: ClusterObjects) -> str:
    return f"{shown(cluster.folder)}{', besides its cells' if cluster.rest else ''}"


def _from_stack(
    stack: str | None, file: Path | None, target: TargetOption, cell: str | None
) -> dict[str, tuple[str, list[KubernetesObject]]]:
    chosen = choose(stack, file, target, cell)
    site = chosen.site
    plans = [of_cell(site, one) for one in site.cells] if cell is None and site.cells else [chosen.plan]
    return {
        f"{chosen.name} {plan.cell or ''}".strip(): (
            chosen.name,
            list(bundle_of(parts_of(plan, chart_skip(plan, None))).objects()),
        )
        for plan in plans
    }


def _show(where: str, verdict: Verdict) -> None:
    for violation in verdict.violations:
        out.print(violation.line(), markup=False)
    for one in verdict.accepted:
        out.print(
            f"{one.violation.object}: {one.violation.rule}: accepted, {one.exception.reason}", markup=False
        )
    out.print(
        f"{where}: {verdict.objects} objects, {len(verdict.rules)} rules: {len(verdict.violations)} violations,"
        f" {len(verdict.accepted)} accepted; what charts and operators make is not seen",
        markup=False,
    )


def _as_data(verdicts: dict[str, Verdict]) -> dict[str, JsonValue]:
    return {
        "passed": all(verdict.passed for verdict in verdicts.values()),
        "checked": [
            {"what": where, "passed": verdict.passed, **verdict.model_dump(mode="json")}
            for where, verdict in verdicts.items()
        ],
    }
