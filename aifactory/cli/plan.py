"""``aifactory plan``: what a stack amounts to, and what a phase adds."""

from pathlib import Path
from typing import Annotated

import typer

from aifactory.catalog.load import catalog
from aifactory.catalog.models import Catalog
from aifactory.cli import plan_account, plan_compare, plan_power, plan_tables
from aifactory.cli.console import note, print_data
from aifactory.cli.inputs import AsJson, Found, OptionalStack, StackFile, TargetOption, find
from aifactory.lab.token_model import simulated_rows, with_simulated
from aifactory.manifests.findings import full_plan
from aifactory.plan.compare import compare as compare_plans
from aifactory.plan.comparison import difference_data
from aifactory.plan.contract import as_contract
from aifactory.plan.details import details
from aifactory.plan.models import FactoryPlan
from aifactory.spec.stack import Target

REFUSED = 2


Compare = Annotated[
    str | None,
    typer.Option("--compare", help="Another stack, by name or file: what it has more than this one."),
]
SimulateTokens = Annotated[
    bool,
    typer.Option(
        "--simulate-tokens",
        help="Ask AIConfigurator for systems without evidence; needs the extra 'tokens', and minutes the first time.",
    ),
]


def plan(
    stack: OptionalStack = None,
    file: StackFile = None,
    target: TargetOption = None,
    compare: Compare = None,
    *,
    simulate_tokens: SimulateTokens = False,
    as_json: AsJson = False,
) -> None:
    """Power, machines, tokens and cost of a stack; exit 2 when the plan is refused."""
    planned, facts = _planned(find(stack, file), target, simulate=simulate_tokens)
    plans = [planned]
    if compare is not None:
        plans.append(_planned(_other(compare), target, simulate=simulate_tokens)[0])
        _print_comparison(*plans, as_json=as_json)
    elif as_json:
        print_data(as_contract(planned) | {"details": details(planned, facts)})
    else:
        show_plan(planned, facts)
    if any(each.errors for each in plans):
        raise typer.Exit(REFUSED)


def _planned(found: Found, target: Target | None, *, simulate: bool) -> tuple[FactoryPlan, Catalog]:
    """The plan, and the catalogue it is made with: with simulated rows where they are asked for."""
    stack, facts = found.stack, catalog()
    if simulate:
        stack, facts = with_simulated(stack, facts, simulated_rows(stack, facts, note))
    return full_plan(found.name, stack, facts, target), facts


def _other(words: str) -> Found:
    """The stack to compare with: a file where the words end like one, a name otherwise."""
    is_file = words.endswith((".yaml", ".yml"))
    return find(None, Path(words)) if is_file else find(words, None)


def _print_comparison(a: FactoryPlan, b: FactoryPlan, *, as_json: bool) -> None:
    comparison = compare_plans(a, b)
    if as_json:
        data = {"a": as_contract(a), "b": as_contract(b), "difference": difference_data(comparison)}
        print_data(data)
    else:
        plan_compare.show_comparison(a, b, comparison)


def show_plan(planned: FactoryPlan, facts: Catalog) -> None:
    """Print a plan for people.

    Args:
        planned: A plan, refused or not.
        facts: The catalogue it was planned with.
    """
    plan_account.head(planned, facts)
    plan_power.power_section(planned, facts)
    plan_tables.compute_section(planned, facts)
    plan_tables.fabric_section(planned)
    plan_tables.cell_section(planned)
    plan_tables.storage_section(planned)
    plan_account.economics_section(planned, facts)
    plan_account.findings_section(planned)
