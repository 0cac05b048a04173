"""``aifactory gates``: what stands between one phase and the next."""

import datetime

import typer

from aifactory.cli.console import out, print_data
from aifactory.cli.gate_tables import as_data, gate_tables
from aifactory.cli.inputs import AsJson, StackName, TargetOption, find
from aifactory.deliver.evidence import EVIDENCE, evidence_of, strays
from aifactory.plan.gates import Standing, standings

FINDINGS = 2
"""Exit code where a gate does not stand."""


def gates(stack: StackName, target: TargetOption = None, *, as_json: AsJson = False) -> None:
    """Show how the gates of a phase stand; exit 2 unless every exit gate does."""
    found = find(stack, None, names_only=True)
    name, planned = found.name, target or found.stack.target
    evidence = evidence_of(EVIDENCE, name, found.stack)
    now = datetime.datetime.now(datetime.UTC)
    entry, leaving = (
        standings(name, found.stack, side, evidence, now=now, target=planned) for side in ("entry", "exit")
    )
    open_ = all(one.stands for one in leaving)
    unknown = strays(EVIDENCE, name, found.stack)
    if as_json:
        data = {
            "stack": name,
            "target": planned.value,
            "exit_stands": open_,
            "gates": [as_data(one) for one in (*entry, *leaving)],
            "files_of_no_gate": list(unknown),
        }
        print_data(data)
    else:
        _print((*entry, *leaving), name, unknown)
        closed = sum(not one.stands for one in leaving)
        said = (
            "the next phase may be entered"
            if open_
            else f"{closed} of {len(leaving)} exit gates do not stand"
        )
        out.print(f"\n{name} on target {planned.value}: {said}", markup=False)
    if not open_:
        raise typer.Exit(FINDINGS)


def _print(found: tuple[Standing, ...], name: str, unknown: tuple[str, ...]) -> None:
    if not found:
        out.print(f"{name} declares no gates", markup=False)
        return
    gate_tables(found)
    for one in found:
        out.print(f"  {one.gate.name}: {one.state.value}: {one.reason}", markup=False)
    for file in unknown:
        out.print(
            f"  evidence/{name}/{file}: is the evidence of no gate; its name may be mistyped", markup=False
        )
