"""The folder of a cell: a kustomization a step, which takes from the shared folders what is not its own."""

from collections.abc import Iterator

from aifactory.manifests.gitops.model import KUSTOMIZATION, CellView, Content, Files, Site, kustomization
from aifactory.manifests.gitops.steps import Step
from aifactory.manifests.gitops.units import addresses, file_name, part
from aifactory.manifests.model import KubernetesObject

OWN = "own.yaml"
"""File with the objects of a step that hold addresses of the cell."""


def cell_folder(view: CellView) -> str:
    """Folder of a cell in the tree."""
    return f"cells/{view.name}"


def layer_files(site: Site, view: CellView) -> Files:
    """Files of the objects of a cell: below its folder, and shared ones.

    A site of one cell shares nothing: its objects are in the cell's folder, one a file.
    """
    files: dict[str, Content] = {}
    for step in view.steps:
        if step.objects:
            files.update(_shared(view, step) if len(site.cells) > 1 else _whole(view, step))
    return files


def _whole(view: CellView, step: Step) -> Iterator[tuple[str, Content]]:
    yield from folder_of(f"{cell_folder(view)}/{step.folder}", step.objects)


def _shared(view: CellView, step: Step) -> Iterator[tuple[str, Content]]:
    pools = tuple(pool.name for pool in view.plan.pools)
    parted = part(step.objects, addresses(view.plan), pools)
    resources = [f"../../../shared/{step.layer.value}/{unit.folder}" for unit in parted.units]
    for unit in parted.units:
        yield from folder_of(f"shared/{step.layer.value}/{unit.folder}", unit.objects)
    folder = f"{cell_folder(view)}/{step.folder}"
    if parted.own:
        yield f"{folder}/{OWN}", parted.own
        resources.append(OWN)
    yield f"{folder}/{KUSTOMIZATION}", kustomization(resources)


def folder_of(folder: str, objects: tuple[KubernetesObject, ...]) -> Iterator[tuple[str, Content]]:
    """Files of a folder of objects: one an object, and the kustomization that lists them."""
    named = {file_name(manifest): manifest for manifest in objects}
    if len(named) != len(objects):
        raise ValueError(f"{folder}: two objects have the same file name")
    for name, manifest in named.items():
        yield f"{folder}/{name}", (manifest,)
    yield f"{folder}/{KUSTOMIZATION}", kustomization(list(named))
