"""The engine's state as data: moved to the next phase's stack, and emptied."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from aifactory.deliver.state import emptied, moved, objects_in, outputs_in

OLD, NEW = "korea-pilot", "korea-scale-out"


def state(stack: str, outputs: dict[str, JsonValue]) -> dict[str, Any]:
    """A state with a stack, a provider and an object of that provider."""
    base = f"urn:pulumi:{stack}::aifactory::"
    root = f"{base}pulumi:pulumi:Stack::aifactory-{stack}"
    provider = f"{base}pulumi:providers:kubernetes::cluster"
    return {
        "manifest": {"version": "v3"},
        "secrets_providers": {"type": "passphrase"},
        "resources": [
            {"urn": root, "type": "pulumi:pulumi:Stack", "outputs": outputs},
            {"urn": provider, "type": "pulumi:providers:kubernetes", "id": "7", "parent": root},
            {
                "urn": f"{base}kubernetes:core/v1:ConfigMap::{OLD}",
                "type": "kubernetes:core/v1:ConfigMap",
                "parent": root,
                "provider": f"{provider}::7",
                "outputs": {
                    "metadata": {"labels": {"aifactory.dev/stack": OLD}},
                    "__fieldManager": "pulumi-1",
                },
            },
        ],
    }


def test_a_moved_state_names_the_new_stack_everywhere() -> None:
    """URNs, parents and providers are the new stack's; what objects hold, and who manages them, stays."""
    found = moved(state(OLD, {"phase": "pilot"}), OLD, NEW)

    wanted = state(NEW, {})
    wanted.pop("secrets_providers")  # the new stack has its own
    wanted["resources"][2]["urn"] = wanted["resources"][2]["urn"].replace(f"::{NEW}", f"::{OLD}")
    assert found == wanted


def test_an_emptied_state_keeps_its_outputs_only() -> None:
    """Nothing is left that a destroy could remove, and the next phase still reads the outputs."""
    found = emptied(state(OLD, {"phase": "pilot"}))

    assert objects_in(state(OLD, {})) == {f"urn:pulumi:{OLD}::aifactory::kubernetes:core/v1:ConfigMap::{OLD}"}
    assert objects_in(found) == set()
    assert outputs_in(found) == {"phase": "pilot"}
    assert found["secrets_providers"] == {"type": "passphrase"}


@given(name=st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True))
def test_moving_there_and_back_changes_nothing(name: str) -> None:
    """Whatever the stacks are called, a move loses nothing."""
    before = {key: value for key, value in state(OLD, {}).items() if key != "secrets_providers"}

    assert moved(moved(before, OLD, name), name, OLD) == before


def test_a_state_that_was_never_written_is_empty() -> None:
    """The state of a stack that is only created holds nothing."""
    assert (objects_in({}), outputs_in({}), emptied({})["resources"]) == (set(), {}, [])
