"""What a stack takes from outside, as input files of the tools that bring it: hauler and skopeo.

Formats: the content manifest ``content.hauler.cattle.io/v1`` (https://github.com/hauler-dev/hauler,
pkg/apis/hauler.cattle.io/v1) and the YAML source of ``skopeo sync`` (https://github.com/containers/skopeo,
docs/skopeo-sync.1.md).
"""

from collections.abc import Iterable, Iterator

from pydantic import BaseModel, ConfigDict, JsonValue

from aifactory.deliver.tree import as_yaml
from aifactory.manifests.mirror import MirrorChart, MirrorImage, MirrorList

_HAULER = "content.hauler.cattle.io/v1"


class MirrorCrd(BaseModel):
    """A CustomResourceDefinition that the stack's objects need."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: str
    repository: str
    ref: str
    """Tag or commit of the repository."""
    sha256: str
    """Of the upstream file."""
    chart: str | None
    """The chart that brings it; None where it has to be installed by itself."""

    @property
    def archive(self) -> str:
        """Address of the sources that hold it."""
        return f"{self.repository}/archive/{self.ref}.tar.gz"


class MirrorBinary(BaseModel):
    """A program that the command line runs."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: str
    version: str
    url: str | None
    """None where the vendor publishes none that could be verified: it is built from Go modules."""
    sha256: str | None
    """None where it is not known here."""
    checksum_url: str | None
    """The vendor's own list of checksums."""


class Parcel(BaseModel):
    """Everything that has to be brought to a site."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    content: MirrorList
    crds: tuple[MirrorCrd, ...]
    binaries: tuple[MirrorBinary, ...]


def hauler_text(parcel: Parcel) -> str:
    """The parcel as a hauler manifest: the documents Images, Charts and Files, for ``hauler store sync``.

    Where the stack has a registry, each image and chart is rewritten to the place that the stack pulls it from.
    """
    images: list[JsonValue] = [_hauler_image(image) for image in parcel.content.images]
    charts: list[JsonValue] = [_hauler_chart(chart) for chart in parcel.content.charts]
    files: list[JsonValue] = [{"name": name, "path": url} for url, name in _addresses(parcel)]
    documents = [("Images", {"images": images}), ("Charts", {"charts": charts}), ("Files", {"files": files})]
    return "---\n".join(
        as_yaml(
            {
                "apiVersion": _HAULER,
                "kind": kind,
                "metadata": {"name": f"aifactory-{kind.lower()}"},
                "spec": spec,
            }
        )
        for kind, spec in documents
    )


def skopeo_text(images: Iterable[MirrorImage]) -> str:
    """Images as a source of ``skopeo sync --src yaml --scoped``; an image of known digest goes by its digest."""
    hosts: dict[str, dict[str, list[str]]] = {}
    for image in images:
        name, _, _ = image.source.partition("@")
        repository, _, tag = name.rpartition(":")
        host, _, path = repository.partition("/")
        hosts.setdefault(host, {}).setdefault(path, []).append(image.digest or tag)
    return as_yaml(
        {
            host: {"images": {path: sorted(set(tags)) for path, tags in paths.items()}}
            for host, paths in hosts.items()
        }
    )


def _hauler_image(image: MirrorImage) -> dict[str, JsonValue]:
    if image.destination is None:
        return {"name": image.source}
    return {"name": image.source, "rewrite": image.destination.partition("@")[0]}


def _hauler_chart(chart: MirrorChart) -> dict[str, JsonValue]:
    row: dict[str, JsonValue] = {"name": chart.name, "repoURL": chart.source, "version": chart.version}
    if chart.destination is not None:
        row["rewrite"] = f"{chart.destination.removeprefix('oci://')}/{chart.name}:{chart.version}"
    return row


def _addresses(parcel: Parcel) -> Iterator[tuple[str, str]]:
    """Address and name of every file, each once; names do not clash."""
    found: dict[str, str] = {file.url: file.name for file in parcel.content.files}
    for crd in parcel.crds:
        if crd.chart is None:
            owner = crd.repository.rpartition("/")[2]
            found.setdefault(crd.archive, f"{owner}-{crd.ref}.tar.gz")
    for binary in parcel.binaries:
        for url in (binary.url, binary.checksum_url if not binary.sha256 else None):
            if url is not None:
                found.setdefault(url, f"{binary.name}-{binary.version}-{url.rpartition('/')[2]}")
    yield from sorted(found.items())
