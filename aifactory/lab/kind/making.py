"""The kind cluster of a lab: found, or made; completed where a run before was killed on the way."""

from dataclasses import dataclass
from pathlib import Path

from aifactory.deliver.cluster import Cluster
from aifactory.errors import ClusterError, LabError
from aifactory.lab.furnish import Notify
from aifactory.lab.kind import host
from aifactory.lab.kind.cluster import KindCluster
from aifactory.lab.kind.container_engine import ContainerEngine
from aifactory.lab.kind.layout import Worker, kind_config
from aifactory.lab.kind.machine import Machine
from aifactory.lab.kind.network import network_objects
from aifactory.lab.kind.node_choice import NodeImage, ensure_node
from aifactory.lab.kind.node_image import REPOSITORY
from aifactory.lab.kind.pinned_images import ensure_archive
from aifactory.lab.kind.pinned_nodes import BRIDGE, RESTRICTED, furnish_nodes
from aifactory.lab.kind.ready import await_ready
from aifactory.lab.kind.stand_ins import apply_objects
from aifactory.lab.tools import Tools
from aifactory.plan.models import FactoryPlan

COMPLETE = "complete"
"""File in a lab's folder: its nodes have all that belongs on them, and its network is there."""


@dataclass(frozen=True)
class Making:
    """What a cluster is made with.

    Attributes:
        kind: The kind cluster.
        engine: The container engine.
        tools: The resolved tools of the lane ``kind``.
        directory: Folder of the lab.
        settings: File that keeps the kernel's settings of before.
        notify: Told one line for each step that is taken.
    """

    kind: KindCluster
    engine: ContainerEngine
    tools: Tools
    directory: Path
    settings: Path
    notify: Notify

    def running(self, plan: FactoryPlan, made: tuple[Worker, ...]) -> Cluster:
        """The running cluster with exactly these workers; its nodes are Ready, and its network and storage run.

        Args:
            plan: The plan whose pools become workers.
            made: The workers.

        Raises:
            LabError: If it does not come up; what this run made of it is removed again.
        """
        found = {node.name: node for node in self.kind.nodes()}
        expected = {worker.container for worker in made} | {f"{self.kind.name}-control-plane"}
        kubeconfig = self.directory / "kubeconfig"
        if found and (found.keys() != expected or not kubeconfig.is_file()):
            self.notify("the kind cluster has other nodes than wanted: making it anew")
            self.kind.delete()
            found = {}
        complete = self.directory / COMPLETE
        if not found:
            complete.unlink(missing_ok=True)
            self._create(plan, made)
        for node in found.values():
            if not node.running:
                self.notify(f"{node.name} is {node.state}: starting it")
                self.kind.start(node.name)
        if found and not complete.is_file():
            self._complete(self._archive(self._image_of(min(found))), plan, sorted(found))
        complete.touch()
        cluster = Cluster(kubeconfig)
        await_ready(cluster, len(expected), self.notify)
        return cluster

    def _create(self, plan: FactoryPlan, made: tuple[Worker, ...]) -> None:
        image = ensure_node(self.engine, self.tools, self.notify)
        archive = self._archive(image)  # before a cluster waits for it
        self.directory.mkdir(parents=True, exist_ok=True)
        host.save_settings(self.settings)
        self.notify(f"creating a kind cluster: a control plane and {len(made)} workers ({image.reference})")
        restricted = not image.furnished and not Machine.current().sys_resource
        try:
            self.kind.create(image.reference, kind_config(plan, made, [RESTRICTED] if restricted else []))
            self._complete(archive, plan, [node.name for node in self.kind.nodes()])
        except (LabError, ClusterError, KeyboardInterrupt):
            self.notify("it did not come up: what was made of it is removed")
            self.kind.delete()
            raise

    def _archive(self, image: NodeImage) -> Path | None:
        """The lab's own images, for nodes of an image that lacks them; None where they are in it."""
        if image.furnished:
            return None
        return ensure_archive(self.engine, image.reference, self.tools, self.notify)

    def _complete(self, archive: Path | None, plan: FactoryPlan, nodes: list[str]) -> None:
        """Nodes have all that belongs on them, and the network is there; again, it changes nothing."""
        if archive is not None:
            furnish_nodes(self.kind, nodes, archive, self.tools.path(BRIDGE), self.notify)
        apply_objects(Cluster(self.directory / "kubeconfig"), network_objects(plan))

    def _image_of(self, node: str) -> NodeImage:
        """The image that a node was made of."""
        reference = self.engine.run(["inspect", "--format", "{{.Config.Image}}", node]).strip()
        return NodeImage(reference, furnished=reference.startswith(f"{REPOSITORY}:"))
