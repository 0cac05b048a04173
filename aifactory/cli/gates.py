"""``aifactory gates`` and ``aifactory evidence``: what stands between one phase and the next."""

import datetime
from typing import Annotated, Literal

import typer
from pydantic import ValidationError
from rich.table import Table

from aifactory.cli.console import out, print_data
from aifactory.cli.inputs import AsJson, StackName, TargetOption, find
from aifactory.deliver.evidence import EVIDENCE, evidence_of, strays, write_evidence
from aifactory.errors import AIFactoryError, Problem, StackInvalid
from aifactory.plan.gates import CLOCK_SKEW, Standing, standings
from aifactory.spec.explain import explain
from aifactory.spec.gates import Evidence, Gate
from aifactory.spec.stack import Stack

FINDINGS = 2
"""Exit code where a gate does not stand."""


def number(value: float | None, unit: str | None = None) -> str:
    """A figure with its unit; a dash for none."""
    return "-" if value is None else f"{value:g}{f' {unit}' if unit else ''}"


def _needed(gate: Gate) -> str:
    if gate.threshold is None:
        return "pass"
    return f"{'≥' if gate.at_least is not None else '≤'} {number(gate.threshold, gate.unit)}"


def gate_tables(found: tuple[Standing, ...]) -> None:
    """Print a table for each side: how gates stand, what was measured, what is needed, how old, by whom."""
    for stack, side in dict.fromkeys((one.stack, one.side) for one in found):
        out.print(f"{side} gates of {stack}", style="bold", markup=False)
        table = Table(box=None, pad_edge=False)
        for name in ("gate", "state", "measured", "needed", "days", "simulated", "who"):
            table.add_column(name, no_wrap=name != "who", overflow="fold")
        for one in found:
            if (one.stack, one.side) == (stack, side):
                table.add_row(*_row(one))
        out.print(table)
        out.print()


def _row(one: Standing) -> tuple[str, ...]:
    gate, seen = one.gate, one.evidence
    head = (gate.name, one.state.value)
    if seen is None:
        return (*head, "-", _needed(gate), "-", "-", "-")
    measured = seen.result if seen.measured is None else number(seen.measured, seen.unit)
    age = f"{one.age_days} of {gate.max_age_days}"
    return (*head, measured, _needed(gate), age, "yes" if seen.simulated else "no", seen.who)


def as_data(one: Standing) -> dict[str, object]:
    """The same as a row of :func:`gate_tables`, for machines."""
    return {
        "stack": one.stack,
        "side": one.side,
        "gate": one.gate.model_dump(mode="json"),
        "state": one.state.value,
        "stands": one.stands,
        "reason": one.reason,
        "age_days": one.age_days,
        "evidence": None if one.evidence is None else one.evidence.model_dump(mode="json"),
    }


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


def _gate(stack: Stack, name: str, wanted: str) -> Gate:
    known = {gate.name: gate for gate in (*stack.gates.entry, *stack.gates.exit)}
    if wanted not in known:
        raise AIFactoryError(
            f"{name} has no gate '{wanted}'; gates: {', '.join(known) or 'none'};"
            f" name one of them, or declare it under gates in stacks/Pulumi.{name}.yaml"
        )
    return known[wanted]


def _result(gate: Gate, measured: float | None, given: str | None) -> str:
    """What the evidence says; for a threshold the figure decides."""
    if gate.threshold is None:
        if measured is not None:
            raise AIFactoryError(
                f"--measured: the gate '{gate.name}' has no threshold; it is passed or failed; give --result"
            )
        if given is None:
            raise AIFactoryError(
                f"--result: is missing; the gate '{gate.name}' is passed or failed; give pass or fail"
            )
        return given
    if measured is None:
        raise AIFactoryError(
            f"--measured: is missing; the gate '{gate.name}' needs {_needed(gate)}; give the figure in {gate.unit}"
        )
    met = "pass" if gate.met_by(measured) else "fail"
    if met == "fail" and given == "pass":
        raise AIFactoryError(
            f"--result: pass contradicts the figure: {measured:g} {gate.unit}, and {_needed(gate)} is needed;"
            " leave --result out, or correct --measured"
        )
    return given or met


def evidence(
    stack: StackName,
    gate: Annotated[str, typer.Argument(help="Name of the gate.")],
    tool: Annotated[str, typer.Option("--tool", help="What measured, or how an approval was given.")],
    tool_version: Annotated[str, typer.Option("--tool-version", help="Its version.")],
    who: Annotated[str, typer.Option("--who", help="Who ran it, or who approved.")],
    measured: Annotated[
        float | None, typer.Option("--measured", help="The figure, in the gate's unit.")
    ] = None,
    result: Annotated[
        Literal["pass", "fail"] | None,
        typer.Option("--result", help="Needed for a gate without a threshold."),
    ] = None,
    report: Annotated[str | None, typer.Option("--report", help="Where the full report is.")] = None,
    time: Annotated[
        datetime.datetime | None,
        typer.Option("--time", help="When it was found; default is now.", formats=["%Y-%m-%dT%H:%M:%S%z"]),
    ] = None,
    *,
    simulated: Annotated[
        bool,
        typer.Option("--simulated", help="Nodes or GPUs were simulated; never opens a real site's gate."),
    ] = False,
) -> None:
    """Record what was found when a gate was tried, sealed against later edits."""
    found = find(stack, None, names_only=True)
    wanted = _gate(found.stack, found.name, gate)
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    if time is not None and time - now > CLOCK_SKEW:
        raise AIFactoryError(
            f"--time: {time.isoformat()} has not come; a time up to now is allowed; leave it out for now"
        )
    try:
        sealed = Evidence.sealed(
            gate=wanted.name,
            stack=found.name,
            result=_result(wanted, measured, result),
            measured=measured,
            threshold=wanted.threshold,
            unit=wanted.unit,
            tool=tool,
            tool_version=tool_version,
            simulated=simulated,
            time=time or now,
            who=who,
            report=report,
        )
    except ValidationError as error:
        fix = "give another value on the command line"
        problems = [Problem(one.path, one.what, one.allowed, fix) for one in explain(Evidence, error)]
        raise StackInvalid(f"evidence for {wanted.name}", problems) from error
    write_evidence(EVIDENCE, sealed)
    kind = "simulated evidence" if simulated else "evidence"
    out.print(
        f"evidence/{found.name}/{wanted.name}.yaml: {kind} written, result {sealed.result}", markup=False
    )
