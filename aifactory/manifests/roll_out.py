"""Layer roll-out: what makes a GitOps engine roll the cells' trees out, wave after wave.

These are the objects that a rendered tree has, without the root that keeps the management cluster as it is in Git,
and without what makes the engine apply Cluster API objects: on a management cluster that a stack declares, the
stack owns both (docs/adr/0015).
"""

from typing import Self

from pydantic import model_validator

from aifactory.manifests.gitops.argocd import argocd_rollout
from aifactory.manifests.gitops.flux import flux_rollout
from aifactory.manifests.gitops.model import SOURCE, Place
from aifactory.manifests.gitops.site import site_of_plan
from aifactory.manifests.gitops.waves import wave_of
from aifactory.manifests.labels import Inventory
from aifactory.manifests.layers import layer
from aifactory.manifests.model import Layer, LayerName, ManifestModel
from aifactory.manifests.names import dns_label
from aifactory.plan.models import FactoryPlan
from aifactory.spec.delivery import GitOpsEngine


class RollOutArgs(ManifestModel):
    """Arguments of the component RollOut."""

    inventory: Inventory = Inventory()
    plan: FactoryPlan
    """The plan of the site."""

    @model_validator(mode="after")
    def _trees_are_somewhere(self) -> Self:
        if self.plan.stack.delivery.repository is None:
            raise ValueError(
                f"{self.plan.name}: nothing says where the cells' trees are, which the GitOps engine reads; an https://"
                " or ssh:// address is needed; set delivery.repository"
            )
        return self

    @property
    def engine(self) -> GitOpsEngine:
        """What rolls the cells out."""
        return self.plan.stack.delivery.engine

    def waves(self) -> list[list[str]]:
        """Names of the cells of each wave."""
        found: dict[int, list[str]] = {}
        for cell in self.plan.cells:
            found.setdefault(wave_of(cell.index, self.plan.stack.delivery.waves), []).append(cell.name)
        return [found[wave] for wave in sorted(found)]


def place_of(plan: FactoryPlan) -> Place:
    """Where the stack's tree is, as its ``delivery`` says.

    Flux's source is the stack's own: of one object, only one stack can be the owner.
    """
    delivery = plan.stack.delivery
    return Place(
        engine=delivery.engine,
        repository=str(delivery.repository),
        revision=delivery.revision,
        root=delivery.path,
        secret_ref=delivery.secret_ref,
        source=dns_label(SOURCE, plan.name),
    )


def layers(args: RollOutArgs) -> tuple[Layer, ...]:
    """Flux: the source, and Kustomizations for steps, cells and waves. Argo CD: the project, the ApplicationSet.

    Raises:
        AIFactoryError: If the stack says that its engine runs in one of several cells.
    """
    # Charts are declared as in the tree that Git has, which is for real clusters, whatever the target is.
    site = site_of_plan(args.plan, place_of(args.plan), lambda _: None, managed=True, makes_clusters=False)
    objects = flux_rollout(site) if args.engine is GitOpsEngine.FLUX else argocd_rollout(site)
    return (layer(LayerName.ROLL_OUT, args.inventory, objects),)
