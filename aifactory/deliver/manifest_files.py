"""Kubernetes objects from a folder of YAML files, whoever wrote them."""

from collections.abc import Iterator
from pathlib import Path

import yaml

from aifactory.errors import AIFactoryError
from aifactory.manifests.model import KubernetesObject, key_of

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_ENDINGS = {".yaml", ".yml", ".json"}
REMEDY = "make it with: aifactory render"
"""How to get a folder of manifests."""
_BUILD = "kustomize.config.k8s.io/"
"""Files by which kustomize builds a folder: they describe files, not objects of a cluster."""


def objects_below(folder: Path, remedy: str = REMEDY) -> list[KubernetesObject]:
    """Every object in the files below a folder, by path; files without any are passed over.

    A file may hold several documents, and a document a ``List``. Hidden files and folders are not read.

    Args:
        folder: The folder.
        remedy: How to get such a folder, for messages.

    Raises:
        AIFactoryError: If there is no such folder, no object in it, or a file cannot be read as objects.
    """
    found = [item for file in manifest_files(folder) for item in objects_in(file)]
    if not found:
        raise nothing_there(folder, remedy)
    return found


def nothing_there(folder: Path, remedy: str = REMEDY) -> AIFactoryError:
    """The error that there is no such folder, or no object in it."""
    if not folder.is_dir():
        return AIFactoryError(f"{folder}: there is no such folder; one with manifests is needed; {remedy}")
    return AIFactoryError(
        f"{folder}: no Kubernetes object is in it, so nothing could be checked; a folder with manifests is needed;"
        f" {remedy}"
    )


def manifest_files(folder: Path) -> Iterator[Path]:
    """Files below a folder that may hold objects, by path; hidden ones are left out."""
    for file in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
        if file.suffix in _ENDINGS and not hidden and file.is_file():
            yield file


def documents(file: Path) -> list[object]:
    """The documents of a file.

    Raises:
        AIFactoryError: If it is not YAML.
    """
    try:
        return list(yaml.load_all(file.read_text(encoding="utf-8"), Loader=_LOADER))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise AIFactoryError(
            f"{file}: is not YAML ({' '.join(str(error).split())}); YAML documents are needed; correct it, or leave"
            " its folder out"
        ) from error


def objects_in(file: Path) -> Iterator[KubernetesObject]:
    """The objects of a file.

    Raises:
        AIFactoryError: If it cannot be read as objects.
    """
    for document in documents(file):
        if not isinstance(document, dict) or "apiVersion" not in document or "kind" not in document:
            continue
        items = document.get("items") if document["kind"] == "List" else [document]
        yield from (_named(file, item) for item in items or () if not _builds(item))


def _builds(item: object) -> bool:
    return isinstance(item, dict) and str(item.get("apiVersion")).startswith(_BUILD)


def _named(file: Path, item: object) -> KubernetesObject:
    why = "an item of a List is no object"
    if isinstance(item, dict):
        try:
            key_of(item)
        except ValueError as error:
            why = str(error)
        else:
            return item
    raise AIFactoryError(f"{file}: {why}; every object names them; correct it, or leave its folder out")
