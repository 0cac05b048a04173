"""A stack that Flux's real controllers roll out from a real Git repository."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from aifactory.manifests.model import KubernetesObject
from tests.support.flux import Flux, Ready
from tests.support.git import Repository
from tests.support.lab import SIMULATED, Lab

STACK = "korea-pilot"
ROOT = "clusters"
"""Folder of the trees in the repository."""


@dataclass
class Fleet:
    """A lab, the repository that says what is in it, and the engine between them."""

    lab: Lab
    repository: Repository
    flux: Flux
    commit: str
    """The last commit that the engine was given."""
    first: dict[str, Ready]
    """The Kustomizations when the first commit was rolled out."""

    def folder(self, layer: str) -> Path:
        """Folder of a layer's files in the work tree."""
        (found,) = self.repository.tree.glob(f"{ROOT}/{STACK}/cells/*/[0-9][0-9]-{layer}")
        return found

    def kustomization(self, layer: str) -> str:
        """Name of the Kustomization of a layer."""
        return f"{self.folder(layer).parent.name}-{layer}"

    def render(self) -> None:
        """The stack's tree is in the work tree as the stack file has it."""
        out = self.repository.tree / ROOT
        words = ("--engine", "flux", "--repository", self.repository.url, "--out", str(out))
        self.lab.shell.run("render", STACK, *SIMULATED, *words).succeeded()

    def push(self, message: str) -> str:
        """The work tree is the newest commit, and the engine is asked to look."""
        self.commit = self.repository.commit(message)
        self.flux.fetch()
        return self.commit

    def revert(self) -> str:
        """The newest commit takes the last one back, and the engine is asked to look."""
        self.commit = self.repository.revert()
        self.flux.fetch()
        return self.commit

    def bootstrap(self) -> list[KubernetesObject]:
        """What a person applies once: the source, and the Kustomization that brings all others."""
        file = self.repository.tree / ROOT / STACK / "management" / "root.yaml"
        return list(yaml.safe_load_all(file.read_text()))
