"""Which objects of a folder of manifests meet in one cluster: a GitOps tree is for many."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aifactory.deliver.manifest_files import documents, manifest_files, nothing_there, objects_in
from aifactory.deliver.tree import MARKER
from aifactory.errors import AIFactoryError
from aifactory.manifests.model import KubernetesObject

CELLS = "cells"
"""Name of the folder of a tree whose folders are a cluster each."""
_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml")
_LISTS = ("resources", "components", "bases")
"""What a kustomization takes in."""


@dataclass(frozen=True)
class ClusterObjects:
    """What one cluster is given."""

    folder: Path
    """Folder of the cell, or of what is left besides the cells."""
    stack: str
    """Stack of the tree; empty where the folder is not one of this tool's trees."""
    objects: tuple[KubernetesObject, ...]
    rest: bool
    """Whether cells below the folder are clusters of their own."""


class _Reader:
    """Objects of files, each read once however many cells take it in."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[KubernetesObject, ...]] = {}

    def objects(self, files: dict[Path, None]) -> tuple[KubernetesObject, ...]:
        for file in files:
            if file not in self._known:
                self._known[file] = tuple(objects_in(file))
        return tuple(item for file in files for item in self._known[file])


def clusters_below(folder: Path) -> list[ClusterObjects]:
    """What each cluster is given that the manifests below a folder are for; every object is in at least one.

    A folder directly below one named ``cells`` is a cluster, with what its kustomizations take from elsewhere. Of
    each tree, and of the folder, what no cell takes is one more. Patches and remote resources are not looked at.

    Args:
        folder: A tree, a folder of trees, or any folder of manifests.

    Raises:
        AIFactoryError: If there is no such folder, no object in it, a file cannot be read as objects, or a
            kustomization names what is not there.
    """
    reader, found, taken = _Reader(), [], dict[Path, None]()
    cells = list(_cells(folder)) if folder.is_dir() else []
    for cell in cells:
        files = _reached(cell)
        taken.update(files)
        found.append(ClusterObjects(cell, _stack(cell), reader.objects(files), rest=False))
    for place in (*dict.fromkeys(cell.parent.parent for cell in cells if cell.parent != folder), folder):
        left = {file: None for file in _reached(place) if file not in taken}
        taken.update(left)
        if objects := reader.objects(left):
            found.append(ClusterObjects(place, _stack(place), objects, rest=bool(cells)))
    if not any(cluster.objects for cluster in found):
        raise nothing_there(folder)
    return found


def _cells(folder: Path) -> Iterator[Path]:
    """Folders of cells, none within another."""
    above = [folder] if folder.name == CELLS else []
    for place in (*above, *sorted(folder.rglob(CELLS))):
        inner = place.relative_to(folder).parts
        if not any(part.startswith(".") for part in inner) and CELLS not in inner[:-1]:
            yield from sorted(one for one in place.iterdir() if one.is_dir() and not one.name.startswith("."))


def _stack(folder: Path) -> str:
    """The stack of a tree, or of the tree of a cell: the name of the tree's folder."""
    place = folder.resolve()
    tree = place.parent.parent if place.parent.name == CELLS else place
    return tree.name if (tree / MARKER).is_file() else ""


def _reached(folder: Path) -> dict[Path, None]:
    """Files below a folder, and those that kustomizations among them take in from elsewhere; each once."""
    found: dict[Path, None] = {}
    waiting = list(manifest_files(folder))
    while waiting:
        file = waiting.pop(0).resolve()
        if file not in found:
            found[file] = None
            waiting += _taken_in(file) if file.name in _KUSTOMIZATIONS else ()
    return found


def _taken_in(kustomization: Path) -> Iterator[Path]:
    for document in documents(kustomization):
        for name in _names(document):
            there = kustomization.parent / name
            if there.is_dir():
                yield from manifest_files(there)
            elif there.is_file():
                yield there
            elif name.startswith("."):  # anything else may be the address of a repository
                raise AIFactoryError(
                    f"{kustomization}: {name} is not there, so that nobody knows what the cluster is given; files and"
                    " folders of the same tree are allowed; render the tree again, or check all of it"
                )


def _names(document: object) -> Iterator[str]:
    for field in _LISTS:
        listed = document.get(field) if isinstance(document, dict) else None
        yield from (name for name in (listed if isinstance(listed, list) else ()) if isinstance(name, str))
