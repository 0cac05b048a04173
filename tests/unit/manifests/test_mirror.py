"""What a stack takes from outside: the list is complete, and a registry of the site leaves nothing outside.

The walk over rendered objects here knows nothing of the code that makes the list: it looks at every string.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from pydantic import JsonValue

from aifactory.catalog.load import catalog
from aifactory.cli.inputs import STACKS, find
from aifactory.manifests.mirror import MirrorImage, MirrorList, mirror_list
from aifactory.manifests.mirror_merge import merged
from aifactory.manifests.model import Bundle
from aifactory.manifests.parts import bundle_of, parts_of
from aifactory.plan.factory import plan
from aifactory.spec.registry import Registry
from aifactory.spec.stack import Stack, Target
from tests.support.schemas import crd_dir, violations
from tests.support.stacks import pool, stack

NAMES = sorted(path.name.split(".")[1] for path in STACKS.glob("Pulumi.*.yaml"))
SITE = Registry(mirror="registry.ulsan.example/aifactory", charts="oci://registry.ulsan.example/charts")
REFERENCE = re.compile(r"^[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?(/[a-z0-9._-]+)+(:[\w.-]+|@sha256:[0-9a-f]{64})$")
"""A registry with a dot in its name, a path, and a tag or a digest."""
REGISTRIES = (
    "nvcr.io",
    "registry.k8s.io",
    "docker.io",
    "ghcr.io",
    "quay.io",
    "gcr.io",
    "helm.ngc.nvidia.com",
)
MIRRORED = ("registry.ulsan.example/aifactory/", "oci://registry.ulsan.example/charts")


def strings(value: JsonValue) -> Iterator[str]:
    """Every string in a value, at any depth."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    elif isinstance(value, str):
        yield value


def with_repository(value: JsonValue) -> Iterator[dict[str, JsonValue]]:
    """Every mapping with a repository, at any depth."""
    if isinstance(value, dict):
        yield from [value] if "repository" in value else []
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from with_repository(inner)


def foreign(bundle: Bundle) -> set[str]:
    """Every string of objects and chart values that names an image, or begins with a known registry."""
    known = tuple(f"{prefix}{host}" for host in REGISTRIES for prefix in ("", "oci://", "https://"))
    texts = {text for item in bundle.objects() for text in strings(item)}
    texts |= {text for release in bundle.releases() for text in strings(release.values)}
    texts |= {release.repository for release in bundle.releases()}
    return {text for text in texts if REFERENCE.match(text) or text.startswith(known)}


@cache
def _stack(name: str) -> Stack:
    return find(name, None).stack.model_copy(update={"registry": None})


@cache
def _bundle(name: str, *, mirrored: bool) -> Bundle:
    wanted = _stack(name).model_copy(update={"registry": SITE if mirrored else None})
    return bundle_of(parts_of(plan(name, wanted, catalog(), Target.CLUSTER)))


@cache
def _list(name: str, *, mirrored: bool) -> MirrorList:
    return mirror_list(plan(name, _stack(name), catalog(), Target.CLUSTER), SITE if mirrored else None)


@pytest.mark.parametrize("name", NAMES)
def test_the_list_is_complete(name: str) -> None:
    """Every string of a stack's objects and chart values that looks like an image is of the list."""
    listed = _list(name, mirrored=False)
    sources = [image.source for image in listed.images] + [chart.source for chart in listed.charts]

    found = foreign(_bundle(name, mirrored=False))

    assert [text for text in found if not any(source.startswith(text) for source in sources)] == []
    assert found
    parts = [part for item in _bundle(name, mirrored=False).objects() for part in with_repository(item)]
    wanted = {f"{part['repository']}/{part['image']}:{part['version']}" for part in parts}
    assert [text for text in wanted if not any(source.startswith(text) for source in sources)] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_registry_leaves_nothing_outside(name: str) -> None:
    """With a registry, every image and every chart of a stack is pulled from there, under its own name."""
    bundle = _bundle(name, mirrored=True)

    assert foreign(bundle) - {text for text in foreign(bundle) if text.startswith(MIRRORED)} == set()
    before = {text for text in foreign(_bundle(name, mirrored=False)) if REFERENCE.match(text)}
    after = {text for text in foreign(bundle) if REFERENCE.match(text)}
    assert after == {f"{SITE.mirror}/{text}" for text in before}
    assert {release.repository for release in bundle.releases()} <= {SITE.charts}


@pytest.mark.parametrize("name", NAMES)
def test_the_list_says_where_the_stack_pulls_from(name: str) -> None:
    """The destination of every image is a place that an object or a chart's values name."""
    texts = {text for item in _bundle(name, mirrored=True).objects() for text in strings(item)}
    texts |= {text for one in _bundle(name, mirrored=True).releases() for text in strings(one.values)}
    for image in _list(name, mirrored=True).images:
        assert image.destination == f"{SITE.mirror}/{image.source}"
        repository = image.destination.partition("@")[0].rpartition(":")[0]
        assert texts & {image.destination, repository, repository.rpartition("/")[0]}, image.destination


