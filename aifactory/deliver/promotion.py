"""May this phase be applied? Asked of the phase before it, of the evidence files and of the cluster."""

import datetime
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, JsonValue

from aifactory.catalog.load import catalog
from aifactory.deliver.evidence import EVIDENCE, evidence_of
from aifactory.deliver.takeover import Predecessor, predecessor
from aifactory.deliver.workspace import PROGRAM, PROJECT
from aifactory.errors import AIFactoryError, Problem, PromotionRefused, StackInvalid
from aifactory.plan.cell_choice import home_of
from aifactory.plan.cells import of_cell
from aifactory.plan.deployed import cell_index, deployed
from aifactory.plan.factory import plan
from aifactory.plan.gates import standings
from aifactory.plan.models import FactoryPlan
from aifactory.plan.promotion import Verdict, difference
from aifactory.spec.load import load_stack, stack_file
from aifactory.spec.stack import Target

STACKS = PROGRAM / "stacks"
GATES_KEY = f"{PROJECT}:gates"
"""Configuration key of the gate mode."""


class GateMode(StrEnum):
    """What a gate that does not stand does."""

    ENFORCE = "enforce"
    """The phase is refused."""
    REPORT = "report"
    """What would be refused is told, so that a later phase can be tried out alone."""


class Promotion(BaseModel):
    """The way into a phase, once nothing refuses it."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    previous: str | None
    """Pulumi stack of the phase before whose outputs the program has to check; None for none."""
    notices: tuple[str, ...]
    """What would refuse the phase if gates were enforced."""
    outputs: dict[str, JsonValue]
    """What the stack exports for the phase after it."""


def gate_mode(given: str | None, target: Target, file: str) -> GateMode:
    """What gates do: what is asked for, or ``enforce`` where the target is a real cluster.

    Args:
        given: Value of the configuration key; None or empty for the default.
        target: Where the stack is realised.
        file: What to call the stack file in the message.

    Raises:
        StackInvalid: If the value is not a mode.
    """
    if not given:
        return GateMode.ENFORCE if target is Target.CLUSTER else GateMode.REPORT
    try:
        return GateMode(given)
    except ValueError as error:
        modes = ", ".join(mode.value for mode in GateMode)
        problem = Problem("gates", f"'{given}' is not a gate mode", f"modes: {modes}", "name one of them")
        raise StackInvalid(file, [problem]) from error


def verdict(
    old: FactoryPlan, new: FactoryPlan, evidence: Path | None = None, now: datetime.datetime | None = None
) -> Verdict:
    """Whether a site may be promoted from one phase to the next.

    Args:
        old: Plan of the phase before.
        new: Plan of the next phase; its target decides whether simulated evidence counts.
        evidence: The folder of all evidence; None means ``evidence/`` beside ``stacks/``.
        now: The time to reckon ages from; None means now.

    Raises:
        StackInvalid: If an evidence file is wrong.
    """
    folder, when = evidence or EVIDENCE, now or datetime.datetime.now(datetime.UTC)
    sides = ((old, "exit"), (new, "entry"))
    return Verdict(
        difference=difference(old, new),
        gates=tuple(
            standing
            for planned, side in sides
            for standing in standings(
                planned.name,
                planned.stack,
                side,
                evidence_of(folder, planned.name, planned.stack),
                now=when,
                target=new.target,
            )
        ),
    )


def _before(site: FactoryPlan) -> FactoryPlan:
    """Plan of the phase before, held to the target of the one that follows."""
    name = site.stack.previous or ""
    return plan(name, load_stack(stack_file(STACKS, name)), catalog(), site.target)


def predecessor_of(site: FactoryPlan, part: FactoryPlan, home: str) -> Predecessor | None:
    """The phase before, in the same cluster, under the name that its Pulumi stack has.

    The first cell's is the stack's own, unless the site of the phase before had a management cluster already.

    Args:
        site: The plan of the whole site.
        part: The plan that follows: that of one cell, or the same.
        home: Its Pulumi stack.

    Raises:
        AIFactoryError: If the phase before has no plan.
    """
    there = predecessor(part, home)
    if there is None or part.cell is None or home != part.cell or part.cells[0].index:
        return there
    old = _before(site)
    return there.model_copy(update={"home": home_of(of_cell(old, old.cells[0]))})


def way_in(
    site: FactoryPlan,
    part: FactoryPlan,
    mode: GateMode,
    file: str,
    *,
    home: str,
    inside: bool,
    deployed_here: bool,
) -> Promotion:
    """The way into a phase.

    Args:
        site: The plan of the whole site.
        part: The plan that is applied: that of one cell, or the same.
        mode: Whether gates are enforced.
        file: What to call the stack file.
        home: Name of the Pulumi stack.
        inside: Whether the cluster runs the phase already; gates were asked when it was entered.
        deployed_here: Whether the phase before is known to be in the same backend; asked where gates are
            only reported.

    Raises:
        PromotionRefused: If gates are enforced and something refuses the phase.
    """
    outputs = deployed(part)
    there = predecessor(part, home)
    if there is None or inside:
        return Promotion(previous=None, notices=(), outputs=outputs)
    enforce, reference = mode is GateMode.ENFORCE, there.home
    try:
        there = predecessor_of(site, part, home) or there
        old, reference = _before(site), there.home
        against = verdict(old, site).refusals(file)
        if cell_index(part) >= len(old.cells):
            reference = there.stack  # a new cell follows the site, not a cell
    except AIFactoryError as error:
        if enforce:
            raise
        against = tuple(str(error).splitlines())
    if against and enforce:
        raise PromotionRefused("\n".join([*against, "the phase is not entered: nothing was written"]))
    return Promotion(
        previous=reference if enforce or deployed_here else None,
        notices=tuple(f"would be refused if gates were enforced: {line}" for line in against),
        outputs=outputs,
    )
