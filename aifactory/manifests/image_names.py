"""Container images that objects and chart values name, in the three forms that they name them."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pydantic import JsonValue

OS_TAGGED = ("driver", "nvidia-fs")
"""Images of which the GPU Operator pulls one for each operating system: it adds ``-<os>`` to the version
(gpu-operator v26.7, internal/image and internal/state/driver.go)."""


class Named(NamedTuple):
    """An image, where it is named."""

    reference: str
    path: str
    """Dotted path of the mapping that names it."""
    off: bool
    """Whether the part of the object that names it is switched off."""
    by_os: bool
    """Whether the operating system of the node comes behind the version."""


def images_in(value: JsonValue, path: str = "", *, off: bool = False) -> Iterator[Named]:
    """Every image that a value names.

    - ``{image}``: a container of a pod.
    - ``{repository, image, version}``: a part of a ClusterPolicy or an NVIDIADriver.
    - ``{repository, tag}``: a chart's value.

    Args:
        value: An object, or a chart's values, or a part of them.
        path: Dotted path of the value.
        off: Whether it belongs to something that is switched off.
    """
    if isinstance(value, dict):
        off = off or value.get("enabled") is False
        reference = _reference(value)
        if reference is not None:
            last = reference.rpartition("/")[2].partition(":")[0]
            by_os = "version" in value and last in OS_TAGGED
            yield Named(reference, path, off, by_os)
        for name, inner in value.items():
            yield from images_in(inner, f"{path}.{name}" if path else name, off=off)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from images_in(inner, f"{path}.{index}", off=off)


def _reference(part: Mapping[str, JsonValue]) -> str | None:
    image, repository = part.get("image"), part.get("repository")
    if not isinstance(repository, str):
        return image if isinstance(image, str) else None
    version, tag = part.get("version"), part.get("tag")
    if isinstance(image, str) and isinstance(version, str):
        return f"{repository}/{image}{'@' if version.startswith('sha256:') else ':'}{version}"
    return f"{repository}:{tag}" if isinstance(tag, str) else None
