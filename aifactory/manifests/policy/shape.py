"""Whether a workload has the shape that rules look at: what is no pod is not passed over, but reported."""

from collections.abc import Iterator

from pydantic import JsonValue

from aifactory.manifests.disruption.model import at
from aifactory.manifests.model import KubernetesObject

Path = tuple[str, ...]
CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
"""Fields of a pod that hold containers."""
_LISTS = (*CONTAINERS, "volumes", "tolerations")
_FLAGS: tuple[Path, ...] = (
    *(("hostNetwork",), ("hostPID",), ("hostIPC",)),
    ("securityContext", "runAsNonRoot"),
)
_MAPPINGS: tuple[Path, ...] = (("securityContext",), ("securityContext", "seccompProfile"))
_CONTAINER_LISTS = ("env", "ports")
_CONTAINER_NAMES: tuple[Path, ...] = (
    ("securityContext", "capabilities", "add"),
    ("securityContext", "capabilities", "drop"),
)
_CONTAINER_MAPPINGS: tuple[Path, ...] = (
    *_MAPPINGS,
    ("securityContext", "capabilities"),
    *(("resources",), ("resources", "requests"), ("resources", "limits")),
)
_CONTAINER_FLAGS: tuple[Path, ...] = tuple(
    ("securityContext", name) for name in ("privileged", "allowPrivilegeEscalation", "runAsNonRoot")
)


def faults(item: KubernetesObject, template: Path) -> Iterator[str]:
    """What keeps rules from looking at the pods of an object, with its place; nothing where all is readable.

    Args:
        item: The object.
        template: Where it describes its pods; empty for a pod itself.
    """
    value, path = item, (*template, "spec")
    for count, step in enumerate(path, start=1):
        inner = value.get(step)
        if not isinstance(inner, dict):
            yield f"{'.'.join(path[:count])} is {'missing' if inner is None else 'no mapping'}"
            return
        value = inner
    place = ".".join(path)
    if not value.get("containers"):
        yield f"{place}.containers names no container"
    yield from _of_kind(value, place, _MAPPINGS, dict, "no mapping")
    yield from _of_kind(value, place, _FLAGS, bool, "neither true nor false")
    for name in _LISTS:
        yield from _entries(value, f"{place}.{name}", name)


def _entries(value: dict[str, JsonValue], place: str, name: str) -> Iterator[str]:
    """What is wrong with a list of mappings, and with the containers in it."""
    held = value.get(name)
    if held is not None and not isinstance(held, list):
        yield f"{place} is no list"
        return
    for index, entry in enumerate(held or ()):
        if not isinstance(entry, dict):
            yield f"{place}[{index}] is no mapping"
        elif name in CONTAINERS:
            yield from _container(entry, f"{place}[{index}]")


def _container(value: dict[str, JsonValue], place: str) -> Iterator[str]:
    yield from _of_kind(value, place, _CONTAINER_MAPPINGS, dict, "no mapping")
    yield from _of_kind(value, place, _CONTAINER_FLAGS, bool, "neither true nor false")
    yield from _of_kind(value, place, _CONTAINER_NAMES, list, "no list")
    for name in _CONTAINER_LISTS:
        yield from _entries(value, f"{place}.{name}", name)


def _of_kind(
    value: dict[str, JsonValue], place: str, paths: tuple[Path, ...], kind: type, what: str
) -> Iterator[str]:
    for path in paths:
        found = at(value, *path)
        if found is not None and not isinstance(found, kind):
            yield f"{place}.{'.'.join(path)} is {what}"
