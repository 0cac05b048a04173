"""Laws that every component keeps, those of tomorrow too: the modules of the package are discovered."""

import ast
import importlib
import inspect
import pkgutil
import re
from functools import cache

import pulumi
import pytest

import components
from components.base import FactoryComponent
from components.factory import declare
from tests.components.test_factory import parts
from tests.support.deployment import Deployment, deploy
from tests.support.management import MANAGED, management
from tests.support.trees import STACKS


def discovered() -> dict[str, type[pulumi.ComponentResource]]:
    """Every component class of the package, by name."""
    found: dict[str, type[pulumi.ComponentResource]] = {}
    for module in pkgutil.iter_modules(components.__path__):
        loaded = importlib.import_module(f"components.{module.name}")
        for name, value in vars(loaded).items():
            is_component = inspect.isclass(value) and issubclass(value, pulumi.ComponentResource)
            if is_component and value.__module__ == loaded.__name__ and value is not FactoryComponent:
                found[name] = value
    return found


COMPONENTS = discovered()
TOKENS = {name: f"aifactory:index:{name}" for name in COMPONENTS}


@cache
def deployed(stack: str) -> Deployment:
    """Everything of a stack's cluster, or of its management cluster where it has one."""
    given = management(stack) if stack in MANAGED else parts(stack)
    return deploy(lambda: declare(given))


def outputs_declared(component: type[pulumi.ComponentResource]) -> set[str]:
    """The class-level attributes that are outputs."""
    annotations = inspect.get_annotations(component)
    return {name for name, kind in annotations.items() if "Output" in str(kind)}


def test_the_stacks_hold_every_component() -> None:
    """The Korea pilot has one of every component of a cell, and its next phase of every one of a management cluster."""
    types = {
        stack: {r.type for r in deployed(stack).resources} for stack in ("korea-pilot", "korea-scale-out")
    }

    assert len(COMPONENTS) >= 11
    assert set(TOKENS.values()) <= types["korea-pilot"] | types["korea-scale-out"]
    # What is of a cell is in the pilot: a component cannot hide in the management cluster.
    assert set(TOKENS.values()) - types["korea-pilot"] == {
        TOKENS["Cell"],
        TOKENS["Management"],
        TOKENS["RollOut"],
    }


@pytest.mark.parametrize("name", COMPONENTS)
def test_the_docstring_says_what_there_is_to_know(name: str) -> None:
    """A component's docstring has the sections Creates, Args and Attributes, and names every output."""
    text = inspect.getdoc(COMPONENTS[name]) or ""
    sections = re.findall(r"^([A-Z][a-z]+):$", text, re.M)
    attributes = text.partition("\nAttributes:\n")[2].partition("\n\n")[0]

    assert [section for section in sections if section in {"Creates", "Args", "Attributes"}] == [
        "Creates",
        "Args",
        "Attributes",
    ]
    assert {line.split(":")[0].strip() for line in attributes.splitlines()} >= outputs_declared(
        COMPONENTS[name]
    )
    constructor = inspect.signature(COMPONENTS[name])
    arguments = text.partition("\nArgs:\n")[2].partition("\n\n")[0]
    assert all(re.search(rf"^\s+{argument}: ", arguments, re.M) for argument in constructor.parameters)


@pytest.mark.parametrize("name", COMPONENTS)
def test_the_constructor_follows_the_convention(name: str) -> None:
    """A component takes name, its typed arguments and optional options, in this order."""
    signature = inspect.signature(COMPONENTS[name])

    first, _, last = signature.parameters
    assert (first, last) == ("name", "opts")
    assert signature.parameters["opts"].default is None


@pytest.mark.parametrize("stack", [*STACKS, *MANAGED])
def test_types_are_tokens_of_the_class(stack: str) -> None:
    """Every component that is registered has the token of a class of that name."""
    types = {r.type for r in deployed(stack).resources if r.type.startswith("aifactory:")}

    assert types <= set(TOKENS.values())


@pytest.mark.parametrize("stack", [*STACKS, *MANAGED])
def test_every_output_that_is_declared_is_registered(stack: str) -> None:
    """A component registers its outputs once, with each declared one among them and nothing undeclared."""
    found = deployed(stack)
    for resource in found.resources:
        if resource.type.startswith("aifactory:"):
            component = COMPONENTS[resource.type.rpartition(":")[2]]
            declared = outputs_declared(component) | outputs_declared(FactoryComponent)
            registered = set(found.outputs[resource.urn])
            missing = {name for name in declared - registered if _is_known(found, resource.urn, name)}
            assert not missing, f"{resource.name} declares {missing} and does not register it"
            assert registered <= declared | {"notices"}, resource.name


def _is_known(found: Deployment, urn: str, name: str) -> bool:
    """Whether an output without a value is missing: an output of None is not sent to the engine."""
    return not (name == "default_class" or name.startswith("checkpoint_")) or name in found.outputs[urn]


@pytest.mark.parametrize("name", COMPONENTS)
def test_nothing_is_declared_inside_an_apply(name: str) -> None:
    """No resource is made in an `apply`, where a preview would not show it."""
    tree = ast.parse(inspect.getsource(inspect.getmodule(COMPONENTS[name])))  # type: ignore[arg-type]
    makers = {"Manifest", "chart_release", "Release", "CustomResource", *COMPONENTS}
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "apply":
            inside = {node.id for node in ast.walk(call) if isinstance(node, ast.Name)}
            assert not inside & makers, f"line {call.lineno}"


@pytest.mark.parametrize("stack", [*STACKS, *MANAGED])
def test_no_resource_is_without_a_component(stack: str) -> None:
    """Everything but the factory itself has a component as its parent."""
    found = deployed(stack)
    urns = {r.urn for r in found.resources if r.type.startswith("aifactory:")}
    orphans = [r.name for r in found.resources if r.parent not in urns and not r.type.startswith("pulumi:")]

    assert orphans == ["management" if stack in MANAGED else "factory"]
