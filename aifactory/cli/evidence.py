"""``aifactory evidence``: what was found when a gate was tried, as a sealed file."""

import datetime
from typing import Annotated, Literal

import typer
from pydantic import ValidationError

from aifactory.cli.console import out
from aifactory.cli.gate_tables import needed
from aifactory.cli.inputs import StackName, find
from aifactory.deliver.evidence import EVIDENCE, write_evidence
from aifactory.errors import AIFactoryError, Problem, StackInvalid
from aifactory.plan.gates import CLOCK_SKEW
from aifactory.spec.explain import explain
from aifactory.spec.gates import Evidence, Gate
from aifactory.spec.stack import Stack


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
            f"--measured: is missing; the gate '{gate.name}' needs {needed(gate)}; give the figure in {gate.unit}"
        )
    met = "pass" if gate.met_by(measured) else "fail"
    if met == "fail" and given == "pass":
        raise AIFactoryError(
            f"--result: pass contradicts the figure: {measured:g} {gate.unit}, and {needed(gate)} is needed;"
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
