"""``aifactory lab up|down|status``."""

from typing import Annotated

import typer
from rich.table import Column, Table

from aifactory.cli.console import note, out, print_data, step
from aifactory.cli.extent import Extent
from aifactory.cli.inputs import AsJson, CellOption, OptionalStack, StackName, choose_part
from aifactory.deliver.cluster import Cluster
from aifactory.deliver.holder import entered
from aifactory.errors import LabError
from aifactory.lab.kind.lab import KindLab
from aifactory.lab.labs import Lab
from aifactory.lab.places import crd_folder, labs
from aifactory.lab.simulated import SimulatedLab
from aifactory.lab.tools import Toolbox, Tools, tools_for
from aifactory.plan.cell_choice import CELL_END, home_of
from aifactory.plan.models import FactoryPlan
from aifactory.spec.stack import Target
from aifactory.spec.units import STACK_NAME

app = typer.Typer()
WHAT = {
    Target.SIMULATED: "a real control plane with simulated nodes",
    Target.KIND: "a kind cluster, its nodes with mock GPUs",
}
"""What a lab of each target is."""
NODES = {Target.SIMULATED: "simulated", Target.KIND: "kind"}
LabTarget = Annotated[Target, typer.Option("--target", help="Which kind of lab.")]
AnyLab = Annotated[Target | None, typer.Option("--target", help="Which kind of lab; default is every kind.")]
Sample = Annotated[
    int | None,
    typer.Option(
        "--sample",
        min=1,
        help="At most this many nodes of each pool; default is the full size, on kind one node.",
    ),
]

LabName = Annotated[
    str | None,
    typer.Option(
        "--lab", help="The lab to use, which phases of a site may share; default is the stack's own."
    ),
]


LANES = {Target.CLUSTER: "engine", Target.SIMULATED: "engine", Target.KIND: "kind"}
"""The lane of tools that a target needs."""


def tools_of(target: Target) -> Tools:
    """The tools that a target needs, fetched or built where they are missing."""
    return Toolbox.default().ensure(tools_for(LANES[target]))


def lab_of(target: Target, name: str, tools: Tools) -> Lab:
    """The lab of this name, which is most often that of its stack; nothing is started.

    Args:
        target: ``simulated`` or ``kind``.
        name: Name of the lab.
        tools: The tools of the target.
    """
    directory = labs(target.value) / name
    if target is Target.KIND:
        return KindLab(name, directory, tools)
    return SimulatedLab(name, directory, tools)


def start(plan: FactoryPlan, tools: Tools, sample: int | None = None, name: str | None = None) -> Lab:
    """A running lab with the plan's nodes; None means the lab of the stack or of its cell.

    Raises:
        PromotionRefused: If the named lab holds a stack that this one does not follow.
    """
    lab = lab_of(plan.target, name or home_of(plan), tools)
    if name is not None and lab.status().state == "running":
        entered(plan, Cluster(lab.kubeconfig), driven=True)  # before the hardware of another stack is changed
    step(f"lab of {lab.stack}: {WHAT[plan.target]}")
    lab.up(plan, note, sample)
    return lab


def require_lab(target: Target) -> None:
    """Refuse a target that has no lab.

    Raises:
        LabError: If the target is a real cluster.
    """
    if target not in WHAT:
        raise LabError(
            f"target '{target.value}' is a real cluster and has no lab; labs: {', '.join(WHAT)};"
            " use --target simulated"
        )


def require_crds() -> None:
    """Refuse definitions that are named and not there, before a tool is built or a lab is started for them.

    Raises:
        LabError: If AIFACTORY_CRDS names no folder.
    """
    crd_folder()


def require_name(stack: str) -> None:
    """Refuse a name that could name a folder outside that of the labs."""
    if not STACK_NAME.fullmatch(CELL_END.sub("", stack)):
        raise LabError(
            f"'{stack}' is not the name of a stack or lab; lower-case letters, digits and dashes, at most 42, are"
            " allowed; labs are listed by 'aifactory lab status'"
        )


@app.command()
def up(
    stack: StackName = "korea-pilot",
    target: LabTarget = Target.SIMULATED,
    sample: Sample = None,
    lab: LabName = None,
    cell: CellOption = None,
) -> None:
    """Start the lab of a stack, or of one cell of it; does nothing where it runs already."""
    require_lab(target)
    if lab is not None:
        require_name(lab)
    chosen = choose_part(stack, None, target, cell, names_only=True)
    require_crds()
    status = start(chosen.plan, tools_of(target), sample, lab).status()
    for line in Extent.of(chosen, sample).lines():
        out.print(line, markup=False)
    out.print(
        f"{status.stack}: {status.state}, {status.nodes} {NODES[target]} nodes; KUBECONFIG={status.kubeconfig}",
        markup=False,
    )


@app.command()
def down(stack: OptionalStack = None, target: AnyLab = None) -> None:
    """Stop a lab, or all of them, and remove every file of it."""
    if target is not None:
        require_lab(target)
    if stack is not None:
        require_name(stack)
    found = _there(target)
    asked = [(one, name) for one, name in found if stack in {None, name}]
    absent = stack is not None and not asked
    if stack is not None and not asked:
        asked = [(target or Target.SIMULATED, stack)]  # what a killed run left of it goes
    if not asked:
        out.print("no lab is there")
    for one, name in asked:
        lab_of(one, name, tools_of(one)).down(note)
        if not absent:  # else the lab itself has said what there was
            out.print(f"{name}: removed", markup=False)


def _there(target: Target | None) -> list[tuple[Target, str]]:
    """The labs that there are, of one target or of all."""
    return [
        (one, path.name)
        for one in ([target] if target is not None else list(WHAT))
        for path in sorted(labs(one.value).glob("*"))
        if path.is_dir()
    ]


@app.command()
def status(target: AnyLab = None, *, as_json: AsJson = False) -> None:
    """Show the labs that are there."""
    if target is not None:
        require_lab(target)
    found = [(one, lab_of(one, name, tools_of(one)).status()) for one, name in _there(target)]
    if as_json:
        rows = [{"target": one.value, **item.model_dump(mode="json")} for one, item in found]
        print_data(rows)
        return
    if not found:
        out.print("no lab is there; start one with: aifactory lab up --target simulated")
        return
    path = Column("kubeconfig", overflow="fold")  # a path that is cut leads nowhere
    table = Table("stack", "target", "state", "nodes", "processes", path, box=None, pad_edge=False)
    for one, item in found:
        parts = str(len(item.processes))
        table.add_row(item.stack, one.value, item.state, str(item.nodes), parts, str(item.kubeconfig))
    out.print(table)
