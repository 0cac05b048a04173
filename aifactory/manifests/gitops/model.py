"""What a GitOps tree is made of: where it is, the cells that it is for, and its files."""

from dataclasses import dataclass

from aifactory.manifests.gitops.steps import Step
from aifactory.manifests.model import KubernetesObject
from aifactory.plan.models import FactoryPlan
from aifactory.plan.site_models import CellPlan
from aifactory.spec.delivery import GitOpsEngine

Content = str | tuple[KubernetesObject, ...] | list[KubernetesObject]
"""Content of a file: text, or YAML: a tuple is one document an entry, a list is one document."""
Files = dict[str, Content]
"""Files of a tree, by path below it."""

KUSTOMIZATION = "kustomization.yaml"
FLUX_NAMESPACE = "flux-system"
ARGOCD_NAMESPACE = "argocd"
SOURCE = "aifactory-fleet"
"""Name of Flux's GitRepository: one for all stacks, because a Kustomization waits for the revision of another
one only where both have the same source."""


@dataclass(frozen=True)
class Place:
    """Where trees are in Git, and what rolls them out."""

    engine: GitOpsEngine
    repository: str
    revision: str
    root: str
    """Folder in the repository that has a folder for each stack."""
    secret_ref: str | None = None
    """Name of a Secret with Flux's credentials for the repository."""
    source: str = SOURCE
    """Name of Flux's GitRepository."""


@dataclass(frozen=True)
class CellView:
    """A cell and what is applied to it."""

    cell: CellPlan
    plan: FactoryPlan
    """The plan of this cell."""
    wave: int
    """From 1."""
    steps: tuple[Step, ...]
    skipped: dict[str, str]
    """Charts that are not in the tree, and why."""

    @property
    def name(self) -> str:
        """Name of the cell, of its folder, and of its cluster at the engine."""
        return self.cell.name


@dataclass(frozen=True)
class Site:
    """A stack as its tree shows it."""

    plan: FactoryPlan
    place: Place
    cells: tuple[CellView, ...]
    remote: bool
    """Whether the engine runs on a management cluster; else it runs in the only cell."""
    makes_clusters: bool = False
    """Whether the engine applies the Cluster API objects of the cells."""

    @property
    def name(self) -> str:
        """Name of the stack."""
        return self.plan.name

    @property
    def path(self) -> str:
        """Folder of the stack's tree in the repository."""
        return f"{self.place.root}/{self.name}"

    @property
    def namespace(self) -> str:
        """Namespace of Flux's objects for the cells, and of the Cluster API objects."""
        return (self.plan.stack.delivery.namespace or self.name) if self.remote else FLUX_NAMESPACE

    @property
    def waves(self) -> int:
        """Number of waves."""
        return max(view.wave for view in self.cells)


def kustomization(resources: list[str], patches: list[KubernetesObject] | None = None) -> Content:
    """The file that lists a folder's resources, as kustomize reads it.

    Args:
        resources: Files and folders, relative to the folder.
        patches: Changes to objects of theirs.
    """
    found: KubernetesObject = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [*resources],
    }
    return (found if not patches else {**found, "patches": [*patches]},)
