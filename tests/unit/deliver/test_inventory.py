"""Desired against live: which differences count, and whose fields are whose."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from aifactory.deliver.inventory import FALLBACK_MANAGER, KINDS, differences, manager_of, prune
from aifactory.manifests.model import KubernetesObject

NAMES = st.text("abcxyz-_", min_size=1, max_size=4)
SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab1 ", max_size=3)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=4)


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The path of every scalar."""
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in leaves(item, (*path, key))]
    if isinstance(value, list):
        return [leaf for index, item in enumerate(value) for leaf in leaves(item, (*path, index))]
    return [path]


def widened(value: Any, more: Any) -> Any:
    """The value with a field of others in every mapping."""
    if isinstance(value, dict):
        return {**{key: widened(item, more) for key, item in value.items()}, "added-by-others": more}
    return [widened(item, more) for item in value] if isinstance(value, list) else value


@given(OBJECTS)
def test_an_object_does_not_differ_from_itself(wanted: dict[str, Any]) -> None:
    """Equal objects have no differences."""
    assert list(differences(wanted, copy.deepcopy(wanted))) == []


@given(OBJECTS, VALUES)
def test_fields_of_others_do_not_count(wanted: dict[str, Any], more: Any) -> None:
    """A live object with more fields, at any depth, has no differences."""
    assert list(differences(wanted, widened(wanted, more))) == []


@given(OBJECTS.filter(leaves), st.data())
def test_a_changed_leaf_is_named(wanted: dict[str, Any], data: st.DataObject) -> None:
    """A live scalar of another value gives its path, and no other one."""
    path = data.draw(st.sampled_from(leaves(wanted)))
    live: Any = copy.deepcopy(wanted)
    place = live
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = "changed by others"

    assert list(differences(wanted, live)) == [".".join(map(str, path))]


@given(OBJECTS.filter(bool), st.data())
def test_a_lost_field_is_named_unless_it_was_empty(wanted: dict[str, Any], data: st.DataObject) -> None:
    """A field that the live object lacks gives its path; an empty one may be dropped by the API server."""
    name = data.draw(st.sampled_from(sorted(wanted)))
    live = {key: value for key, value in wanted.items() if key != name}

    empty = wanted[name] is None or wanted[name] in ({}, [])
    assert list(differences(wanted, live)) == ([] if empty else [name])


@given(st.lists(VALUES, max_size=3), st.lists(VALUES, min_size=1, max_size=2))
def test_a_longer_list_is_a_difference(wanted: list[Any], more: list[Any]) -> None:
    """Lists are compared as a whole: an element of others counts."""
    live: JsonValue = {"items": wanted + more}

    assert list(differences({"items": wanted}, live)) == ["items"]


@pytest.mark.parametrize(
    ("wanted", "live"), [({"a": 1}, {"a": True}), ({"a": 0}, {"a": False}), ({"a": False}, {"a": 0})]
)
def test_a_switch_is_not_a_number(wanted: JsonValue, live: JsonValue) -> None:
    """True and 1 are different values of a field."""
    assert list(differences(wanted, live)) == ["a"]


@pytest.mark.parametrize(("wanted", "live"), [({"a": {"b": 1}}, {"a": [1]}), ({"a": [1]}, {"a": "1"})])
def test_another_shape_is_a_difference(wanted: JsonValue, live: JsonValue) -> None:
    """A mapping, a list and a scalar differ from one another."""
    assert list(differences(wanted, live)) == ["a"]


def test_kinds_are_sorted_within_their_group_and_unique() -> None:
    """No kind is named twice; what is secret or a node is never ours to prune."""
    assert len(set(KINDS)) == len(KINDS)
    assert not {kind for _, kind in KINDS} & {"Secret", "Node", "PersistentVolume", "Pod"}


def live_with(*entries: JsonValue) -> KubernetesObject:
    """A live object with entries of managedFields."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", "managedFields": list(entries)},
    }


@pytest.mark.parametrize(
    ("live", "manager"),
    [
        (live_with({"manager": "pulumi-kubernetes-1a2b", "operation": "Apply"}), "pulumi-kubernetes-1a2b"),
        (
            live_with(
                {"manager": "kubectl", "operation": "Apply"}, {"manager": "aifactory", "operation": "Apply"}
            ),
            "aifactory",
        ),
        (live_with({"manager": "pulumi-kubernetes-1a2b", "operation": "Update"}), FALLBACK_MANAGER),
        (live_with({"manager": "kubectl", "operation": "Apply"}), FALLBACK_MANAGER),
        (live_with("torn", {"operation": "Apply"}), FALLBACK_MANAGER),
        ({"metadata": {"managedFields": None}}, FALLBACK_MANAGER),
        ({}, FALLBACK_MANAGER),
    ],
)
def test_our_manager_is_the_one_that_applied(live: KubernetesObject, manager: str) -> None:
    """The manager is that of our own apply; without one it is the fallback."""
    assert manager_of(live) == manager


class Graveyard:
    """A cluster that remembers the order of deletions."""

    def __init__(self) -> None:
        self.gone: list[str] = []

    def delete(self, manifest: KubernetesObject) -> bool:
        """Delete an object; the ConfigMap was gone already."""
        self.gone.append(str(manifest["kind"]))
        return manifest["kind"] != "ConfigMap"


def test_namespaces_are_pruned_last() -> None:
    """What is in a namespace goes before it, and only what was there is counted."""
    cluster = Graveyard()
    items: list[KubernetesObject] = [
        {"kind": k} for k in ("Namespace", "ConfigMap", "Job", "Namespace", "Job")
    ]

    counted = prune(cluster, items)  # type: ignore[arg-type] # stands in for a cluster

    assert counted == 4
    assert cluster.gone[-2:] == ["Namespace", "Namespace"]
