"""The simulated lab of a stack: a real control plane with KWOK nodes made from the plan."""

import fcntl
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from aifactory.deliver.cluster import Cluster, at_once
from aifactory.errors import ClusterError, LabError
from aifactory.lab import crds, hardware
from aifactory.lab.kwokctl import BINARIES, Kwokctl
from aifactory.lab.places import crd_folder, state_home
from aifactory.lab.tools import Tools
from aifactory.manifests.model import KubernetesObject, key_of, text_at
from aifactory.plan.models import FactoryPlan

MANAGER = "aifactory-lab"
CRD_TIMEOUT_S = 60.0
LOCK_TIMEOUT_S = 300.0
Notify = Callable[[str], None]


class LabStatus(BaseModel):
    """What is there of a lab."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    stack: str
    state: str
    """``running``, ``stopped`` (created, but processes are missing) or ``absent``."""
    kubeconfig: Path
    directory: Path
    processes: dict[str, int]
    """Living processes by component."""
    nodes: int
    """Nodes the API server has; 0 where it does not answer."""


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
        nodes = 0
        if complete:
            try:
                nodes = len(Cluster(self.kubeconfig).list("v1", "Node"))
            except ClusterError:
                state = "stopped"
        return LabStatus(
            stack=self.stack,
            state=state,
            kubeconfig=self.kubeconfig,
            directory=self.directory,
            processes=processes,
            nodes=nodes,
        )

    def up(self, plan: FactoryPlan, notify: Notify, sample: int | None = None) -> Cluster:
        """A running control plane with the plan's nodes; nothing is written where it is so already.

        Args:
            plan: The plan whose pools become nodes.
            notify: Told one line for each step that is taken.
            sample: Most nodes of each pool; None means full size.

        Raises:
            LabError: If the control plane does not come up.
        """
        with self._locked(notify):
            cluster = self._running(notify)
            self._serve_crds(cluster, notify)
            self._sync(cluster, hardware.hardware(plan, sample), notify)
        return cluster

    def down(self, notify: Notify) -> None:
        """No process and no file of the lab is left."""
        if not self.directory.exists():
            notify(f"no lab of {self.stack}")
            return
        with self._locked(notify):
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
            try:
                self._kwok.create()
            except LabError:
                self._kwok.delete()
                raise
        return Cluster(self.kubeconfig)

    def _serve_crds(self, cluster: Cluster, notify: Notify) -> None:
        wanted, standing = crds.served(crd_folder())
        present = {
            text_at(item, "metadata", "name")
            for item in cluster.list("apiextensions.k8s.io/v1", "CustomResourceDefinition")
        }
        missing = [item for item in wanted if key_of(item).name not in present]
        if not missing:
            return
        at_once(lambda item: cluster.apply(item, manager=MANAGER), missing)
        self._await_crds(cluster, {key_of(item).name for item in missing})
        cluster.forget_discovery()
        notify(f"{len(missing)} operator APIs are served (CustomResourceDefinitions); no operator runs")
        if standing:
            notify(
                f"{len(standing)} of them are permissive stand-ins that check no fields: set AIFACTORY_CRDS to a"
                " folder with the real ones"
            )

    @staticmethod
    def _await_crds(cluster: Cluster, names: set[str]) -> None:
        deadline = time.monotonic() + CRD_TIMEOUT_S
        while True:
            listing = cluster.list("apiextensions.k8s.io/v1", "CustomResourceDefinition")
            ready = {key_of(item).name for item in listing if _established(item)}
            if names <= ready:
                return
            if time.monotonic() > deadline:
                raise LabError(
                    f"CRDs are not served after {CRD_TIMEOUT_S:.0f} s: {', '.join(sorted(names - ready))};"
                    " all are needed; run 'aifactory lab down' and try again"
                )
            time.sleep(0.1)

    def _sync(self, cluster: Cluster, wanted: list[KubernetesObject], notify: Notify) -> None:
        live: dict[str, KubernetesObject] = {}
        for api_version, kind in (
            ("v1", "Node"),
            ("resource.k8s.io/v1", "ResourceSlice"),
            ("resource.k8s.io/v1", "DeviceClass"),
        ):
            for item in cluster.list(api_version, kind, f"{hardware.SIMULATED}=true"):
                live[str(key_of(item))] = item
        desired = {str(key_of(item)): item for item in wanted}
        changed = [
            item for key, item in desired.items() if key not in live or _digest(live[key]) != _digest(item)
        ]
        gone = [item for key, item in live.items() if key not in desired]
        at_once(cluster.delete, gone)
        at_once(lambda item: _write(cluster, item, exists=str(key_of(item)) in live), changed)
        if changed or gone:
            nodes = sum(text_at(item, "kind") == "Node" for item in wanted)
            notify(f"{nodes} simulated nodes: {len(changed)} objects written, {len(gone)} removed")

    @property
    def _lock_file(self) -> Path:
        return self.directory.with_suffix(".lock")

    @contextmanager
    def _locked(self, notify: Notify) -> Iterator[None]:
        self._lock_file.parent.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + LOCK_TIMEOUT_S
        with self._lock_file.open("w") as handle:
            told = False
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError as error:
                    if time.monotonic() > deadline:
                        raise LabError(
                            f"another run holds {self._lock_file} for more than {LOCK_TIMEOUT_S:.0f} s;"
                            " one run at a time may change a lab; wait for it or end it"
                        ) from error
                    if not told:
                        notify("waiting for another run that changes this lab")
                        told = True
                    time.sleep(0.2)
            yield


def _established(crd: KubernetesObject) -> bool:
    status = crd.get("status")
    conditions = status.get("conditions") if isinstance(status, dict) else None
    return any(
        isinstance(condition, dict)
        and condition.get("type") == "Established"
        and condition.get("status") == "True"
        for condition in (conditions if isinstance(conditions, list) else [])
    )


def _digest(manifest: KubernetesObject) -> str | None:
    return text_at(manifest, "metadata", "annotations", hardware.DIGEST)


def _write(cluster: Cluster, manifest: KubernetesObject, *, exists: bool) -> None:
    """Write simulated hardware; a Node's status is given at its creation, as a kubelet would."""
    if text_at(manifest, "kind") != "Node":
        cluster.apply(manifest, manager=MANAGER, force=True)
        return
    if not exists:
        cluster.request("POST", "/api/v1/nodes", body=manifest)
        return
    cluster.request(
        "PATCH",
        f"/api/v1/nodes/{key_of(manifest).name}",
        body={"metadata": manifest["metadata"], "spec": manifest["spec"]},
        content_type="application/merge-patch+json",
    )
    cluster.put_status(manifest)


def _remove_empty(folder: Path) -> None:
    """Remove the folder of the labs and those above it that only it was in, up to the state's own."""
    for place in (folder, *folder.parents):
        if place == state_home().parent or not place.is_dir() or any(place.iterdir()):
            return
        place.rmdir()
