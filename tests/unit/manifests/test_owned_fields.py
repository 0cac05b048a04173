"""Which fields of a live object are ours, and what of it cannot be changed in place."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aifactory.manifests.immutable import IMMUTABLE, replaced_by
from aifactory.manifests.owned_fields import asked_of, joined, owned

OURS = "pulumi-kubernetes-1"
FIELDS: dict[str, Any] = {
    "f:metadata": {"f:labels": {"f:mine": {}}},
    "f:spec": {
        "f:whole": {},
        "f:part": {".": {}, "f:a": {}},
        "f:ports": {'k:{"port":1,"protocol":"TCP"}': {".": {}, "f:port": {}, "f:name": {}}},
        "f:words": {'v:"mine"': {}},
    },
}
LIVE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Thing",
    "metadata": {
        "name": "a",
        "namespace": "b",
        "uid": "1",
        "labels": {"mine": "1", "theirs": "2"},
        "managedFields": [
            {"manager": OURS, "fieldsV1": FIELDS},
            {"manager": OURS, "fieldsV1": {"f:status": {"f:seen": {}}}, "subresource": "status"},
            {"manager": "kubectl", "fieldsV1": {"f:spec": {"f:extra": {}}}},
            "torn",
        ],
    },
    "spec": {
        "whole": {"x": [1, 2]},
        "part": {"a": 1, "b": 2},
        "ports": [{"port": 1, "name": "p", "nodePort": 9}, {"port": 2, "protocol": "TCP"}],
        "words": ["theirs", "mine"],
        "extra": True,
    },
    "status": {"seen": 1},
}


def test_only_our_fields_are_kept() -> None:
    """Fields, list elements and values of others are left out; a field without children is ours as a whole."""
    assert owned(LIVE, OURS) == {
        "apiVersion": "v1",
        "kind": "Thing",
        "metadata": {"name": "a", "namespace": "b", "labels": {"mine": "1"}},
        "spec": {
            "whole": {"x": [1, 2]},
            "part": {"a": 1},
            "ports": [{"port": 1, "name": "p"}],
            "words": ["mine"],
        },
    }


def test_an_object_that_is_nobodys_is_kept_whole() -> None:
    """Without an entry of ours all fields but those of the API server are kept."""
    kept = owned(LIVE, "somebody")

    assert kept["spec"] == LIVE["spec"]
    assert kept["metadata"] == {"name": "a", "namespace": "b", "labels": LIVE["metadata"]["labels"]}
    assert "status" not in kept


def test_two_entries_of_one_manager_add_up() -> None:
    """Fields of two versions of the API are ours together."""
    live = copy.deepcopy(LIVE)
    live["metadata"]["managedFields"].append({"manager": OURS, "fieldsV1": {"f:spec": {"f:extra": {}}}})

    assert owned(live, OURS)["spec"] == {**owned(LIVE, OURS)["spec"], "extra": True}  # type: ignore[dict-item]


def test_what_is_asked_of_an_object() -> None:
    """Only what is wanted is looked at; a list of another length is looked at as a whole."""
    wanted: Any = {
        "spec": {"part": {"b": 0}, "ports": [{"port": 7}, {"port": 8}], "words": ["one"], "new": 1}
    }

    assert asked_of(LIVE, wanted) == {
        "spec": {"part": {"b": 2}, "ports": [{"port": 1}, {"port": 2}], "words": ["theirs", "mine"]}
    }


SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=2)
OBJECTS = st.dictionaries(
    st.text("xyz", min_size=1, max_size=2),
    st.recursive(SCALARS, lambda inner: st.dictionaries(st.text("xyz", min_size=1, max_size=2), inner)),
    max_size=3,
)


@given(OBJECTS)
def test_an_object_asked_of_itself_is_itself(item: dict[str, Any]) -> None:
    """Nothing is lost or invented, and joining an object with itself changes nothing."""
    assert asked_of(item, item) == item
    assert joined(item, item) == item


@pytest.mark.parametrize("kind", sorted(IMMUTABLE))
def test_immutable_fields(kind: str) -> None:
    """Another value of each immutable field is named; an absent one and an empty one are the same."""
    for field in IMMUTABLE[kind]:
        assert replaced_by({"kind": kind, field: {"a": 1}}, {"kind": kind, field: {"a": 2}}) == (field,)
        assert replaced_by({"kind": kind}, {"kind": kind, field: {}}) == ()
    assert replaced_by({"kind": "ConfigMap", "data": {"a": "1"}}, {"kind": "ConfigMap", "data": {}}) == ()
