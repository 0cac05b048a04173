"""The lists of several stacks as one."""

from collections.abc import Mapping

from aifactory.manifests.mirror import MirrorFile, MirrorImage, MirrorList


def merged(lists: Mapping[str, MirrorList]) -> MirrorList:
    """Everything that several stacks take from outside; what needs a thing is named with its stack.

    Args:
        lists: The list of each stack, by the stack's name.
    """
    images: dict[tuple[str, str], MirrorImage] = {}
    files: dict[str, MirrorFile] = {}
    for stack, found in lists.items():
        for image in found.images:
            place = (image.source, image.destination or "")
            needs = _of(stack, image.needed_by)
            known = images.get(place)
            images[place] = image.model_copy(
                update={
                    "needed_by": (*(known.needed_by if known else ()), *needs),
                    "off": image.off and (known is None or known.off),
                    "note": image.note or (known.note if known else ""),
                }
            )
        for file in found.files:
            needs, before = _of(stack, file.needed_by), files.get(file.url)
            files[file.url] = file.model_copy(
                update={"needed_by": (*(before.needed_by if before else ()), *needs)}
            )
    charts = {chart for found in lists.values() for chart in found.charts}
    return MirrorList(
        images=tuple(images[place] for place in sorted(images)),
        charts=tuple(sorted(charts, key=lambda row: (row.name, row.version, row.destination or ""))),
        files=tuple(files[url] for url in sorted(files)),
    )


def _of(stack: str, needs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{stack}: {need}" for need in needs)
