"""Schemas refuse what an API server refuses with strict field validation, and nothing that it accepts."""

from typing import Any

import jsonschema
import pytest

from aifactory.manifests.json_schemas import file_name, of_crd, of_openapi

SPEC: dict[str, Any] = {
    "type": "object",
    "required": ["size", "mode"],
    "properties": {
        "size": {"type": "integer", "exclusiveMinimum": True, "minimum": 0, "format": "int32"},
        "mode": {"type": "string", "default": "fast"},
        "port": {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
        "note": {"type": "string", "nullable": True},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": {"a": {}}},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "items": {
            "type": "array",
            "items": {"type": "object", "properties": {"default": {"type": "boolean"}}},
        },
        "embedded": {
            "type": "object",
            "x-kubernetes-embedded-resource": True,
            "properties": {"spec": {"type": "object"}},
        },
    },
    "anyOf": [{"properties": {"size": {"maximum": 9}}, "required": ["size"]}],
}
CRD: dict[str, Any] = {
    "kind": "CustomResourceDefinition",
    "spec": {
        "group": "example.dev",
        "names": {"kind": "Widget"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": SPEC}}},
            },
            {"name": "v0", "served": False},
        ],
    },
}
OPENAPI: dict[str, Any] = {
    "components": {
        "schemas": {
            "Daemon": {
                "x-kubernetes-group-version-kind": [{"group": "apps", "version": "v1", "kind": "Daemon"}],
                "properties": {
                    "metadata": {"type": "object"},
                    "spec": {"allOf": [{"$ref": "#/components/schemas/Spec"}], "default": {}},
                },
            },
            "Spec": {
                "type": "object",
                "properties": {"name": {"type": "string", "default": ""}},
                "required": ["name"],
            },
            "DaemonList": {
                "x-kubernetes-group-version-kind": [{"group": "apps", "version": "v1", "kind": "DaemonList"}],
                "properties": {"metadata": {}},
            },
            "Unrelated": {"type": "object"},
        }
    }
}


def widget(**spec: Any) -> dict[str, Any]:
    """A custom resource."""
    return {"apiVersion": "example.dev/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": spec}


def valid(schema: Any, item: Any) -> bool:
    """Whether a schema accepts an object."""
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema).is_valid(item)


@pytest.mark.parametrize(
    ("spec", "accepted"),
    [
        ({"size": 1}, True),  # mode has a default
        ({}, False),
        ({"size": 0}, False),
        ({"size": 10}, False),  # the further check
        ({"size": 1, "unknown": 1}, False),
        ({"size": 1, "port": 80}, True),
        ({"size": 1, "port": "http"}, True),
        ({"size": 1, "port": True}, False),
        ({"size": 1, "note": None}, True),
        ({"size": 1, "mode": None}, False),
        ({"size": 1, "free": {"anything": 1}}, True),
        ({"size": 1, "labels": {"any": "text"}}, True),
        ({"size": 1, "labels": {"any": 1}}, False),
        ({"size": 1, "items": [{"default": True}]}, True),
        ({"size": 1, "items": [{"defualt": True}]}, False),
        ({"size": 1, "embedded": {"kind": "A", "apiVersion": "v1", "metadata": {}, "spec": {}}}, True),
        ({"size": 1, "embedded": {"status": {}}}, False),
    ],
)
def test_a_custom_resource_is_held_to_its_definition(spec: dict[str, Any], accepted: bool) -> None:
    """Unknown fields, wrong types and missing fields are refused, defaults and free fields are allowed for."""
    ((name, schema),) = of_crd(CRD)

    assert name == "example.dev/widget_v1.json"
    assert valid(schema, widget(**spec)) is accepted


def test_metadata_is_strict_too() -> None:
    """A misspelt field of the metadata is refused, and so is a label that is no text."""
    ((_, schema),) = of_crd(CRD)

    assert valid(schema, widget(size=1))
    for metadata in ({"name": "w", "label": {}}, {"name": "w", "labels": {"a": 1}}):
        assert not valid(schema, {**widget(size=1), "metadata": metadata})


def test_kinds_of_an_api_server_are_read() -> None:
    """A kind has what it refers to and nothing else; lists have none; a default does not excuse a missing field."""
    ((name, schema),) = of_openapi(OPENAPI)
    components: Any = schema["components"]

    assert name == "apps/daemon_v1.json"
    assert set(components["schemas"]) == {"Daemon", "Spec"}
    assert valid(schema, {"metadata": {}, "spec": {"name": "a"}})
    assert not valid(schema, {"metadata": {}, "spec": {"name": "a", "other": 1}})
    assert not valid(schema, {"metadata": {}, "spec": {}})


def test_files_are_named_as_kubeconform_asks_for_them() -> None:
    """Group, then kind and version; a kind of the core group is below its version."""
    assert file_name("apps/v1", "DaemonSet") == "apps/daemonset_v1.json"
    assert file_name("v1", "Namespace") == "v1/namespace_v1.json"
