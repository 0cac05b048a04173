"""Images that charts pull by their own defaults, and the values that say where from.

Values are those of gpu-operator v26.7 (https://github.com/NVIDIA/gpu-operator), node-feature-discovery 0.19
(https://github.com/kubernetes-sigs/node-feature-discovery) and dra-driver-nvidia-gpu 0.4
(https://github.com/kubernetes-sigs/dra-driver-nvidia-gpu). The operands of the GPU Operator are not among them:
ClusterPolicy and NVIDIADriver name these.
"""

from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from aifactory.manifests.model import ManifestModel


class ChartImage(ManifestModel):
    """An image that a chart pulls."""

    chart: str
    """Catalogue id of the chart."""
    image: str
    """Catalogue id of the image."""
    path: tuple[str, ...]
    """The value that holds the image's repository."""
    whole: bool = True
    """Whether the value is all of the repository; the GPU Operator's have the last part in a value of its own."""
    needs: tuple[str, ...] = ()
    """The value that has to be true for the image to be pulled; none means that it always is."""
    follows: str | None = None
    """What stands before the chart's version in the image's tag; None where the tag is the image's own pin."""


CHART_IMAGES = (
    ChartImage(
        chart="gpu-operator", image="gpu-operator", path=("operator", "repository"), whole=False, follows=""
    ),
    # What the operator takes for an NVIDIADriver that names no manager; ours name one.
    ChartImage(
        chart="gpu-operator", image="driver-manager", path=("driver", "manager", "repository"), whole=False
    ),
    ChartImage(
        chart="gpu-operator",
        image="node-feature-discovery",
        path=("node-feature-discovery", "image", "repository"),
        needs=("nfd", "enabled"),
    ),
    ChartImage(
        chart="node-feature-discovery",
        image="node-feature-discovery",
        path=("image", "repository"),
        follows="v",
    ),
    ChartImage(
        chart="nvidia-dra-driver", image="nvidia-dra-driver", path=("image", "repository"), follows="v"
    ),
)


def pulled(chart: str, values: Mapping[str, JsonValue]) -> Iterator[ChartImage]:
    """The images that a chart pulls by its own defaults, with these values.

    Args:
        chart: Catalogue id of the chart.
        values: The values that it is installed with.
    """
    for row in CHART_IMAGES:
        if row.chart == chart and (not row.needs or _at(values, row.needs) is True):
            yield row


def from_registry(
    chart: str, values: Mapping[str, JsonValue], images: Mapping[str, str]
) -> dict[str, JsonValue]:
    """A chart's values, with the places that its own images are pulled from.

    Args:
        chart: Catalogue id of the chart.
        values: The values without them.
        images: References by catalogue id, as the stack pulls them.

    Raises:
        ValueError: If one of the images is not pinned.
    """
    merged: dict[str, JsonValue] = {**values}
    for row in pulled(chart, values):
        if row.image not in images:
            raise ValueError(f"the catalogue pins no image '{row.image}', which the chart '{chart}' needs")
        repository = images[row.image].partition("@")[0].rpartition(":")[0]
        merged = _with(merged, row.path, repository if row.whole else repository.rpartition("/")[0])
    return merged


def _at(values: Mapping[str, JsonValue], path: tuple[str, ...]) -> JsonValue:
    place: JsonValue = dict(values)
    for step in path:
        place = place.get(step) if isinstance(place, dict) else None
    return place


def _with(values: Mapping[str, JsonValue], path: tuple[str, ...], value: str) -> dict[str, JsonValue]:
    """A copy of the values with one of them set."""
    if len(path) == 1:
        return {**values, path[0]: value}
    inner = values.get(path[0])
    return {**values, path[0]: _with(inner if isinstance(inner, dict) else {}, path[1:], value)}
