"""CustomResourceDefinitions of operators that do not run in a lab: the real files, or marked stand-ins."""

import hashlib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, JsonValue

from aifactory.manifests.model import KubernetesObject

STAND_IN = "aifactory.dev/stand-in"
"""Label of a definition that is not the upstream file and checks no fields."""
_APPROVED = "api-approved.kubernetes.io"


class Definition(BaseModel):
    """One kind that the lab serves."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    file: str
    """Path below a CRD folder."""
    repository: str
    ref: str
    """Tag or commit of the repository."""
    sha256: str
    group: str
    kind: str
    plural: str
    scope: Literal["Cluster", "Namespaced"]
    versions: tuple[str, ...]
    """Served versions; the first one is stored."""
    served_in: Literal["cell", "management"] = "cell"
    """Whether every lab serves it, or only that of a management cluster, which serves all."""


@cache
def definitions() -> tuple[Definition, ...]:
    """The kinds that the lab serves, from the table beside this module."""
    content = yaml.safe_load(files(__package__).joinpath("crds.yaml").read_text(encoding="utf-8"))
    return tuple(Definition.model_validate(row) for row in content["crds"])


def stand_in(definition: Definition) -> KubernetesObject:
    """A definition of the same names that accepts any fields, labelled as a stand-in."""
    schema: JsonValue = {
        "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    }
    versions: list[JsonValue] = [
        {"name": name, "served": True, "storage": position == 0, "schema": schema}
        for position, name in enumerate(definition.versions)
    ]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{definition.plural}.{definition.group}",
            "labels": {STAND_IN: "true"},
            "annotations": {_APPROVED: "unapproved, a stand-in for local tests"},
        },
        "spec": {
            "group": definition.group,
            "scope": definition.scope,
            "names": {
                "kind": definition.kind,
                "plural": definition.plural,
                "singular": definition.kind.lower(),
            },
            "versions": versions,
        },
    }


def real(definition: Definition, folder: Path | None) -> KubernetesObject | None:
    """The upstream file, if the folder has it unchanged; None otherwise."""
    if folder is None:
        return None
    path = folder / definition.file
    if not path.is_file():
        return None
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != definition.sha256:
        return None
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document: KubernetesObject = yaml.load(content, Loader=loader)  # noqa: S506 - a safe loader, in C where there is one
    document.pop("status", None)
    return document


def served(folder: Path | None, *, management: bool = False) -> tuple[list[KubernetesObject], list[str]]:
    """What the lab installs.

    Args:
        folder: A folder with the real files, or None.
        management: Whether the lab is that of a management cluster.

    Returns:
        The definitions, and the names of those that are stand-ins.
    """
    found: list[KubernetesObject] = []
    standing: list[str] = []
    for definition in definitions():
        if definition.served_in == "management" and not management:
            continue
        document = real(definition, folder)
        if document is None:
            standing.append(f"{definition.plural}.{definition.group}")
        found.append(document or stand_in(definition))
    return found, standing
