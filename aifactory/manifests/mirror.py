"""Everything that a stack takes from outside: images, charts, and files. Pure: nothing is looked up anywhere."""

import re
from collections.abc import Iterable, Iterator

from pydantic import BaseModel

from aifactory.manifests.chart_images import pulled
from aifactory.manifests.image_names import images_in
from aifactory.manifests.model import Bundle, ManifestModel, Release, key_of
from aifactory.manifests.parts import bundle_of, parts_of
from aifactory.plan.models import FactoryPlan
from aifactory.spec.provisioning import HostTemplate, NicoTemplate
from aifactory.spec.registry import DEFAULT_NODE_OS, Registry, full_name
from aifactory.spec.stack import Stack

_URL = re.compile(r"https?://[^\s\"'${}]+")
BY_OS = "the operating system of the node is part of the tag, which the GPU Operator adds"
ASSUMED_OS = "the stack names no operating system of its nodes (registry.node_os): assumed"


class MirrorImage(ManifestModel):
    """A container image that has to be there."""

    source: str
    """Where it is published: registry, path and tag, and the digest where it is known."""
    digest: str | None
    """None where it is not known here: the tag is all that pins it."""
    destination: str | None
    """Where the stack pulls it from; None where that is the source."""
    needed_by: tuple[str, ...]
    off: bool
    """Whether all that names it is switched off, so that it is not pulled today."""
    note: str = ""


class MirrorChart(ManifestModel):
    """A Helm chart that has to be there."""

    name: str
    version: str
    source: str
    """Chart repository, ``https://`` or ``oci://``."""
    digest: str | None
    destination: str | None
    """Repository that the stack takes it from; None where that is the source."""


class MirrorFile(ManifestModel):
    """A file that has to be there; the site serves it itself."""

    name: str
    url: str
    checksum: str | None
    """Checksum with its algorithm, as the stack file gives it; None where nothing is given."""
    needed_by: tuple[str, ...]


class MirrorList(ManifestModel):
    """Everything that a stack takes from outside, each sorted by name."""

    images: tuple[MirrorImage, ...]
    charts: tuple[MirrorChart, ...]
    files: tuple[MirrorFile, ...]

    def chart_with(self, name: str) -> str | None:
        """The chart that pulls an image of this name, without its path; None where none does.

        Args:
            name: Last part of the image's repository.
        """
        for image in self.images:
            if image.source.rpartition("/")[2].partition(":")[0] == name:
                charts = [by.split()[1] for by in image.needed_by if by.startswith("chart ")]
                return charts[0] if charts else None
        return None


def mirror_list(published: FactoryPlan, registry: Registry | None) -> MirrorList:
    """Everything that a stack takes from outside.

    Args:
        published: The plan of the whole site on a real cluster, worked out without a registry: it names things
            where they are published.
        registry: The stack's registry; None where it has none.
    """
    bundle = bundle_of(parts_of(published))
    charts = {chart.chart: identity for identity, chart in published.charts.items()}
    found: dict[str, list[tuple[str, bool, str]]] = {}
    for reference, by, off, note in _named(bundle, published, charts, registry):
        found.setdefault(full_name(reference), []).append((by, off, note))
    return MirrorList(
        images=tuple(_image(name, uses, registry) for name, uses in sorted(found.items())),
        charts=tuple(
            sorted({_chart(release, registry) for release in bundle.releases()}, key=lambda row: row.name)
        ),
        files=_files(published.stack),
    )


def _named(
    bundle: Bundle, published: FactoryPlan, charts: dict[str, str], registry: Registry | None
) -> Iterator[tuple[str, str, bool, str]]:
    """Reference, what needs it, whether that is off, and a note, of every image."""
    systems = DEFAULT_NODE_OS if registry is None else registry.node_os
    assumed = registry is None or "node_os" not in registry.model_fields_set
    for item in bundle.objects():
        for named in images_in(item):
            by = f"{key_of(item)} {named.path}"
            if not named.by_os:
                yield named.reference, by, named.off, ""
                continue
            for system in systems:
                note = f"{BY_OS}; {ASSUMED_OS}" if assumed else BY_OS
                yield f"{named.reference}-{system}", by, named.off, note
    for release in bundle.releases():
        for named in images_in(release.values):
            yield named.reference, f"chart {release.chart} {named.path}", named.off, ""
        for row in pulled(charts[release.chart], release.values):
            reference = published.images[row.image]
            if row.follows is not None:
                reference = _at_version(reference, f"{row.follows}{release.version}")
            yield reference, f"chart {release.chart}", False, ""


def _at_version(reference: str, tag: str) -> str:
    """The image at the tag of another chart version; a digest is of the pinned tag alone."""
    repository, _, pinned = reference.partition("@")[0].rpartition(":")
    return reference if pinned == tag else f"{repository}:{tag}"


def _image(source: str, uses: list[tuple[str, bool, str]], registry: Registry | None) -> MirrorImage:
    _, _, digest = source.partition("@")
    return MirrorImage(
        source=source,
        digest=digest or None,
        destination=None if registry is None else registry.image(source),
        needed_by=tuple(sorted({by for by, _, _ in uses})),
        off=all(off for _, off, _ in uses),
        note="; ".join(dict.fromkeys(note for _, _, note in uses if note)),
    )


def _chart(release: Release, registry: Registry | None) -> MirrorChart:
    return MirrorChart(
        name=release.chart,
        version=release.version,
        source=release.repository,
        digest=release.digest,
        destination=None if registry is None else registry.chart_repository,
    )


def _files(stack: Stack) -> tuple[MirrorFile, ...]:
    """Operating-system images of machines, and what boot scripts load; the stack file names their places."""
    rows: dict[str, MirrorFile] = {}
    for path, template in _templates(stack, ""):
        if isinstance(template, HostTemplate):
            checksum = f"{template.image_checksum_type}:{template.image_checksum}"
            addresses: Iterable[tuple[str, str | None]] = [(template.image_url, checksum)]
        else:
            addresses = [(url, None) for url in _URL.findall(template.ipxe_script)]
        for url, known in addresses:
            before = rows[url].needed_by if url in rows else ()
            name = url.rstrip("/").rpartition("/")[2]
            rows[url] = MirrorFile(name=name, url=url, checksum=known, needed_by=(*before, path))
    return tuple(rows[url] for url in sorted(rows))


def _templates(section: object, path: str) -> Iterator[tuple[str, HostTemplate | NicoTemplate]]:
    """Every machine template of a stack, wherever it stands, with its dotted path."""
    if isinstance(section, HostTemplate | NicoTemplate):
        yield path, section
    elif isinstance(section, BaseModel):
        for name in type(section).model_fields:
            yield from _templates(getattr(section, name), f"{path}.{name}" if path else name)
    elif isinstance(section, tuple):
        for index, item in enumerate(section):
            yield from _templates(item, f"{path}.{index}")
