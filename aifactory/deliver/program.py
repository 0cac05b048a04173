"""What the Pulumi program needs before it declares anything: a checked stack, a checked cluster."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from aifactory.catalog.load import catalog
from aifactory.deliver.charts import chart_skip
from aifactory.deliver.cluster import Cluster
from aifactory.deliver.identity import verify
from aifactory.errors import Problem, StackInvalid
from aifactory.manifests.findings import checked_plan
from aifactory.manifests.parts import Parts, parts_of
from aifactory.plan.models import FactoryPlan
from aifactory.spec.load import stack_from_mapping
from aifactory.spec.stack import Target


class Prepared(BaseModel):
    """A checked stack and the cluster it is for."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    parts: Parts
    target: str
    kubeconfig: str | None
    context: str | None
    cluster_uid: str
    """UID of the cluster's namespace kube-system."""


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


def parts_for(planned: FactoryPlan, cluster: Cluster | None) -> Parts:
    """The parts of a factory, with the charts that can be installed from here.

    Args:
        planned: An accepted plan.
        cluster: The cluster, asked which charts are installed already; None means nobody is asked.
    """
    return parts_of(planned, chart_skip(planned, cluster))


def prepare(
    name: str, raw: object, target: str | None, kubeconfig: str | None, context: str | None
) -> Prepared:
    """Everything checked that can be checked before the first write.

    Args:
        name: Name of the stack.
        raw: The configuration value ``aifactory:stack``.
        target: Where to realise it; None or empty means what the stack says.
        kubeconfig: Kubeconfig file; None or empty means the default one.
        context: Context in it; None or empty means the current one.

    Raises:
        StackInvalid: If the stack is wrong.
        PlanRefused: If its plan has errors.
        ClusterError: If the cluster cannot be reached or is another one than the stack pins.
    """
    file = f"stacks/Pulumi.{name}.yaml"
    stack = stack_from_mapping(raw, file)
    planned = checked_plan(name, stack, catalog(), target_of(target, file), file)
    cluster = Cluster(Path(kubeconfig) if kubeconfig else None, context or None)
    return Prepared(
        parts=parts_for(planned, cluster),
        target=planned.target.value,
        kubeconfig=kubeconfig or None,
        context=context or None,
        cluster_uid=verify(stack, cluster, file),
    )
