"""Who wrote a field of a live object, by ``metadata.managedFields``: this tool, or somebody else."""

from collections.abc import Iterator, Mapping

from pydantic import BaseModel, ConfigDict, JsonValue

from aifactory.deliver.drift_paths import FieldPath
from aifactory.manifests.model import KubernetesObject
from aifactory.manifests.owned_fields import element

_OUR_MANAGERS = ("pulumi-kubernetes", "aifactory")
FALLBACK_MANAGER = "aifactory"


class Edit(BaseModel):
    """The last write of a field that the API server remembers."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    manager: str
    operation: str
    """``Apply`` or ``Update``."""
    at: str | None
    """Time of the write, in UTC, as RFC 3339 has it."""


def is_ours(entry: Mapping[str, JsonValue]) -> bool:
    """Whether an entry of ``managedFields`` is an apply of this tool, or of the provider it drives."""
    name = entry.get("manager")
    return isinstance(name, str) and entry.get("operation") == "Apply" and name.startswith(_OUR_MANAGERS)


def entries_of(live: KubernetesObject) -> list[dict[str, JsonValue]]:
    """The entries of a live object's ``managedFields``."""
    metadata = live.get("metadata")
    entries = metadata.get("managedFields") if isinstance(metadata, dict) else None
    return [entry for entry in (entries if isinstance(entries, list) else []) if isinstance(entry, dict)]


def own_manager(live: KubernetesObject) -> str | None:
    """The field manager under which we applied the live object; None where we did not."""
    return next((str(entry["manager"]) for entry in entries_of(live) if is_ours(entry)), None)


def manager_of(live: KubernetesObject) -> str:
    """The field manager under which to apply the object: the one we applied it with, or else our own name."""
    return own_manager(live) or FALLBACK_MANAGER


def editor_of(live: KubernetesObject, path: FieldPath) -> Edit | None:
    """Who wrote the field at a path, or what is below it, last.

    None where nobody owns it: who removes a field leaves no trace in the object.

    Args:
        live: A live object with ``metadata.managedFields``.
        path: Path of the field.
    """
    holders = [
        entry for entry in entries_of(live) if not entry.get("subresource") and _holds(entry, live, path)
    ]
    # Of several owners of one field, the one that is not us brought the value that we do not want.
    last = max(holders, key=lambda entry: (not is_ours(entry), str(entry.get("time") or "")), default=None)
    if last is None:
        return None
    at = last.get("time")
    return Edit(
        manager=str(last.get("manager")),
        operation=str(last.get("operation")),
        at=at if isinstance(at, str) else None,
    )


def _holds(entry: Mapping[str, JsonValue], live: KubernetesObject, path: FieldPath) -> bool:
    fields: JsonValue = entry.get("fieldsV1")
    return isinstance(fields, dict) and bool(fields) and _owns(fields, live, path)


def _owns(fields: Mapping[str, JsonValue], value: JsonValue, path: FieldPath) -> bool:
    """Whether a set of fields owns the place at a path, all that it is in, or a part of it."""
    if not path or not fields:  # a set without content owns a field with all that is in it
        return True
    return any(_owns(below, inner, path[1:]) for below, inner in _next(fields, value, path[0]))


def _next(
    fields: Mapping[str, JsonValue], value: JsonValue, step: str
) -> Iterator[tuple[Mapping[str, JsonValue], JsonValue]]:
    """What a set of fields names of one step into a value, and the value there."""
    if isinstance(value, dict):
        below = fields.get(f"f:{step}")
        if isinstance(below, dict):
            yield below, value.get(step)
    elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
        item = value[int(step)]
        found = element(item, fields)
        if found is not None:
            yield found, item
