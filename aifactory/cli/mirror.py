"""``aifactory mirror``: everything that a stack takes from outside, for a site that cannot reach it."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from aifactory.catalog.load import catalog
from aifactory.cli.console import print_data, step
from aifactory.cli.inputs import STACKS, AsJson, Found, OptionalStack, StackFile, find, shown
from aifactory.cli.lab import LANES
from aifactory.cli.mirror_tables import as_data, show
from aifactory.deliver.mirror_file import write_file
from aifactory.deliver.mirror_formats import MirrorBinary, MirrorCrd, Parcel, hauler_text, skopeo_text
from aifactory.errors import AIFactoryError
from aifactory.lab.crds import definitions
from aifactory.lab.tools import default_table
from aifactory.lab.tools.platform import Platform, current_platform
from aifactory.manifests.findings import checked_plan
from aifactory.manifests.mirror import MirrorList, mirror_list
from aifactory.manifests.mirror_merge import merged
from aifactory.manifests.model import key_of
from aifactory.manifests.parts import bundle_of, parts_of
from aifactory.plan.models import FactoryPlan
from aifactory.spec.stack import Target


class Format(StrEnum):
    """Tools that bring things, and read a list of them."""

    HAULER = "hauler"
    SKOPEO = "skopeo"


Every = Annotated[bool, typer.Option("--all", help="All stacks together.")]
ToFormat = Annotated[
    Format | None,
    typer.Option("--format", help="Write the input file of a tool; skopeo's has the images alone."),
]
Out = Annotated[
    Path | None, typer.Option("--out", help="File for it, with --format; default is standard output.")
]
ForPlatform = Annotated[
    str | None,
    typer.Option(
        "--platform", help="Platform of the programs, for example linux-amd64; default is this machine's."
    ),
]


def mirror(
    stack: OptionalStack = None,
    file: StackFile = None,
    output: ToFormat = None,
    out_file: Out = None,
    platform: ForPlatform = None,
    *,
    every: Every = False,
    as_json: AsJson = False,
) -> None:
    """List everything a stack takes from outside: images, charts, CRDs, files and programs."""
    if out_file is not None and output is None:
        raise AIFactoryError(
            "--out: there is no file to write without --format; formats: hauler, skopeo; add --format"
        )
    if as_json and output is not None:
        raise AIFactoryError(
            f"--json: with --format {output.value} the input file of a tool is printed; one of the two is allowed;"
            " leave one out"
        )
    found = _stacks(stack, file, every=every)
    parcel = _parcel(found, _platform(platform))
    if output is not None:
        text = hauler_text(parcel) if output is Format.HAULER else skopeo_text(parcel.content.images)
        if out_file is None:
            typer.echo(text, nl=False)
        else:
            write_file(out_file, text)
            step(f"{shown(out_file)}: written for {output.value}")
    elif as_json:
        print_data(as_data(found, parcel))
    else:
        show(found, parcel)


def _stacks(name: str | None, file: Path | None, *, every: bool) -> list[Found]:
    if not every:
        return [find(name, file)]
    if name is not None or file is not None:
        raise AIFactoryError(
            "--all: a stack is named too; one stack or all of them can be listed; leave out the name, or --all"
        )
    files = sorted(STACKS.glob("Pulumi.*.yaml"))
    return [find(path.name.removeprefix("Pulumi.").removesuffix(".yaml"), None) for path in files]


def _platform(given: str | None) -> Platform:
    known = default_table().platforms
    name = given or str(current_platform())
    if name not in known:
        raise AIFactoryError(
            f"--platform: '{name}' is no platform that the programs are pinned for; platforms: {', '.join(known)};"
            " name one of them"
        )
    system, _, arch = name.partition("-")
    return Platform(system, arch)


def _parcel(found: list[Found], platform: Platform) -> Parcel:
    plans = {one.name: _published(one) for one in found}
    lists = {one.name: mirror_list(plans[one.name], one.stack.registry) for one in found}
    crds = {crd for name, plan in plans.items() for crd in _crds(plan, lists[name])}
    lanes = {LANES[one.stack.target] for one in found}
    return Parcel(
        content=merged(lists) if len(lists) > 1 else lists[found[0].name],
        crds=tuple(sorted(crds, key=lambda crd: (crd.name, crd.chart or ""))),
        binaries=tuple(_binaries(lanes, platform)),
    )


def _published(one: Found) -> FactoryPlan:
    """The plan of the site on a real cluster, with everything from where it is published."""
    stack = one.stack.model_copy(update={"registry": None})
    return checked_plan(one.name, stack, catalog(), Target.CLUSTER, str(one.file))


def _crds(plan: FactoryPlan, listed: MirrorList) -> Iterator[MirrorCrd]:
    """The definitions behind the kinds that the stack's objects are of."""
    keys = map(key_of, bundle_of(parts_of(plan)).objects())
    kinds = {(key.api_version.rpartition("/")[0], key.kind) for key in keys}
    for row in definitions():
        if (row.group, row.kind) in kinds:
            yield MirrorCrd(
                name=f"{row.plural}.{row.group}",
                repository=row.repository,
                ref=row.ref,
                sha256=row.sha256,
                chart=listed.chart_with(row.repository.rpartition("/")[2]),
            )


def _binaries(lanes: set[str], platform: Platform) -> Iterator[MirrorBinary]:
    for spec in default_table().tools:
        if lanes.isdisjoint(spec.lanes):
            continue
        artefact = spec.artefact(platform)
        yield MirrorBinary(
            name=spec.name,
            version=artefact.version if artefact else spec.version,
            url=artefact.url if artefact else None,
            sha256=(artefact.sha256 or None) if artefact else None,
            checksum_url=(artefact.checksum_url or None) if artefact else None,
        )
