"""The simulated lab of a stack: a real control plane with KWOK nodes made from the plan."""

import random
import shutil
import time
from pathlib import Path

from aifactory.deliver.cluster import Cluster
from aifactory.errors import LabError
from aifactory.lab.exclusive import exclusive
from aifactory.lab.furnish import Notify, place_hardware, provide_namespaces, serve_crds
from aifactory.lab.hardware import hardware
from aifactory.lab.kwokctl import BINARIES, Kwokctl
from aifactory.lab.labs import LabStatus, status_of
from aifactory.lab.places import state_home
from aifactory.lab.tools import Tools
from aifactory.plan.cell_choice import for_management
from aifactory.plan.models import FactoryPlan

CREATE_ATTEMPTS = 3


class SimulatedLab:
    """The lab of one stack.

    Args:
        stack: Name of the stack.
        directory: Folder of this lab; removed by :meth:`down`.
        tools: The resolved tools of the lane ``engine``.
    """

    def __init__(self, stack: str, directory: Path, tools: Tools) -> None:
        self.stack = stack
        self.directory = directory
        self._kwok = Kwokctl(directory, tools)

    @property
    def kubeconfig(self) -> Path:
        """Kubeconfig of the lab's API server."""
        return self._kwok.kubeconfig

    @property
    def audit_log(self) -> Path:
        """The API server's audit log."""
        return self._kwok.audit_log

    def status(self) -> LabStatus:
        """What is there, without changing anything."""
        processes = self._kwok.pids()
        complete = len(processes) == len(BINARIES)
        state = "running" if complete else "stopped" if self._kwok.exists else "absent"
        return status_of(self, state, processes)

    def up(self, plan: FactoryPlan, notify: Notify, sample: int | None = None) -> Cluster:
        """A running control plane with the plan's nodes; nothing is written where it is so already.

        Args:
            plan: The plan whose pools become nodes.
            notify: Told one line for each step that is taken.
            sample: Most nodes of each pool; None means full size.

        Raises:
            LabError: If the control plane does not come up.
        """
        with exclusive(self._lock_file, notify):
            cluster = self._running(notify)
            management = for_management(plan)
            serve_crds(cluster, notify, management=management)
            provide_namespaces(cluster, plan, notify)
            # The cells' nodes are in other clusters.
            place_hardware(cluster, [] if management else hardware(plan, sample), notify)
        return cluster

    def settle(self, plan: FactoryPlan, cluster: Cluster, notify: Notify) -> None:
        """Nothing more is to be done: simulated nodes offer what the plan says from the start."""

    def unsettle(self, cluster: Cluster, notify: Notify) -> None:
        """Nothing stands for a chart here."""

    def down(self, notify: Notify) -> None:
        """No process and no file of the lab is left."""
        if not self.directory.exists():
            notify(f"no lab of {self.stack}")
            return
        with exclusive(self._lock_file, notify):
            self._remove()
        self._lock_file.unlink(missing_ok=True)
        _remove_empty(self.directory.parent)
        notify(f"lab of {self.stack} removed")

    def _remove(self) -> None:
        self._kwok.delete()
        shutil.rmtree(self.directory, ignore_errors=False)

    def _running(self, notify: Notify) -> Cluster:
        state = self.status().state
        if state == "stopped":
            notify(f"the lab of {self.stack} is stale (processes are missing): starting it again")
            try:
                self._kwok.start()
            except LabError:
                notify("it cannot be started again, its ports may be taken: making a new one, with no state")
                self._remove()
                state = "absent"
        if state == "absent":
            notify("starting etcd, kube-apiserver, controller-manager, scheduler and KWOK")
            self._create(notify)
        return Cluster(self.kubeconfig)

    def _create(self, notify: Notify) -> None:
        for attempt in range(1, CREATE_ATTEMPTS + 1):
            try:
                self._kwok.create()
            except LabError:
                self._remove()
                if attempt == CREATE_ATTEMPTS:
                    raise
                # Labs that start at the same moment choose the same free ports.
                notify("it did not start, another program may have taken a port: trying again")
                time.sleep(random.uniform(0, 2))  # noqa: S311 - only to get out of step with the other one
            else:
                return

    @property
    def _lock_file(self) -> Path:
        return self.directory.with_suffix(".lock")


def _remove_empty(folder: Path) -> None:
    """Remove the folder of the labs and those above it that only it was in, up to the state's own."""
    for place in (folder, *folder.parents):
        if place == state_home().parent or not place.is_dir() or any(place.iterdir()):
            return
        place.rmdir()
