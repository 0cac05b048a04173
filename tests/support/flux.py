"""Flux's real controllers as processes beside a simulated lab, and what they say."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from aifactory.deliver.cluster import Cluster
from aifactory.lab.tools import Tools
from aifactory.manifests.model import KubernetesObject
from tests.support.processes import wait
from tests.support.schemas import crd_dir

NAMESPACE = "flux-system"
MANAGER = "test-bootstrap"
TOOLS = ("flux-source-controller", "flux-kustomize-controller")
ASKED = "reconcile.fluxcd.io/requestedAt"
"""Annotation by which ``flux reconcile`` asks for a sync now instead of at the next interval."""
_KUSTOMIZATION = ("kustomize.toolkit.fluxcd.io/v1", "Kustomization")
_SOURCE = ("source.toolkit.fluxcd.io/v1", "GitRepository")
_STOP_S = 20


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


@dataclass(frozen=True)
class Ready:
    """The condition Ready of a Kustomization, and what it is about."""

    name: str
    status: str
    reason: str
    message: str
    since: str
    """When the status became what it is, in UTC to the second."""
    applied: str
    """Commit that was applied last."""
    attempted: str
    """Commit that was tried last."""
    needs: tuple[str, ...]


class Flux:
    """The controllers of one cluster.

    Args:
        cluster: The cluster.
        logs: Folder with their logs.
    """

    def __init__(self, cluster: Cluster, logs: Path) -> None:
        self.cluster = cluster
        self._logs = logs

    def kustomizations(self) -> dict[str, Ready]:
        """Every Kustomization, as it stands."""
        return {one.name: one for one in map(_ready, self.cluster.list(*_KUSTOMIZATION))}

    def reconcile(self, name: str) -> None:
        """Ask for a sync of one Kustomization now, as its interval would."""
        self._ask(*_KUSTOMIZATION, name)

    def fetch(self) -> None:
        """Ask for a look into the repository now, as its interval would."""
        for source in self.cluster.list(*_SOURCE):
            metadata: Any = source["metadata"]
            self._ask(*_SOURCE, metadata["name"])

    def _ask(self, api_version: str, kind: str, name: str) -> None:
        path = self.cluster.collection(api_version, kind, NAMESPACE)
        self.cluster.request(
            "PATCH",
            f"{path}/{name}",
            body={"metadata": {"annotations": {ASKED: str(time.time_ns())}}},
            content_type="application/merge-patch+json",
        )

    def wait_ready(self, commit: str, timeout_s: float = 180) -> None:
        """Return once every Kustomization is Ready at a commit."""

        def ready() -> bool:
            found = self.kustomizations().values()
            return bool(found) and all(one.status == "True" and one.applied.endswith(commit) for one in found)

        wait(ready, timeout_s, self.describe)

    def describe(self) -> str:
        """What is not Ready, and the ends of the logs."""
        lines = [str(one) for one in self.kustomizations().values() if one.status != "True"]
        for log in sorted(self._logs.glob("*.log")):
            lines += [f"-- {log.name}", *log.read_text(errors="replace").splitlines()[-8:]]
        return "\n".join(lines)


def _ready(item: KubernetesObject) -> Ready:
    content: Any = item
    status = content.get("status", {})
    found: Any = next((one for one in status.get("conditions", []) if one["type"] == "Ready"), {})
    return Ready(
        name=content["metadata"]["name"],
        status=found.get("status", "Unknown"),
        reason=found.get("reason", ""),
        message=found.get("message", ""),
        since=found.get("lastTransitionTime", ""),
        applied=status.get("lastAppliedRevision", ""),
        attempted=status.get("lastAttemptedRevision", ""),
        needs=tuple(one["name"] for one in content["spec"].get("dependsOn", ())),
    )


def install_crds(cluster: Cluster, *projects: str) -> None:
    """The cluster serves the kinds of some projects, from their real CustomResourceDefinitions."""
    folder = crd_dir()
    assert folder is not None
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    names = set()
    for project in projects:
        for file in sorted((folder / project).glob("*.yaml")):
            definition = yaml.load(file.read_text(), loader)  # noqa: S506 - a safe one
            cluster.apply(definition, manager=MANAGER)
            names.add(definition["metadata"]["name"])

    def established() -> set[str]:
        listed: Any = cluster.list("apiextensions.k8s.io/v1", "CustomResourceDefinition")
        return {
            one["metadata"]["name"]
            for one in listed
            for condition in one.get("status", {}).get("conditions") or ()
            if condition["type"] == "Established" and condition["status"] == "True"
        }

    wait(lambda: names <= established(), 60, lambda: names - established())
    cluster.forget_discovery()


def install_apis(cluster: Cluster) -> None:
    """The cluster serves Flux's kinds, and has its namespace."""
    install_crds(cluster, "source-controller", "kustomize-controller", "helm-controller")
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}, manager=MANAGER)


def _commands(tools: Tools, home: Path) -> dict[str, list[str]]:
    storage, source_metrics, source_health, apply_metrics, apply_health = free_ports(5)
    address = f"127.0.0.1:{storage}"
    common = ["--events-addr=", "--log-level=info", "--watch-all-namespaces"]
    return {
        "source": [
            str(tools.path("flux-source-controller")),
            f"--storage-path={home / 'artifacts'}",
            f"--storage-addr={address}",
            f"--storage-adv-addr={address}",
            f"--metrics-addr=127.0.0.1:{source_metrics}",
            f"--health-addr=127.0.0.1:{source_health}",
            *common,
        ],
        "kustomize": [
            str(tools.path("flux-kustomize-controller")),
            # A dependant looks again this often; in a cluster every 30 s.
            "--requeue-dependency=1s",
            f"--metrics-addr=127.0.0.1:{apply_metrics}",
            f"--health-addr=127.0.0.1:{apply_health}",
            *common,
        ],
    }


@contextmanager
def controllers(kubeconfig: Path, home: Path, tools: Tools) -> Iterator[Flux]:
    """source-controller and kustomize-controller run; both are gone afterwards, whatever happened."""
    logs, scratch = home / "logs", home / "scratch"
    for folder in (logs, scratch, home / "artifacts"):
        folder.mkdir(parents=True, exist_ok=True)
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "TMPDIR": str(scratch),
        "KUBECONFIG": str(kubeconfig),
        "RUNTIME_NAMESPACE": NAMESPACE,
    }
    running: list[subprocess.Popen[bytes]] = []
    with ExitStack() as stack:
        for name, command in _commands(tools, home).items():
            log = stack.enter_context((logs / f"{name}.log").open("wb"))
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=home)
            stack.callback(_stop, process)
            running.append(process)
        flux = Flux(Cluster(kubeconfig), logs)
        yield flux
        assert [one.poll() for one in running] == [None, None], flux.describe()


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(_STOP_S)
