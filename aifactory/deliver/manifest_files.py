"""Kubernetes objects from a folder of YAML files, whoever wrote them."""

from collections.abc import Iterator
from pathlib import Path

import yaml

from aifactory.errors import AIFactoryError
from aifactory.manifests.model import KubernetesObject, key_of

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_ENDINGS = {".yaml", ".yml", ".json"}
_BUILD = "kustomize.config.k8s.io/"
"""Files by which kustomize builds a folder: they describe files, not objects of a cluster."""


def objects_below(folder: Path, remedy: str = "make it with: aifactory render") -> list[KubernetesObject]:
    """Every object in the files below a folder, by path; files without any are passed over.

    A file may hold several documents, and a document a ``List``. Hidden files and folders are not read.

    Args:
        folder: The folder.
        remedy: How to get such a folder, for messages.

    Raises:
        AIFactoryError: If there is no such folder, no object in it, or a file cannot be read as objects.
    """
    if not folder.is_dir():
        raise AIFactoryError(f"{folder}: there is no such folder; one with manifests is needed; {remedy}")
    found = [item for file in _files(folder) for item in _objects(file)]
    if not found:
        raise AIFactoryError(
            f"{folder}: no Kubernetes object is in it, so nothing could be checked; a folder with manifests is needed;"
            f" {remedy}"
        )
    return found


def _files(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
        if file.suffix in _ENDINGS and not hidden and file.is_file():
            yield file


def _objects(file: Path) -> Iterator[KubernetesObject]:
    try:
        documents = list(yaml.load_all(file.read_text(encoding="utf-8"), Loader=_LOADER))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise AIFactoryError(
            f"{file}: is not YAML ({' '.join(str(error).split())}); YAML documents are needed; correct it, or leave"
            " its folder out"
        ) from error
    for document in documents:
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
