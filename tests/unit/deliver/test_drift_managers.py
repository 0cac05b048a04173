"""Who wrote a field: the set of fields of each manager, walked along a path."""

from typing import Any

import pytest

from aifactory.deliver.drift_managers import Edit, editor_of, own_manager
from aifactory.deliver.drift_paths import FieldPath, value_at
from aifactory.manifests.model import KubernetesObject

OURS = "pulumi-kubernetes-1a2b"


def entry(manager: str, fields: Any, *, at: str = "2027-01-01T00:00:00Z", **more: Any) -> dict[str, Any]:
    """An entry of managedFields."""
    return {"manager": manager, "operation": "Update", "time": at, "fieldsV1": fields, **more}


def live(*entries: dict[str, Any]) -> KubernetesObject:
    """A live object of a few fields, with these entries."""
    return {
        "metadata": {"labels": {"a/b.c": "x"}, "managedFields": list(entries)},
        "spec": {
            "replicas": 3,
            "rules": [{"to": 1}, {"to": 2}],
            "containers": [{"name": "one", "image": "i"}, {"name": "two", "image": "j"}],
            "finalizers": ["f", "g"],
        },
    }


SPEC: dict[str, Any] = {"f:spec": {"f:replicas": {}}}
CONTAINER: dict[str, Any] = {"f:spec": {"f:containers": {'k:{"name":"two"}': {".": {}, "f:image": {}}}}}


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        (SPEC, ("spec", "replicas")),
        ({"f:metadata": {"f:labels": {"f:a/b.c": {}}}}, ("metadata", "labels", "a/b.c")),
        ({"f:spec": {"f:rules": {}}}, ("spec", "rules", "1", "to")),
        (CONTAINER, ("spec", "containers", "1", "image")),
        (CONTAINER, ("spec", "containers")),
        (CONTAINER, ("spec",)),
        ({"f:spec": {"f:finalizers": {'v:"g"': {}}}}, ("spec", "finalizers", "1")),
    ],
)
def test_the_owner_of_a_field(fields: Any, path: FieldPath) -> None:
    """A field belongs to who owns it, what it is in as a whole, or a part of it."""
    item = live(entry("other", {"f:status": {}}), entry("editor", fields))
    assert editor_of(item, path) == Edit(manager="editor", operation="Update", at="2027-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        (SPEC, ("spec", "rules")),
        (CONTAINER, ("spec", "containers", "0", "image")),
        (CONTAINER, ("spec", "containers", "1", "ports")),
        (CONTAINER, ("spec", "containers", "9")),
        ({"f:metadata": {"f:labels": {".": {}}}}, ("metadata", "labels", "a/b.c")),
        ({}, ("spec", "replicas")),
        (None, ("spec", "replicas")),
    ],
)
def test_what_is_somebody_elses(fields: Any, path: FieldPath) -> None:
    """A field that a manager does not own is not its edit; to own a container is not to own what is in it."""
    assert editor_of(live(entry("editor", fields)), path) is None


def test_of_several_owners_the_last_one_that_is_not_us() -> None:
    """Whoever shares a field with us brought it there; among others the latest counts."""
    ours = entry(OURS, SPEC, at="2027-01-09T00:00:00Z", operation="Apply")
    others = [entry("early", SPEC, at="2027-01-02T00:00:00Z"), entry("late", SPEC, at="2027-01-03T00:00:00Z")]
    item = live(*others, ours)
    assert own_manager(item) == OURS
    found = editor_of(item, ("spec", "replicas"))
    assert found is not None
    assert found.manager == "late"
    alone = editor_of(live(ours), ("spec", "replicas"))
    assert alone is not None
    assert alone.manager == OURS


def test_a_status_writer_is_no_editor() -> None:
    """What is written through a subresource is not the declaration's."""
    assert editor_of(live(entry("kubelet", SPEC, subresource="status")), ("spec", "replicas")) is None


def test_values_at_paths() -> None:
    """A path goes through mappings and lists; a step that leads nowhere gives nothing."""
    item = live()
    assert value_at(item, ("spec", "containers", "1", "image")) == "j"
    assert value_at(item, ("spec", "containers", "2")) is None
    assert value_at(item, ("spec", "containers", "name")) is None
    assert value_at(item, ("spec", "replicas", "x")) is None
    assert value_at(item, ()) == item
