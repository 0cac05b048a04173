"""The kind lab of a stack: real kubelets and containers, NVIDIA's own programs, GPUs from a mock NVML."""

import json
import shutil
from pathlib import Path

from aifactory.deliver.cluster import Cluster
from aifactory.lab.exclusive import exclusive
from aifactory.lab.furnish import Notify, provide_namespaces, serve_crds
from aifactory.lab.kind import docker_service, host
from aifactory.lab.kind.cluster import KindCluster
from aifactory.lab.kind.container_engine import ContainerEngine, find
from aifactory.lab.kind.labels import await_discovery, await_pool_labels
from aifactory.lab.kind.layout import cluster_name, workers
from aifactory.lab.kind.making import Making
from aifactory.lab.kind.offers import await_offers
from aifactory.lab.kind.operands import discovery_objects
from aifactory.lab.kind.stand_ins import apply_objects, place_stand_ins, remove_stand_ins
from aifactory.lab.kind.workers import furnish_workers
from aifactory.lab.labs import LabStatus, status_of
from aifactory.lab.places import labs, usual_state_home
from aifactory.lab.tools import Tools
from aifactory.plan.models import FactoryPlan
from aifactory.spec.stack import Target

SETTINGS = "kernel-settings.json"
SAMPLE = "sample.json"
"""How many nodes of each pool the lab was made with."""


class KindLab:
    """The kind lab of one stack.

    Args:
        stack: Name of the lab, most often that of its stack.
        directory: Folder of this lab; removed by :meth:`down`.
        tools: The resolved tools of the lane ``kind``.
    """

    def __init__(self, stack: str, directory: Path, tools: Tools) -> None:
        self.stack = stack
        self.directory = directory
        self.cluster = cluster_name(directory, usual_state_home() / "labs" / Target.KIND.value)
        self._tools = tools

    @property
    def kubeconfig(self) -> Path:
        """Kubeconfig of the lab's API server."""
        return self.directory / "kubeconfig"

    def cluster_on(self, engine: ContainerEngine) -> KindCluster:
        """The kind cluster of this lab on a container engine."""
        return KindCluster(self.cluster, self.directory, self._tools, engine)

    def status(self) -> LabStatus:
        """What is there, without changing anything."""
        engine = find()
        containers = self.cluster_on(engine).nodes() if engine is not None else ()
        state = "absent"
        if containers or self.directory.is_dir():
            state = "running" if containers and all(node.running for node in containers) else "stopped"
        processes = {
            node.name: pid
            for node in containers
            if engine is not None and (pid := _pid(engine, node.name)) > 0
        }
        return status_of(self, state, processes)

    def up(self, plan: FactoryPlan, notify: Notify, sample: int | None = None) -> Cluster:
        """A running kind cluster whose workers have the plan's GPUs; what is there already is kept.

        Args:
            plan: The plan whose pools become workers.
            notify: Told one line for each step that is taken.
            sample: Workers of each pool; None means one.

        Raises:
            LabError: If the cluster does not come up; what was made of it is removed again.
        """
        made = workers(self.cluster, plan, sample)
        with exclusive(self._lock_file, notify):
            engine = docker_service.ensure_running(notify)
            kind = self.cluster_on(engine)
            making = Making(kind, engine, self._tools, self.directory, self._settings, notify)
            cluster = making.running(plan, made)
            serve_crds(cluster, notify)
            provide_namespaces(cluster, plan, notify)
            furnish_workers(kind, made, plan, notify)  # before a pod of discovery makes a folder there
            apply_objects(cluster, discovery_objects(made))
            await_discovery(cluster, made)
            (self.directory / SAMPLE).write_text(json.dumps(sample))
        return cluster

    def settle(self, plan: FactoryPlan, cluster: Cluster, notify: Notify) -> None:
        """NVIDIA's operands run as the stack's charts would run them, and every worker offers its GPUs.

        Args:
            plan: The plan that was applied.
            cluster: The lab's cluster.
            notify: Told one line for each step that is taken.

        Raises:
            LabError: If a worker does not come to offer what the plan says.
        """
        made = workers(self.cluster, plan, self._sample())
        await_pool_labels(cluster, made)
        place_stand_ins(cluster, plan, notify)
        await_offers(cluster, made, notify)

    def unsettle(self, cluster: Cluster, notify: Notify) -> None:
        """Nothing that stands for a chart is left in the cluster."""
        remove_stand_ins(cluster, notify)

    def down(self, notify: Notify) -> None:
        """Nothing of the lab is left: containers, volumes, networks, files, kernel settings."""
        engine = find()
        if engine is None and not self.directory.exists():
            notify(f"no lab of {self.stack}")
            return
        with exclusive(self._lock_file, notify):
            if engine is not None:
                self.cluster_on(engine).delete()
            for line in host.restore_settings(self._settings):
                notify(f"kernel setting put back: {line}")
            shutil.rmtree(self.directory, ignore_errors=True)
        self._lock_file.unlink(missing_ok=True)
        if not any(labs(Target.KIND.value).glob("*/")):
            docker_service.stop(notify)
        notify(f"lab of {self.stack} removed")

    def _sample(self) -> int | None:
        file = self.directory / SAMPLE
        found: int | None = json.loads(file.read_text()) if file.is_file() else None
        return found

    @property
    def _settings(self) -> Path:
        return labs(Target.KIND.value).parent / f"{Target.KIND.value}-{SETTINGS}"

    @property
    def _lock_file(self) -> Path:
        return self.directory.with_suffix(".lock")


def _pid(engine: ContainerEngine, name: str) -> int:
    return int(engine.run(["inspect", "--format", "{{.State.Pid}}", name]).strip() or 0)