@pytest.mark.skipif(crd_dir() is None, reason="no real CRDs at hand")
def test_mirrored_objects_fit_their_schemas() -> None:
    """A ClusterPolicy and NVIDIADrivers that name a registry of the site are valid by their own CRDs."""
    items = [item for item in _bundle("korea-pilot", mirrored=True).objects() if item["kind"] in _NVIDIA]
    assert len(items) > 1
    assert [line for item in items for line in violations(item)] == []


_NVIDIA = ("ClusterPolicy", "NVIDIADriver")


def _of(registry: Registry | None = None, **sections: Any) -> MirrorList:
    return mirror_list(plan("site", stack(**sections), catalog(), Target.CLUSTER), registry)


def _image(listed: MirrorList, name: str) -> MirrorImage:
    found = [image for image in listed.images if f"/{name}:" in image.source]
    assert len(found) == 1, found
    return found[0]


def test_a_driver_image_for_each_system() -> None:
    """The driver is listed once for each operating system of the nodes; that none is named is said."""
    named = Registry(mirror="registry.example", node_os=("ubuntu24.04", "rhel9.6"))
    drivers = [image.source for image in _of(named).images if "/nvidia/driver:" in image.source]
    assert [source.rpartition("-")[2] for source in drivers] == ["rhel9.6", "ubuntu24.04"]
    assert "assumed" in _image(_of(), "driver").note
    assert "assumed" not in _image(_of(Registry(mirror="r.example", node_os=("rhel9.6",))), "driver").note


def test_what_is_switched_off_is_said() -> None:
    """The image of a part that is off is listed as such; one that anything else uses is not."""
    assert _image(_of(), "dcgm").off is True
    assert _image(_of(operators={"gpu_operator": {"standalone_dcgm": True}}), "dcgm").off is False
    assert _image(_of(), "gpu-operator").off is False  # the status exporter is off, the operator is not


def test_a_chart_of_another_version_has_its_own_image() -> None:
    """The image of a chart follows the version that the stack asks for, without the digest of the pin."""
    listed = _of(operators={"gpu_operator": {"version": "v26.3.3"}})
    own = [image.source for image in listed.images if "chart gpu-operator" in image.needed_by]
    assert "nvcr.io/nvidia/gpu-operator:v26.3.3" in own
    (chart,) = listed.charts
    assert (chart.name, chart.version, chart.digest) == ("gpu-operator", "v26.3.3", None)


@pytest.mark.parametrize("owner", ["provider", "external", "absent"])
def test_what_others_keep_is_not_listed(owner: str) -> None:
    """The chart of an operator that somebody else installed, and its own image, are theirs to bring."""
    pools = [pool(device_stack="standalone")] if owner == "absent" else [pool()]
    nfd = {"node_feature_discovery": {"owner": "external"}}
    listed = _of(pools=pools, operators={"gpu_operator": {"owner": owner}, **nfd})
    assert listed.charts == ()
    assert not [image for image in listed.images if "chart gpu-operator" in image.needed_by]


def test_images_of_machines_are_files() -> None:
    """The operating-system image of Metal3 and what an iPXE script loads are listed with what is known of them."""
    made = {"kind": "cluster-api", "cluster_name": "a", "namespace": "a", "kubernetes_version": "v1.34.1"}
    metal = {"kind": "metal3", "image_url": "https://images.example/node.raw", "image_checksum": "abc"}
    ids = dict.fromkeys(("vpc_id", "instance_type_id", "vpc_prefix_id"), "x")
    nico = {"kind": "nico", **ids, "ipxe_script": "#!ipxe\nchain https://boot.example/node.ipxe\n"}
    how = {**made, "bootstrap_template": "boot"}
    pools = [
        pool(name="one", provisioning={**how, "template": metal}),
        pool(name="two", system="hgx-b300", provisioning={**how, "template": nico}),
    ]
    files = [(file.name, file.url, file.checksum, file.needed_by) for file in _of(pools=pools).files]
    assert files == [
        ("node.ipxe", "https://boot.example/node.ipxe", None, ("pools.1.provisioning.template",)),
        ("node.raw", "https://images.example/node.raw", "sha256:abc", ("pools.0.provisioning.template",)),
    ]


def test_several_stacks_together() -> None:
    """The list of all stacks has everything of each, once, with the stacks that need it."""
    lists = {name: _list(name, mirrored=False) for name in ("korea-pilot", "local", "singapore")}
    together = merged(lists)
    sources = [image.source for image in together.images]
    assert len(sources) == len(set(sources))
    assert set(sources) == {image.source for one in lists.values() for image in one.images}
    operator = _image(together, "gpu-operator")
    assert {need.partition(":")[0] for need in operator.needed_by} == set(lists)
