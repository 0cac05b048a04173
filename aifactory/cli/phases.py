"""The way into a phase, as ``aifactory up`` asks for it before the engine runs."""

from pathlib import Path
from typing import Annotated

import typer

from aifactory.cli.console import note
from aifactory.cli.inputs import Chosen
from aifactory.deliver.cluster import Cluster
from aifactory.deliver.engine import Engine
from aifactory.deliver.holder import entered
from aifactory.deliver.program import DEPLOYED
from aifactory.deliver.promotion import GATES_KEY, GateMode, gate_mode, way_in
from aifactory.deliver.record import state_in
from aifactory.deliver.workspace import Workspace
from aifactory.errors import PromotionRefused
from aifactory.lab.labs import Lab
from aifactory.spec.load import read_config

EnforceGates = Annotated[
    bool,
    typer.Option(
        "--enforce-gates",
        help="Refuse the phase unless the gates before it stand; default on a real cluster.",
    ),
]


def mode_of(chosen: Chosen, *, enforce: bool) -> GateMode:
    """What gates do: what the command line says, then the stack file, then the default of the target.

    Raises:
        StackInvalid: If the stack file's value is not a mode.
    """
    given = read_config(chosen.file).get(GATES_KEY)
    said = gate_mode(None if given is None else str(given), chosen.plan.target, str(chosen.file))
    return GateMode.ENFORCE if enforce else said


def phase_config(chosen: Chosen, state: Path, *, enforce: bool) -> dict[str, str]:
    """The program's configuration about phases, for the workspace of a lab.

    Args:
        chosen: The stack.
        state: Folder of the lab's file state.
        enforce: Whether the command line asks that gates are enforced.
    """
    previous = chosen.plan.stack.previous
    there = previous is not None and state_in(state, previous).is_file()
    known = {"predecessor": DEPLOYED} if there else {}
    return {"gates": mode_of(chosen, enforce=enforce).value, **known}


def enter(chosen: Chosen, cluster: Cluster, workspace: Workspace, *, enforce: bool) -> tuple[str, ...]:
    """Nothing refuses the phase; what would if gates were enforced, one line each.

    Args:
        chosen: The stack.
        cluster: The cluster, verified to be the right one.
        workspace: Where the engine works.
        enforce: Whether the command line asks that gates are enforced.

    Raises:
        PromotionRefused: If gates are enforced and something refuses the phase, or the cluster is another
            stack's.
    """
    plan, mode = chosen.plan, mode_of(chosen, enforce=enforce)
    inside = entered(plan, cluster, driven=True)
    file, home = str(chosen.file), workspace.stack
    way = way_in(chosen.site, plan, mode, file, home=home, inside=inside, deployed_here=False)
    if way.previous is not None and way.previous not in Engine(workspace, note).stacks():
        raise PromotionRefused(
            f"{chosen.file}: previous: the stack {way.previous} is not in this Pulumi backend; the phase before has"
            f" to be up, in the same backend; run aifactory up {way.previous} first; nothing was written"
        )
    return way.notices


def ask_before_lab(chosen: Chosen, lab: Lab, *, enforce: bool) -> None:
    """Nothing that is known without the engine refuses the phase; asked before the lab gets its hardware.

    Args:
        chosen: The stack.
        lab: The lab that it goes to; it need not be there.
        enforce: Whether the command line asks that gates are enforced.

    Raises:
        PromotionRefused: If gates are enforced and something refuses the phase, or the lab holds another stack.
    """
    plan, mode = chosen.plan, mode_of(chosen, enforce=enforce)
    running = lab.kubeconfig.is_file() and lab.status().state == "running"
    inside = running and entered(plan, Cluster(lab.kubeconfig), driven=True)
    if mode is GateMode.ENFORCE:
        file = str(chosen.file)
        way_in(chosen.site, plan, mode, file, home=plan.name, inside=inside, deployed_here=False)
