"""The registry of a site: what a name becomes there, and which addresses are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aifactory.spec.registry import DEFAULT_NODE_OS, Registry
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


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mirror", "https://registry.example/site"),
        ("mirror", "registry"),
        ("mirror", "registry/site"),
        ("mirror", "registry.example/"),
        ("mirror", "registry.example/Site"),
        ("mirror", "registry.example/site:1"),
        ("mirror", ""),
        ("charts", "https://registry.example/charts"),
        ("charts", "oci://registry"),
        ("node_os", []),
        ("node_os", ["Ubuntu 24.04"]),
    ],
)
def test_what_is_no_registry_is_refused(field: str, value: object) -> None:
    """An address with a scheme, without a host or with capitals is refused, and named with its place."""
    lines = refusal(minimal_stack(registry={"mirror": "registry.example", field: value}))
    assert len(lines) == 1
    assert lines[0].startswith(f"registry.{field}")
    assert lines[0].count("; ") >= 2
