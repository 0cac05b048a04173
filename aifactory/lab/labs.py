"""What every kind of lab can do, and where the lab of a name is."""

from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from aifactory.deliver.cluster import Cluster
from aifactory.errors import ClusterError
from aifactory.lab.furnish import Notify
from aifactory.plan.models import FactoryPlan


class LabStatus(BaseModel):
    """What is there of a lab."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    stack: str
    state: str
    """``running``, ``stopped`` (created, but parts are missing) or ``absent``."""
    kubeconfig: Path
    directory: Path
    processes: dict[str, int]
    """Living parts: process ids by component; for kind, of the nodes' containers."""
    nodes: int
    """Nodes the API server has; 0 where it does not answer."""


class Lab(Protocol):
    """The lab of one stack: a local cluster that stands for the real one."""

    stack: str
    directory: Path

    @property
    def kubeconfig(self) -> Path:
        """Kubeconfig of the lab's API server."""

    def status(self) -> LabStatus:
        """What is there, without changing anything."""

    def up(self, plan: FactoryPlan, notify: Notify, sample: int | None = None) -> Cluster:
        """A running cluster with the plan's nodes; nothing is written where it is so already.

        Args:
            plan: The plan whose pools become nodes.
            notify: Told one line for each step that is taken.
            sample: Most nodes of each pool; None means the lab's own measure.

        Raises:
            LabError: If the cluster does not come up.
        """

    def settle(self, plan: FactoryPlan, cluster: Cluster, notify: Notify) -> None:
        """What stands for the stack's charts runs, and the nodes offer what the plan says.

        Args:
            plan: The plan that was applied.
            cluster: The lab's cluster.
            notify: Told one line for each step that is taken.

        Raises:
            LabError: If nodes do not come to offer it.
        """

    def unsettle(self, cluster: Cluster, notify: Notify) -> None:
        """Nothing that stands for a chart is left in the cluster."""

    def down(self, notify: Notify) -> None:
        """Nothing of the lab is left on the machine."""


def status_of(lab: Lab, state: str, processes: dict[str, int]) -> LabStatus:
    """The status of a lab whose parts are known; one that runs and whose API server is silent is stopped.

    Args:
        lab: The lab.
        state: What its parts say: ``running``, ``stopped`` or ``absent``.
        processes: Its living parts.
    """
    nodes = 0
    if state == "running":
        try:
            nodes = len(Cluster(lab.kubeconfig).list("v1", "Node"))
        except ClusterError:
            state = "stopped"
    return LabStatus(
        stack=lab.stack,
        state=state,
        kubeconfig=lab.kubeconfig,
        directory=lab.directory,
        processes=processes,
        nodes=nodes,
    )
