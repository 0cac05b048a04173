"""Strict JSON schemas of Kubernetes' kinds: from CustomResourceDefinitions, and from an API server's OpenAPI v3.

They refuse unknown fields, as the API server does with strict field validation, so that a tree of manifests can
be checked where there is no cluster. Names of files are those that kubeconform asks for with the location
``{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json`` (https://github.com/yannh/kubeconform).
CEL rules (``x-kubernetes-validations``) and admission are not in them.
"""

from collections.abc import Iterator

from pydantic import JsonValue

from aifactory.manifests.disruption.model import at, mapping_at

Schema = dict[str, JsonValue]
_DRAFT: Schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
_REF = "#/components/schemas/"
_JUNCTORS = ("allOf", "anyOf", "oneOf", "not")
"""Parts that only check further what the schema around them describes; unknown fields are not theirs to refuse."""
_DROPPED = {"format", "description", "default", "example", "externalDocs"}
"""Keywords that check nothing in an API server, or nothing that JSON Schema checks in the same way."""
_TEXTS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
_METADATA: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string"},
        "generateName": {"type": "string"},
        "namespace": {"type": "string"},
        "labels": _TEXTS,
        "annotations": _TEXTS,
        "finalizers": {"type": "array", "items": {"type": "string"}},
        "ownerReferences": {"type": "array", "items": {"type": "object"}},
    },
}
"""The metadata that a manifest may have; what the API server fills in is not among it."""


def file_name(api_version: str, kind: str) -> str:
    """Path of a kind's schema, for example ``apps/daemonset_v1.json``."""
    group, _, version = api_version.rpartition("/")
    return f"{group or version}/{kind.lower()}_{version}.json"


def of_crd(crd: dict[str, JsonValue]) -> Iterator[tuple[str, Schema]]:
    """File and schema of every version that a CustomResourceDefinition serves."""
    group, kind = str(at(crd, "spec", "group")), str(at(crd, "spec", "names", "kind"))
    versions = at(crd, "spec", "versions")
    for version in versions if isinstance(versions, list) else []:
        if not at(version, "served"):
            continue
        schema = _strict(mapping_at(version, "schema", "openAPIV3Schema"), defaulted=True)
        properties = mapping_at(schema, "properties")
        own: Schema = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": _METADATA}
        yield (
            file_name(f"{group}/{at(version, 'name')}", kind),
            {**_DRAFT, **schema, "type": "object", "properties": {**properties, **own}},
        )


def of_openapi(document: dict[str, JsonValue]) -> Iterator[tuple[str, Schema]]:
    """File and schema of every kind that an OpenAPI v3 document of an API server describes, lists left out."""
    schemas = {
        name: _strict(content, defaulted=False)
        for name, content in mapping_at(document, "components", "schemas").items()
        if isinstance(content, dict)
    }
    for name, content in mapping_at(document, "components", "schemas").items():
        kinds = at(content, "x-kubernetes-group-version-kind")
        # Options of requests, such as DeleteOptions, are of every group; a kind is of one.
        if not isinstance(kinds, list) or len(kinds) != 1 or not at(content, "properties", "metadata"):
            continue
        group, version, kind = (str(at(kinds[0], field)) for field in ("group", "version", "kind"))
        if kind.endswith("List"):
            continue
        needed: Schema = {one: schemas[one] for one in sorted(_reached(name, schemas))}
        yield (
            file_name(f"{group}/{version}" if group else version, kind),
            {**_DRAFT, "$ref": f"{_REF}{name}", "components": {"schemas": needed}},
        )


def _reached(name: str, schemas: dict[str, Schema]) -> set[str]:
    """Names of the schemas that one leads to, itself among them."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one not in found and one in schemas:
            found.add(one)
            waiting += list(_references(schemas[one]))
    return found


def _references(value: JsonValue) -> Iterator[str]:
    if isinstance(value, dict):
        reference = value.get("$ref")
        if isinstance(reference, str):
            yield reference.removeprefix(_REF)
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def _strict(schema: dict[str, JsonValue], *, defaulted: bool, whole: bool = True) -> Schema:
    """A schema that refuses unknown fields.

    Args:
        schema: A schema of an API.
        defaulted: Whether the API server fills in defaults before it looks for required fields, as for CRDs.
        whole: Whether this describes a value, and not only a further check of one.
    """
    out = _typed(schema)
    for key in _JUNCTORS:
        if key in out:
            out[key] = _each(out[key], defaulted=defaulted, whole=False)
    for key in ("items", "additionalProperties"):
        if isinstance(out.get(key), dict):
            out[key] = _each(out[key], defaulted=defaulted, whole=whole)
    properties = mapping_at(schema, "properties")
    if properties:
        out["properties"] = {
            name: _each(item, defaulted=defaulted, whole=whole) for name, item in properties.items()
        }
    required = out.pop("required", None)
    if isinstance(required, list):
        asked = [
            name for name in required if not defaulted or "default" not in mapping_at(properties, str(name))
        ]
        out.update({"required": asked} if asked else {})
    described = properties and "additionalProperties" not in schema
    if whole and described and not schema.get("x-kubernetes-preserve-unknown-fields"):
        out["additionalProperties"] = False
        if schema.get("x-kubernetes-embedded-resource"):
            out["properties"] = {
                "apiVersion": {},
                "kind": {},
                "metadata": {},
                **mapping_at(out, "properties"),
            }
    return out


def _typed(schema: dict[str, JsonValue]) -> Schema:
    """The keywords that check something, with Kubernetes' own ways to say a type as JSON Schema says it."""
    out = {key: value for key, value in schema.items() if key not in _DROPPED and not key.startswith("x-")}
    out.pop("nullable", None)
    if schema.get("x-kubernetes-int-or-string"):
        out["type"] = ["integer", "string"]
    elif schema.get("nullable") and isinstance(out.get("type"), str):
        out["type"] = [out["type"], "null"]
    for limit in ("Minimum", "Maximum"):
        # OpenAPI 3.0 says that a limit is exclusive, JSON Schema says which limit is.
        if out.get(f"exclusive{limit}") is True:
            out[f"exclusive{limit}"] = out.pop(limit.lower())
        elif out.get(f"exclusive{limit}") is False:
            del out[f"exclusive{limit}"]
    return out


def _each(value: JsonValue, *, defaulted: bool, whole: bool) -> JsonValue:
    if isinstance(value, list):
        return [_each(item, defaulted=defaulted, whole=whole) for item in value]
    return _strict(value, defaulted=defaulted, whole=whole) if isinstance(value, dict) else value
