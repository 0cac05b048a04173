"""Files of a tree as text: the same bytes for the same content, whatever the run, locale or machine."""

import json
from collections.abc import Mapping

from aifactory.deliver.tree import as_yaml
from aifactory.manifests.gitops.model import Content
from aifactory.manifests.model import KubernetesObject

Texts = dict[str, bytes]
"""Bytes of every file, by path below the tree."""


class Writer:
    """Turns content into text; an object that many cells have is written once."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def texts(self, files: Mapping[str, Content]) -> Texts:
        """Every file as UTF-8 text with LF line ends; documents are parted by ``---``."""
        return {name: self._text(content).encode("utf-8") for name, content in sorted(files.items())}

    def _text(self, content: Content) -> str:
        if isinstance(content, str):
            return content
        if isinstance(content, list):
            return as_yaml(content)
        return "---\n".join(self._document(document) for document in content)

    def _document(self, document: KubernetesObject) -> str:
        key = json.dumps(document, sort_keys=True)
        if key not in self._known:
            self._known[key] = as_yaml(document)
        return self._known[key]
