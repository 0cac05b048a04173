"""How a stack's objects get to its clusters."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from aifactory.spec.units import Section


class DeliveryMode(StrEnum):
    """Who applies the objects."""

    DIRECT = "direct"
    """``pulumi up`` applies them to one cluster."""
    GITOPS = "gitops"
    """A GitOps engine rolls out a rendered tree, cell by cell."""


class Delivery(Section):
    """How a stack's objects get to its clusters; a site of more than one cell needs ``gitops``."""

    mode: DeliveryMode = DeliveryMode.DIRECT
    engine: Literal["argocd", "flux"] = "flux"
    """The GitOps engine; read where mode is ``gitops``."""
    repository: Annotated[str, StringConstraints(pattern=r"^(https|ssh)://\S+$")] | None = None
    """Git repository that holds the rendered tree."""
    revision: Annotated[str, Field(min_length=1, max_length=200)] = "main"
    path: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$")] = "clusters"
    """Folder of the tree in the repository."""
