"""Commands that only read stack files: validate, schema."""

from typing import Annotated

import typer

from aifactory.cli.console import out, print_data
from aifactory.cli.inputs import STACKS, AsJson, OptionalStack, StackFile, choose, shown
from aifactory.spec.schema import evidence_schema_text, schema_text

SCHEMAS = {
    STACKS / "stack.schema.json": schema_text,
    STACKS / "evidence.schema.json": evidence_schema_text,
}
"""Files and what writes them."""


def validate(stack: OptionalStack = None, file: StackFile = None, *, as_json: AsJson = False) -> None:
    """Check a stack file; every problem is named at once, and exit 2 when its plan is refused."""
    chosen = choose(stack, file, None)
    plan = chosen.plan
    if as_json:
        print_data(
            {
                "stack": plan.name,
                "file": str(chosen.file),
                "valid": True,
                "findings": [finding.model_dump() for finding in plan.findings],
            }
        )
        return
    out.print(
        f"{chosen.file}: valid; {len(plan.pools)} pools, {plan.nodes} GPU nodes, {plan.gpus} GPUs",
        markup=False,
    )
    for finding in plan.findings:
        out.print(f"  {finding.severity}: {finding.path}: {finding.message}; {finding.fix}", markup=False)


def schema(
    *,
    check: Annotated[bool, typer.Option("--check", help="Only compare; exit 2 when one is stale.")] = False,
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
