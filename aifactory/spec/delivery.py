"""How a stack's objects get to its clusters."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from aifactory.spec.provisioning import HostTemplate, NicoTemplate
from aifactory.spec.units import Count, DnsLabel, Section

MachineTemplate = Annotated[HostTemplate | NicoTemplate, Field(discriminator="kind")]
"""What a machine is made of."""


class DeliveryMode(StrEnum):
    """Who applies the objects."""

    DIRECT = "direct"
    """``pulumi up`` applies them to one cluster."""
    GITOPS = "gitops"
    """A GitOps engine rolls out a rendered tree, cell by cell."""


class GitOpsEngine(StrEnum):
    """GitOps engines that a tree can be rendered for."""

    ARGOCD = "argocd"
    FLUX = "flux"


class CellClusters(Section):
    """The cluster of each cell, made by Cluster API (contract v1beta2) on the management cluster.

    Every pool gets MachineDeployments and a MachineHealthCheck there; a pool whose provisioning is
    ``cluster-api`` has its own template and limits, the others have that of their system.
    """

    kubernetes_version: Annotated[str, Field(pattern=r"^v1\.[0-9]+\.[0-9]+$")]
    """Version of the nodes; its minor version is ``cluster.kubernetes_version``."""
    endpoint_domain: Annotated[
        str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$")
    ]
    """A cell's API server is ``<cell>.<endpoint_domain>``, port 6443; the address behind it is the site's."""
    control_plane: MachineTemplate
    """Machines of the control planes."""
    control_plane_nodes: Literal[1, 3, 5] = 3
    workers: dict[str, MachineTemplate]
    """Machines of the pools, by accelerator system: image and instance type go with the hardware."""
    racks_per_group: Count = 1
    """Racks in one MachineDeployment; an NVLink domain is never cut."""
    nico_site: Annotated[str, Field(min_length=1)] | None = None
    """Identifier of the site at NICo; needed where the control plane's machines are NICo's."""


class Delivery(Section):
    """How a stack's objects get to its clusters; a site of more than one cell needs ``gitops``."""

    mode: DeliveryMode = DeliveryMode.DIRECT
    engine: GitOpsEngine = GitOpsEngine.FLUX
    """The GitOps engine; read where mode is ``gitops``."""
    repository: Annotated[str, StringConstraints(pattern=r"^(https|ssh)://\S+$")] | None = None
    """Git repository that holds the rendered tree."""
    secret_ref: DnsLabel | None = None
    """Name of a Secret beside Flux's source with the credentials for the repository; Argo CD has its own."""
    revision: Annotated[str, Field(min_length=1, max_length=200)] = "main"
    """Branch that the engine follows."""
    path: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$")] = "clusters"
    """Folder of the trees in the repository; a stack's tree is in a folder of its name below it."""
    engine_in: Literal["cell", "management"] | None = None
    """Where the engine runs: in the only cell, or on a management cluster, as a site of several cells needs;
    none means a management cluster where there are several cells."""
    namespace: DnsLabel | None = None
    """Namespace on the management cluster of the objects that roll out and make the cells; none means the
    stack's name."""
    waves: tuple[Count, ...] = (1, 3)
    """Cells in each wave of a roll-out, after which it waits for them; the last wave is all others."""
    clusters: CellClusters | None = None
    """How the cells' clusters are made; none means that they exist."""
