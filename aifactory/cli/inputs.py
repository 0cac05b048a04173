"""From command-line words to a plan."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from aifactory.catalog.load import catalog
from aifactory.deliver.workspace import PROGRAM
from aifactory.errors import AIFactoryError, Problem, StackInvalid
from aifactory.manifests.findings import checked_plan
from aifactory.plan.cell_choice import one_cell, part_of
from aifactory.plan.models import FactoryPlan
from aifactory.spec.load import CONFIG_KEY, load_stack, read_config, stack_file
from aifactory.spec.stack import Stack, Target
from aifactory.spec.units import STACK_NAME

STACKS = PROGRAM / "stacks"

StackName = Annotated[str, typer.Argument(help="Name of the stack, for example korea-pilot.")]
OptionalStack = Annotated[str | None, typer.Argument(help="Name of the stack, for example korea-pilot.")]
StackFile = Annotated[
    Path | None, typer.Option("--file", help="A stack file anywhere, instead of a stack name.")
]
TargetOption = Annotated[
    Target | None,
    typer.Option("--target", help="Where to realise the stack; default is what the stack file says."),
]
CellOption = Annotated[
    str | None,
    typer.Option(
        "--cell",
        help="One cell of the site, by name or number; default is its management cluster, where GitOps delivers"
        " to several, else its only cell or a lab's first.",
    ),
]
EachCell = Annotated[
    str | None,
    typer.Option("--cell", help="One cell of the site, by name or number; default is each of them."),
]
FirstCell = Annotated[
    str | None, typer.Option("--cell", help="One cell of the site, by name or number; default is the first.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


@dataclass(frozen=True)
class Found:
    """A stack file that was read and is valid in itself."""

    name: str
    file: Path
    raw: object
    """The configuration value as it is in the file."""
    stack: Stack


@dataclass(frozen=True)
class Chosen:
    """A stack file that was read, checked and planned."""

    name: str
    file: Path
    raw: object
    """The configuration value as it is in the file."""
    plan: FactoryPlan
    """The plan of the site, or of the cell that a run is for."""
    site: FactoryPlan
    """The plan of the whole site."""


def shown(path: Path) -> str:
    """A path as a user would type it: relative to the current folder where it is below it."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def find(name: str | None, file: Path | None, *, names_only: bool = False) -> Found:
    """The stack that the words name, valid in itself and not yet planned.

    Args:
        name: Name of a stack below ``stacks/``; None with ``file``.
        file: A stack file; None with ``name``.
        names_only: Whether the command has no ``--file``, so that no message may name it.

    Raises:
        AIFactoryError: If the words name no stack, or the stack is wrong.
    """
    if (name is None) == (file is None):
        raise AIFactoryError(
            "which stack is meant: a name or --file is needed, not both; for example: aifactory validate korea-pilot"
        )
    instead = "" if names_only else ", or give a file with --file"
    path = Path(shown(stack_file(STACKS, name, instead))) if name is not None else file
    assert path is not None  # noqa: S101 - one of the two is given
    stack = load_stack(path)
    known = name or path.name.removeprefix("Pulumi.").removesuffix(".yaml")
    if not STACK_NAME.fullmatch(known):
        # The name is a label of every object, and the name of folders.
        what = f"the file's name gives the stack the name '{known}', which no stack may have"
        allowed = "lower-case letters, digits and dashes, at most 42"
        raise StackInvalid(str(file), [Problem("", what, allowed, "name the file Pulumi.<stack>.yaml")])
    return Found(name=known, file=path, raw=read_config(path)[CONFIG_KEY], stack=stack)


def choose(
    name: str | None,
    file: Path | None,
    target: Target | None,
    cell: str | None = None,
    *,
    names_only: bool = False,
) -> Chosen:
    """The stack that the words name, checked and planned.

    Args:
        name: Name of a stack below ``stacks/``; None with ``file``.
        file: A stack file; None with ``name``.
        target: Where to realise it; None means what the file says.
        cell: One cell of it; None means the whole site.
        names_only: Whether the command has no ``--file``.

    Raises:
        AIFactoryError: If the words name no stack or no cell, or the stack is wrong.
        PlanRefused: If the plan has errors.
    """
    found = find(name, file, names_only=names_only)
    one = cell is not None
    site = checked_plan(found.name, found.stack, catalog(), target, str(found.file), for_one_cell=one)
    part = one_cell(site, cell) if one else site
    return Chosen(name=found.name, file=found.file, raw=found.raw, plan=part, site=site)


def choose_part(
    name: str | None, file: Path | None, target: Target | None, cell: str | None, *, names_only: bool = False
) -> Chosen:
    """The same, of one cluster: the cell that is named, or the management cluster, or else the only cell.

    Raises:
        AIFactoryError: If the words name no stack or no cell, or several cells could be meant.
        PlanRefused: If the plan has errors.
    """
    chosen = choose(name, file, target, cell, names_only=names_only)
    return chosen if cell is not None else replace(chosen, plan=part_of(chosen.site, None))
