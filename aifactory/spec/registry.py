"""The registry of a site that pulls nothing from the internet."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from aifactory.spec.registry_place import CHARTS_PATTERN, PLACE_PATTERN, chart_place, image_place
from aifactory.spec.units import Section

OsTag = Annotated[str, StringConstraints(pattern=r"^[a-z]+[0-9][a-z0-9.]*$")]
DEFAULT_NODE_OS = ("ubuntu24.04",)
"""Operating system of GPU nodes where a stack names none: an assumption."""
_DEFAULT_HOST = "docker.io"


class Registry(Section):
    """Where images and charts are pulled from instead of their own registries.

    An image keeps its full name below ``mirror``, its own registry included, and so its tag and its digest:
    ``nvcr.io/nvidia/driver:1`` becomes ``registry.example/aifactory/nvcr.io/nvidia/driver:1``. No two images of two
    registries can meet there. ``aifactory mirror`` lists what has to be in it.
    """

    mirror: Annotated[
        str,
        StringConstraints(max_length=200),
        AfterValidator(image_place),
        Field(json_schema_extra={"pattern": PLACE_PATTERN}),
    ]
    """Host, port if any, and path that stand before every image, for example ``registry.ulsan.example/aifactory``."""
    charts: (
        Annotated[
            str,
            StringConstraints(max_length=200),
            AfterValidator(chart_place),
            Field(json_schema_extra={"pattern": CHARTS_PATTERN}),
        ]
        | None
    ) = None
    """Repository of every chart; none means ``charts`` below the mirror."""
    node_os: Annotated[tuple[OsTag, ...], Field(min_length=1)] = DEFAULT_NODE_OS
    """Operating systems of the GPU nodes as NVIDIA writes them behind a driver's version; the GPU Operator adds them
    to the driver image by itself, and so the mirror has to hold one driver image for each."""

    @property
    def chart_repository(self) -> str:
        """Repository of every chart."""
        return self.charts or f"oci://{self.mirror}/charts"

    def image(self, reference: str) -> str:
        """Where an image is in the mirror; an image that is there already stays.

        Args:
            reference: The image, or its repository, as a pod names it.

        Example:
            >>> Registry(mirror="registry.example/site").image("nginx:1")
            'registry.example/site/docker.io/library/nginx:1'
        """
        if reference.startswith(f"{self.mirror}/"):
            return reference
        return f"{self.mirror}/{full_name(reference)}"


def full_name(reference: str) -> str:
    """An image with its registry: one that names none is of Docker Hub.

    Args:
        reference: The image, or its repository, as a pod names it.
    """
    first, slash, _ = reference.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return reference
    return f"{_DEFAULT_HOST}/{reference}" if slash else f"{_DEFAULT_HOST}/library/{reference}"
