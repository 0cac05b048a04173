"""Pinned charts and images, as a stack pulls them: from where they are published, or from the site's registry."""

from collections.abc import Mapping

from aifactory.catalog.models import Chart, Image
from aifactory.spec.stack import Stack


def images_of(stack: Stack, images: Mapping[str, Image]) -> dict[str, str]:
    """References of the pinned images by catalogue id, with tag and digest as they are pinned.

    Args:
        stack: The stack, which may name a registry of the site.
        images: The pins by catalogue id.
    """
    registry = stack.registry
    return {
        name: image.reference if registry is None else registry.image(image.reference)
        for name, image in images.items()
    }


def chart_of(stack: Stack, chart: Chart) -> Chart:
    """A chart, in the repository that the stack takes it from.

    The digest of a chart from an ``https`` repository is that of its archive; in a registry it has another one.

    Args:
        stack: The stack, which may name a registry of the site.
        chart: The chart at the version that the stack wants.
    """
    if stack.registry is None:
        return chart
    digest = chart.digest if chart.repository.startswith("oci://") else None
    return chart.model_copy(update={"repository": stack.registry.chart_repository, "digest": digest})
