"""RollOut: a GitOps engine rolls the trees of a site's cells out, wave after wave."""

import pulumi

from aifactory.manifests import roll_out
from aifactory.manifests.roll_out import RollOutArgs
from components.base import FactoryComponent


class RollOut(FactoryComponent):
    """What makes the GitOps engine of a management cluster roll out the cells of a site.

    A unit because the order of cells and waves is a property of the whole site.

    Creates:
        Flux: one GitRepository of the stack, and a Kustomization for every step of a cell, every cell and every
            wave.
        Argo CD: an AppProject, and the ApplicationSet that makes an Application of every step.

    Args:
        name: Name of the component.
        args: The plan of the site, whose stack names repository and engine. The engine runs on the cluster, in its
            own namespace; the stack's namespace exists.
        opts: Pulumi options; give the provider of the management cluster here.

    Attributes:
        engine: ``flux`` or ``argocd``; like every output, known at preview.
        repository: Address of the Git repository that holds the trees.
        waves: Names of the cells of each wave, in the order of the roll-out.

    Raises:
        ValueError: From the arguments, if the stack names no repository.

    Example:
        >>> RollOut("roll-out", RollOutArgs(plan=planned))  # doctest: +SKIP
    """

    kind = "RollOut"
    engine: pulumi.Output[str]
    repository: pulumi.Output[str]
    waves: pulumi.Output[list[list[str]]]

    def __init__(self, name: str, args: RollOutArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, roll_out.layers(args), opts)
        self.engine = pulumi.Output.from_input(args.engine.value)
        self.repository = pulumi.Output.from_input(args.plan.stack.delivery.repository or "")
        self.waves = pulumi.Output.from_input(args.waves())
        self.publish(engine=self.engine, repository=self.repository, waves=self.waves)


__all__ = ["RollOut", "RollOutArgs"]
