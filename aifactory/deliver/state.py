"""An engine's state as data: moved to the stack of the next phase, or emptied. Pure."""

import json
from collections.abc import Mapping

from pydantic import JsonValue

from aifactory.deliver.workspace import PROJECT

State = dict[str, JsonValue]
"""The deployment that ``pulumi stack export`` prints."""
_ROOT = "pulumi:pulumi:Stack"


def _resources(state: Mapping[str, JsonValue]) -> list[dict[str, JsonValue]]:
    found = state.get("resources")
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def objects_in(state: Mapping[str, JsonValue]) -> set[str]:
    """URNs of the Kubernetes objects and charts that a state names."""
    return {
        str(item.get("urn")) for item in _resources(state) if str(item.get("type")).startswith("kubernetes:")
    }


def outputs_in(state: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The stack's own outputs."""
    for item in _resources(state):
        outputs = item.get("outputs")
        if item.get("type") == _ROOT and isinstance(outputs, dict):
            return outputs
    return {}


def _prefix(stack: str) -> str:
    return f"urn:pulumi:{stack}::{PROJECT}::"


def moved(state: Mapping[str, JsonValue], old: str, new: str) -> State:
    """The state of one stack as that of another one: every URN is that of the new stack.

    Args:
        state: The state, with secrets in plain text.
        old: Name of its stack.
        new: Name of the stack it becomes.
    """
    text = json.dumps({name: value for name, value in state.items() if name != "secrets_providers"})
    text = text.replace(_prefix(old), _prefix(new))
    text = text.replace(f"{_ROOT}::{PROJECT}-{old}", f"{_ROOT}::{PROJECT}-{new}")
    result: State = json.loads(text)
    for item in _resources(result):
        if item.get("type") == _ROOT:
            item["outputs"] = {}
    return result


def emptied(state: Mapping[str, JsonValue]) -> State:
    """The state without resources, but with the stack's own outputs: later phases read them."""
    kept: list[JsonValue] = [item for item in _resources(state) if item.get("type") == _ROOT]
    return {**state, "resources": kept, "pending_operations": []}


def unprotected(state: Mapping[str, JsonValue]) -> State:
    """The state with no resource protected: the engine may delete each."""
    kept: list[JsonValue] = [
        {name: value for name, value in item.items() if name != "protect"} for item in _resources(state)
    ]
    return {**state, "resources": kept}
