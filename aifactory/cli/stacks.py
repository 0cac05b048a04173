"""Commands that only read stack files: validate, render, schema."""

import json
from pathlib import Path
from typing import Annotated

import typer

from aifactory.cli.console import out
from aifactory.cli.extent import Extent
from aifactory.cli.inputs import (
    STACKS,
    AsJson,
    CellOption,
    OptionalStack,
    StackFile,
    TargetOption,
    choose,
    shown,
)
from aifactory.deliver.charts import chart_skip
from aifactory.deliver.tree import write_tree
from aifactory.manifests.parts import bundle_of, parts_of
from aifactory.plan.cells import of_cell
from aifactory.spec.schema import evidence_schema_text, schema_text

SCHEMAS = {
    STACKS / "stack.schema.json": schema_text,
    STACKS / "evidence.schema.json": evidence_schema_text,
}
"""Files and what writes them."""


def validate(stack: OptionalStack = None, file: StackFile = None, *, as_json: AsJson = False) -> None:
    """Check a stack file; every problem is named at once."""
    chosen = choose(stack, file, None)
    plan = chosen.plan
    if as_json:
        out.print_json(
            json.dumps(
                {
                    "stack": plan.name,
                    "file": str(chosen.file),
                    "valid": True,
                    "findings": [finding.model_dump() for finding in plan.findings],
                }
            )
        )
        return
    out.print(
        f"{chosen.file}: valid; {len(plan.pools)} pools, {plan.nodes} GPU nodes, {plan.gpus} GPUs",
        markup=False,
    )
    for finding in plan.findings:
        out.print(f"  {finding.severity}: {finding.path}: {finding.message}; {finding.fix}", markup=False)


def render(
    stack: OptionalStack = None,
    file: StackFile = None,
    target: TargetOption = None,
    cell: CellOption = None,
    out_dir: Annotated[Path, typer.Option("--out", help="Folder for the tree.")] = Path("out"),
) -> None:
    """Write the objects of one cell as files, the first one's by default: one an object, a folder a layer."""
    chosen = choose(stack, file, target, cell)
    site = chosen.site
    plan = of_cell(site, site.cells[0]) if cell is None and site.cells else chosen.plan
    bundle = bundle_of(parts_of(plan, chart_skip(plan, None)))
    changed, removed = write_tree(bundle, out_dir)
    count = sum(1 for _ in bundle.objects())
    out.print(
        f"{shown(out_dir)}: {count} objects in {len(bundle.layers)} layers; {changed} files written,"
        f" {removed} removed",
        markup=False,
    )
    which = Extent(plan, len(site.cells), None).which_cell()
    if which is not None:
        out.print(f"{which}; the others are not rendered", markup=False)


def schema(
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Only compare; exit 2 when the file is stale.")
    ] = False,
) -> None:
    """Write the schemas below stacks/, which editors use to complete and check stack and evidence files."""
    stale = False
    for file, text_of in SCHEMAS.items():
        text = text_of()
        fresh = file.is_file() and file.read_text(encoding="utf-8") == text
        stale = stale or not fresh
        if check:
            out.print(f"{shown(file)}: {'fresh' if fresh else 'stale; run aifactory schema'}", markup=False)
            continue
        file.write_text(text, encoding="utf-8", newline="\n")
        out.print(f"{shown(file)}: written", markup=False)
    if check and stale:
        raise typer.Exit(2)
