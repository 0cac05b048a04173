"""How images are named in objects and values, and where charts get their own images from."""

import re

import pytest
from pydantic import JsonValue

from aifactory.catalog.load import catalog
from aifactory.manifests.chart_images import CHART_IMAGES, from_registry
from aifactory.manifests.image_names import images_in


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"containers": [{"image": "a.io/b:1"}]}, [("a.io/b:1", "containers.0")]),
        ({"x": {"repository": "a.io", "image": "b", "version": "1"}}, [("a.io/b:1", "x")]),
        ({"x": {"repository": "a.io", "image": "b", "version": "sha256:1"}}, [("a.io/b@sha256:1", "x")]),
        ({"image": {"repository": "a.io/b", "tag": "1"}}, [("a.io/b:1", "image")]),
        ({"image": {"url": "https://a.io/b"}}, []),
        ({"x": {"repository": "a.io/b"}}, []),
    ],
)
def test_the_forms_of_an_image(value: JsonValue, expected: list[tuple[str, str]]) -> None:
    """A container, a part of an operator's resource and a chart's value name images in forms of their own."""
    assert [(named.reference, named.path) for named in images_in(value)] == expected


def test_values_of_a_chart_are_kept() -> None:
    """A chart's values get the places of its images and lose nothing."""
    images = {row.image: f"registry.example/{row.image}:1" for row in CHART_IMAGES}
    values: dict[str, JsonValue] = {"nfd": {"enabled": True}, "operator": {"upgradeCRD": True}}
    assert from_registry("gpu-operator", values, images) == {
        "nfd": {"enabled": True},
        "operator": {"upgradeCRD": True, "repository": "registry.example"},
        "driver": {"manager": {"repository": "registry.example"}},
        "node-feature-discovery": {"image": {"repository": "registry.example/node-feature-discovery"}},
    }
    alone = from_registry("gpu-operator", {"nfd": {"enabled": False}}, images)
    assert "node-feature-discovery" not in alone
    assert from_registry("kueue", values, {}) == values


def test_an_image_that_is_not_pinned_is_refused() -> None:
    """A chart whose image the catalogue does not pin cannot be pulled from a registry."""
    said = "the catalogue pins no image 'nvidia-dra-driver', which the chart 'nvidia-dra-driver' needs"
    with pytest.raises(ValueError, match=re.escape(said)):
        from_registry("nvidia-dra-driver", {}, {})


def test_pins_of_charts_and_their_images_agree() -> None:
    """The image of a chart is pinned at the version that the pinned chart pulls."""
    facts = catalog()
    for row in CHART_IMAGES:
        if row.follows is not None:
            tag = f"{row.follows}{facts.charts[row.chart].version}"
            assert facts.images[row.image].version == tag, row
