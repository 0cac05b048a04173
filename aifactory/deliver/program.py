"""What the Pulumi program needs before it declares anything: a checked stack, a checked cluster."""

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from aifactory.catalog.load import catalog
from aifactory.deliver.charts import chart_skip
from aifactory.deliver.cluster import Cluster
from aifactory.deliver.holder import entered
from aifactory.deliver.identity import verify
from aifactory.deliver.promotion import Promotion, gate_mode, way_in
from aifactory.deliver.workspace import DRIVER
from aifactory.errors import Problem, StackInvalid
from aifactory.manifests.findings import checked_plan
from aifactory.manifests.management import ManagementArgs, management_of
from aifactory.manifests.parts import Parts, parts_of
from aifactory.plan.cell_choice import for_management, part_of, site_of
from aifactory.plan.models import FactoryPlan
from aifactory.spec.load import stack_from_mapping
from aifactory.spec.stack import Target

DEPLOYED = "deployed"
"""Value of the configuration key ``aifactory:predecessor`` where the phase before is in the same backend."""


class Prepared(BaseModel):
    """A checked stack and the cluster it is for."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    parts: Parts | ManagementArgs
    target: str
    kubeconfig: str | None
    context: str | None
    cluster_uid: str
    """UID of the cluster's namespace kube-system."""
    promotion: Promotion
    """The way into the phase; nothing that is known here refuses it."""


def target_of(given: str | None, file: str) -> Target | None:
    """The target that a text names; None for none.

    Raises:
        StackInvalid: If it names no target.
    """
    if not given:
        return None
    try:
        return Target(given)
    except ValueError as error:
        names = ", ".join(target.value for target in Target)
        raise StackInvalid(
            file, [Problem("target", f"'{given}' is not a target", f"targets: {names}", "name one of them")]
        ) from error


def parts_for(planned: FactoryPlan, cluster: Cluster | None) -> Parts | ManagementArgs:
    """The parts of a factory, with the charts that can be installed from here; or of a management cluster.

    Args:
        planned: An accepted plan, of a cell or of a site with a management cluster.
        cluster: The cluster, asked which charts are installed already; None means nobody is asked.
    """
    if for_management(planned):
        return management_of(planned)
    return parts_of(planned, chart_skip(planned, cluster))


def prepare(
    name: str,
    raw: object,
    target: str | None,
    kubeconfig: str | None,
    context: str | None,
    gates: str | None = None,
    predecessor: str | None = None,
    cell: str | None = None,
) -> Prepared:
    """Everything checked that can be checked before the first write.

    Args:
        name: Name of the Pulumi stack: the stack's own, or that of one of its cells.
        raw: The configuration value ``aifactory:stack``.
        target: Where to realise it; None or empty means what the stack says.
        kubeconfig: Kubeconfig file; None or empty means the default one.
        context: Context in it; None or empty means the current one.
        gates: ``enforce`` or ``report``; None or empty means enforce where the target is a real cluster.
        predecessor: ``deployed`` where the stack of the phase before is known to be in the same backend.
        cell: The cell of a larger site; None or empty means its management cluster, else its only cell, or the
            first one of a lab.

    Raises:
        StackInvalid: If the stack is wrong.
        AIFactoryError: If there is no such cell, or several could be meant.
        PlanRefused: If its plan has errors.
        ClusterError: If the cluster cannot be reached or is another one than the stack pins.
        PromotionRefused: If gates are enforced and something refuses the phase, or the cluster is another
            stack's.
    """
    site = site_of(name, cell)
    file = f"stacks/Pulumi.{site}.yaml"
    stack = stack_from_mapping(raw, file)
    whole = checked_plan(site, stack, catalog(), target_of(target, file), file, for_one_cell=bool(cell))
    planned = part_of(whole, cell)
    cluster = Cluster(Path(kubeconfig) if kubeconfig else None, context or None)
    uid = verify(stack, cluster, file)
    inside = entered(planned, cluster, driven=DRIVER in os.environ)
    mode = gate_mode(gates, planned.target, file)
    here = predecessor == DEPLOYED
    promotion = way_in(whole, planned, mode, file, home=name, inside=inside, deployed_here=here)
    return Prepared(
        parts=parts_for(planned, cluster),
        target=planned.target.value,
        kubeconfig=kubeconfig or None,
        context=context or None,
        cluster_uid=uid,
        promotion=promotion,
    )
