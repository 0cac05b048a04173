"""What the phase before exports, checked before anything of the next phase is registered with the cluster."""

from collections.abc import Mapping

import pulumi

from aifactory.deliver.promotion import Promotion
from aifactory.plan.deployed import OUTPUT, contradictions

REFERENCE = "predecessor"
"""Name of the StackReference."""


def after_predecessor(promotion: Promotion, cluster_uid: str) -> pulumi.Input[str]:
    """The cluster's identity, known once the phase before does not contradict this one.

    The cluster's provider takes it: without it no object can be registered, neither in a preview nor in an
    update.

    Args:
        promotion: The way into the phase; names the stack to read, or none.
        cluster_uid: UID of the cluster's namespace kube-system.

    Raises:
        pulumi.RunError: Later, in the program's run, with every contradiction.
    """
    previous = promotion.previous
    if previous is None:
        return cluster_uid
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{previous}"

    def checked(outputs: Mapping[str, object]) -> str:
        against = contradictions(outputs.get(OUTPUT), previous, promotion.outputs)
        if against:
            raise pulumi.RunError("\n".join([*against, "the phase is not entered: nothing was written"]))
        return cluster_uid

    return pulumi.StackReference(REFERENCE, name).outputs.apply(checked)


__all__ = ["REFERENCE", "after_predecessor"]
