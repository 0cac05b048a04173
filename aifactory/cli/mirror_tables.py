"""How the list of what a stack takes from outside is printed, for people and for machines."""

from collections.abc import Sequence

from pydantic import JsonValue
from rich.text import Text

from aifactory.cli import sheet
from aifactory.cli.console import out
from aifactory.cli.inputs import Found
from aifactory.deliver.mirror_formats import MirrorBinary, Parcel

UNKNOWN = "not known"
"""Stands for a digest or a checksum that is not recorded."""


def show(found: list[Found], parcel: Parcel) -> None:
    """Print the list for people: a table each of images, charts, CRDs, files and programs."""
    content = parcel.content
    images = [
        (image.source, image.digest or UNKNOWN, "off" if image.off else "", image.destination or "")
        for image in content.images
    ]
    _section("images", ("image", "digest", "", "pulled from"), images)
    charts = [
        (chart.name, chart.version, chart.digest or UNKNOWN, chart.source, chart.destination or "")
        for chart in content.charts
    ]
    _section("charts", ("chart", "version", "digest", "repository", "taken from"), charts)
    crds = [
        (crd.name, f"{crd.repository} {crd.ref}", f"chart {crd.chart}" if crd.chart else "by itself")
        for crd in parcel.crds
    ]
    _section("CustomResourceDefinitions", ("name", "source", "comes with"), crds)
    files = [(file.url, file.checksum or UNKNOWN, file.needed_by[0]) for file in content.files]
    _section("files that the stack file names", ("address", "checksum", "for"), files)
    _section(
        "programs", ("program", "version", "address", "checksum"), [_program(row) for row in parcel.binaries]
    )
    out.print()
    for line in _remarks(found, parcel):
        out.print(line, markup=False)


def _section(name: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if not rows:
        return
    sheet.heading(name)
    if out.is_terminal:
        kept = [index for index, _ in enumerate(columns) if any(row[index] for row in rows)]
        picked = [columns[index] for index in kept]
        sheet.table(picked, [[row[index] for index in kept] for row in rows], words=picked)
        return
    for row in rows:
        out.print(Text("  " + "  ".join(cell for cell in row if cell)))


def _program(row: MirrorBinary) -> tuple[str, str, str, str]:
    checksum = f"sha256:{row.sha256}" if row.sha256 else f"listed in {row.checksum_url}"
    if row.url is None:
        return row.name, row.version, "built from Go modules: none is published that can be verified", ""
    return row.name, row.version, row.url, checksum


def _remarks(found: list[Found], parcel: Parcel) -> list[str]:
    content = parcel.content
    open_digests = sum(image.digest is None for image in content.images)
    lines = [
        f"{open_digests} of {len(content.images)} image digests are not known here: these images are pinned by tag"
        " alone, and whoever mirrors them pins what they are then"
    ]
    lines += sorted({f"{image.source}: {image.note}" for image in content.images if image.note})
    if any(image.off for image in content.images):
        lines.append("off: what names the image is switched off; it is not pulled today")
    if content.files:
        lines.append(
            "images that kubeadm pulls on machines of Cluster API are not listed: their operating-system image has"
            " to hold them"
        )
    plain = [one.name for one in found if one.stack.registry is None]
    if plain:
        lines.append(
            f"no registry is set in {', '.join(plain)}: everything is pulled from where it is published; set"
            " 'registry: {mirror: <host>/<path>}' in the stack file"
        )
    return lines


def as_data(found: list[Found], parcel: Parcel) -> dict[str, JsonValue]:
    """The same as :func:`show`, for machines."""
    content = parcel.content
    registries: dict[str, JsonValue] = {
        one.name: one.stack.registry.model_dump(mode="json") if one.stack.registry else None for one in found
    }
    return {
        "stacks": [one.name for one in found],
        "registries": registries,
        "images": [image.model_dump(mode="json") for image in content.images],
        "charts": [chart.model_dump(mode="json") for chart in content.charts],
        "crds": [crd.model_dump(mode="json") for crd in parcel.crds],
        "files": [file.model_dump(mode="json") for file in content.files],
        "binaries": [row.model_dump(mode="json") for row in parcel.binaries],
        "remarks": [*_remarks(found, parcel)],
    }
