"""What of a live object is ours: the fields that one manager owns, by ``metadata.managedFields``.

The form is FieldsV1 of structured merge diff v4 (https://github.com/kubernetes-sigs/structured-merge-diff,
fieldpath/serialize-pe.go): ``f:`` names a field, ``k:`` an element of a list by its keys, ``v:`` an element by
its value, ``.`` the container itself. A field without children is owned with all that is in it.
"""

import json
from collections.abc import Mapping

from pydantic import JsonValue

from aifactory.manifests.model import KubernetesObject


def owned(live: KubernetesObject, manager: str) -> KubernetesObject:
    """The live object with its identity and the fields that a manager owns, and no others.

    An object that the manager owns nothing of comes back whole but for what the API server adds: better too
    much to compare than nothing.

    Args:
        live: A live object with ``metadata.managedFields``.
        manager: Name of the field manager.
    """
    metadata = live.get("metadata")
    known = metadata if isinstance(metadata, dict) else {}
    entries = known.get("managedFields")
    sets = [
        entry.get("fieldsV1")
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict) and entry.get("manager") == manager and not entry.get("subresource")
    ]
    kept: JsonValue = {}
    for fields in sets:
        kept = _merged(kept, _kept(live, fields)) if isinstance(fields, dict) else kept
    if not isinstance(kept, dict) or not kept:
        kept = {name: value for name, value in live.items() if name not in ("status", "metadata")}
        kept["metadata"] = {key: known[key] for key in ("labels", "annotations") if key in known}
    ours = kept.get("metadata")
    identity: KubernetesObject = {key: known[key] for key in ("name", "namespace") if key in known}
    named: KubernetesObject = {key: live[key] for key in ("apiVersion", "kind") if key in live}
    return {**kept, **named, "metadata": {**(ours if isinstance(ours, dict) else {}), **identity}}


def asked_of(live: JsonValue, wanted: JsonValue) -> JsonValue:
    """The part of a live value that a wanted one speaks of; lists of another length are kept whole."""
    if isinstance(live, dict) and isinstance(wanted, dict):
        return {name: asked_of(live[name], value) for name, value in wanted.items() if name in live}
    if isinstance(live, list) and isinstance(wanted, list) and len(live) == len(wanted):
        return [asked_of(one, other) for one, other in zip(live, wanted, strict=True)]
    return live


def joined(one: KubernetesObject, other: KubernetesObject) -> KubernetesObject:
    """Both parts of one object; where both have a scalar or a list, that of the second."""
    merged = _merged(one, other)
    return merged if isinstance(merged, dict) else other


def _kept(value: JsonValue, fields: Mapping[str, JsonValue]) -> JsonValue:
    """The part of a value that a set of fields names."""
    inner = {name: below for name, below in fields.items() if name != "."}
    if not inner:
        return value
    if isinstance(value, dict):
        return {
            name.removeprefix("f:"): _kept(value[name.removeprefix("f:")], _set(below))
            for name, below in inner.items()
            if name.startswith("f:") and name.removeprefix("f:") in value
        }
    if isinstance(value, list):
        found = ((item, element(item, inner)) for item in value)
        return [_kept(item, below) for item, below in found if below is not None]
    return value


def _set(below: JsonValue) -> Mapping[str, JsonValue]:
    return below if isinstance(below, dict) else {}


def element(item: JsonValue, fields: Mapping[str, JsonValue]) -> Mapping[str, JsonValue] | None:
    """What a set of fields names of an element of a list; None where the element is somebody else's."""
    for name, below in fields.items():
        key = json.loads(name[2:]) if name[:2] in ("k:", "v:") else None
        if name.startswith("v:") and key == item:
            return {}
        # A key that has its default may be missing in the element.
        if (
            name.startswith("k:")
            and isinstance(item, dict)
            and isinstance(key, dict)
            and all(item.get(part, wanted) == wanted for part, wanted in key.items())
        ):
            return _set(below)
    return None


def _merged(one: JsonValue, other: JsonValue) -> JsonValue:
    """Both parts of one value; lists of two entries of one manager do not happen, the second one wins."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {**one, **{k: _merged(one[k], v) if k in one else v for k, v in other.items()}}
    return other
