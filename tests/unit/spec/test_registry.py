"""The registry of a site: what a name becomes there, and which addresses are refused."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aifactory.spec.registry import DEFAULT_NODE_OS, Registry
from aifactory.spec.registry_place import CHARTS_PATTERN, PLACE_PATTERN
from tests.support.stacks import minimal_stack, refusal, stack

DIGEST = "sha256:" + "a" * 64
SITE = Registry(mirror="registry.example:5000/site")
PARTS = st.from_regex(r"[a-z0-9]{1,6}", fullmatch=True)


@pytest.mark.parametrize(
    ("reference", "there"),
    [
        ("nvcr.io/nvidia/driver:1.2", "nvcr.io/nvidia/driver:1.2"),
        (f"registry.k8s.io/kubectl:v1@{DIGEST}", f"registry.k8s.io/kubectl:v1@{DIGEST}"),
        (f"quay.io/a/b@{DIGEST}", f"quay.io/a/b@{DIGEST}"),
        ("nginx:1", "docker.io/library/nginx:1"),
        ("grafana/grafana:9", "docker.io/grafana/grafana:9"),
        ("localhost/a:1", "localhost/a:1"),
        ("other:5000/a:1", "other:5000/a:1"),
    ],
)
def test_an_image_keeps_its_full_name(reference: str, there: str) -> None:
    """Registry, path, tag and digest of an image stay, below the mirror."""
    assert SITE.image(reference) == f"registry.example:5000/site/{there}"


@given(st.lists(PARTS, min_size=1, max_size=4), PARTS)
def test_what_is_in_the_mirror_stays_there(path: list[str], tag: str) -> None:
    """To name an image of the mirror again changes nothing, and two images never become one."""
    reference = f"nvcr.io/{'/'.join(path)}:{tag}"
    once = SITE.image(reference)
    assert SITE.image(once) == once
    assert once.removeprefix("registry.example:5000/site/") == reference


def test_charts_are_below_the_mirror_by_default() -> None:
    """A registry without a chart repository has its charts below the images."""
    assert SITE.chart_repository == "oci://registry.example:5000/site/charts"
    named = Registry(mirror="registry.example", charts="oci://charts.example/helm")
    assert named.chart_repository == "oci://charts.example/helm"


def test_a_stack_has_no_registry_by_default() -> None:
    """A stack file names its registry, or everything comes from where it is published."""
    assert stack().registry is None
    named = stack(registry={"mirror": "registry.example/site"}).registry
    assert named == Registry(mirror="registry.example/site", node_os=DEFAULT_NODE_OS)


FORM = "host[:port][/path] in lower case, for example "
DIGESTED = f"registry.example/site@{DIGEST}"


@pytest.mark.parametrize(
    ("place", "what"),
    [
        ("https://registry.example/site", "has a scheme"),
        ("registry.example/", "ends with a slash"),
        ("registry.example/site/", "ends with a slash"),
        ("registry.example/a b", "has white space in it"),
        (" registry.example", "has white space in it"),
        ("registry.example\n", "has white space in it"),
        ("Registry.example/site", "has upper-case letters in it"),
        ("registry.example/Site", "has upper-case letters in it"),
        ("registry.example:0/site", "has a port that is no number from 1 to 65535"),
        ("registry.example:65536", "has a port that is no number from 1 to 65535"),
        ("registry.example:99999/site", "has a port that is no number from 1 to 65535"),
        ("registry.example:080", "has a port that is no number from 1 to 65535"),
        ("registry.example:/site", "has a port that is no number from 1 to 65535"),
        ("registry.example:v1", "has a port that is no number from 1 to 65535"),
        ("registry.example//site", "has an empty step in its path"),
        ("registry.example/site:1", "has a tag"),
        (DIGESTED, "has an @ in it, as a digest or a user name has"),
        ("me@registry.example", "has an @ in it, as a digest or a user name has"),
        ("-registry.example", "has a host that is no DNS name"),
        ("registry-.example", "has a host that is no DNS name"),
        ("registry..example", "has a host that is no DNS name"),
        ("registry_1.example", "has a host that is no DNS name"),
        ("/site", "has a host that is no DNS name"),
        ("", "has a host that is no DNS name"),
        (
            "registry/site",
            "has a host without a dot and without a port, which would be read as a folder of Docker Hub",
        ),
        (
            "registry.example/a..b",
            "has a step in its path that is not letters and digits, parted by one dot, dashes or underscores",
        ),
        (
            "registry.example/-a",
            "has a step in its path that is not letters and digits, parted by one dot, dashes or underscores",
        ),
    ],
)
def test_what_is_no_registry_is_refused(place: str, what: str) -> None:
    """An address of another form is refused with what is wrong with it and the form that is allowed."""
    lines = refusal(minimal_stack(registry={"mirror": place}))
    assert lines == [
        f"registry.mirror: {what}; allowed: {FORM}registry.example:5000/site; see stacks/stack.schema.json"
    ]
    charts = refusal(minimal_stack(registry={"mirror": "registry.example", "charts": f"oci://{place}"}))
    assert charts == [
        f"registry.charts: {what}; allowed: oci://{FORM}oci://registry.example:5000/site/charts;"
        " see stacks/stack.schema.json"
    ]


@pytest.mark.parametrize(
    "place",
    ["registry.example", "registry:5000", "localhost:5000/a", "10.0.0.9:443/a-b/c__d/e.f", "a.b:65535/x--y"],
)
def test_what_is_a_registry_is_taken(place: str) -> None:
    """Host, port and path of every form that names of images have are taken, and by the editor's form too."""
    assert refusal(minimal_stack(registry={"mirror": place, "charts": f"oci://{place}"})) == []
    assert re.search(PLACE_PATTERN, place)
    assert re.search(CHARTS_PATTERN, f"oci://{place}")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("charts", "https://registry.example/charts"),
        ("charts", "registry.example/charts"),
        ("mirror", f"registry.example/{'a' * 200}"),
        ("mirror", 5),
        ("node_os", []),
        ("node_os", ["Ubuntu 24.04"]),
    ],
)
def test_other_fields_of_a_registry_are_checked(field: str, value: object) -> None:
    """What is too long, of another type or no repository of charts is refused, and named with its place."""
    lines = refusal(minimal_stack(registry={"mirror": "registry.example", field: value}))
    assert len(lines) == 1
    assert lines[0].startswith(f"registry.{field}")
    assert lines[0].count("; ") >= 2
