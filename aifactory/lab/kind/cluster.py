"""One kind cluster: its containers, its network, its kubeconfig."""

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aifactory.errors import LabError
from aifactory.lab.kind.container_engine import ContainerEngine
from aifactory.lab.tools import Tools
from aifactory.manifests.kind_target import NODE_CIDR

CLUSTER_LABEL = "io.x-k8s.kind.cluster"
NETWORK = "aifactory-kind"
"""The engine's network that the nodes of every kind lab are in."""
CREATE_TIMEOUT_S = 600.0
DELETE_TIMEOUT_S = 180.0
_TAIL_LINES = 6


@dataclass(frozen=True)
class NodeContainer:
    """A node of the cluster as the container engine sees it."""

    name: str
    state: str
    """``running``, ``exited`` and so on."""

    @property
    def running(self) -> bool:
        """Whether its processes run."""
        return self.state == "running"


class KindCluster:
    """A kind cluster.

    Args:
        name: Name of the cluster, and first part of its containers' names.
        directory: Folder for its configuration and kubeconfig.
        tools: The resolved tools of the lane ``kind``.
        engine: The container engine.
    """

    def __init__(self, name: str, directory: Path, tools: Tools, engine: ContainerEngine) -> None:
        self.name = name
        self.kubeconfig = directory / "kubeconfig"
        self._directory = directory
        self._tools = tools
        self._engine = engine

    def nodes(self) -> tuple[NodeContainer, ...]:
        """Its containers, running or not, by name."""
        listing = self._engine.run(
            [
                "ps",
                "--all",
                "--filter",
                f"label={CLUSTER_LABEL}={self.name}",
                "--format",
                "{{.Names}}\t{{.State}}",
            ]
        )
        rows = [line.split("\t") for line in listing.splitlines() if line.strip()]
        return tuple(sorted((NodeContainer(*row) for row in rows), key=lambda node: node.name))

    def create(self, image: str, config: str) -> None:
        """The cluster's containers run and its API server answers; a half-made cluster is deleted again.

        Args:
            image: Reference of the node image, present in the engine.
            config: kind's configuration file.

        Raises:
            LabError: If kind cannot create it; with its last words and where the whole is.
        """
        self._directory.mkdir(parents=True, exist_ok=True)
        file = self._directory / "kind.yaml"
        file.write_text(config, encoding="utf-8")
        self._make_network()
        words = ["create", "cluster", "--image", image, "--config", str(file), "--wait", "0s"]
        # kind removes the containers of a cluster that it fails to create, unless it is killed.
        self._kind(words, CREATE_TIMEOUT_S)

    def delete(self) -> None:
        """No container, volume or network of the cluster is left."""
        self._kind(["delete", "cluster"], DELETE_TIMEOUT_S)
        for node in self.nodes():  # what kind did not know of any more
            self._engine.run(["rm", "--force", "--volumes", node.name])
        if not self._engine.run(["ps", "--all", "--quiet", "--filter", f"network={NETWORK}"]).strip():
            names = self._engine.run(["network", "ls", "--format", "{{.Name}}"]).split()
            if NETWORK in names:
                self._engine.run(["network", "rm", NETWORK])

    def export(self, folder: Path) -> None:
        """Logs of every node, its kubelet, its container runtime and its pods are below a folder."""
        for node in self.nodes():
            place = folder / node.name
            place.mkdir(parents=True, exist_ok=True)
            if node.running:
                journal = self._engine.run(["exec", node.name, "journalctl", "--boot", "--no-pager"])
                (place / "journal.log").write_text(journal, encoding="utf-8")
            self._engine.run(["cp", f"{node.name}:/var/log/pods", str(place)])

    def execute(self, node: str, script: str, *, timeout_s: float = 60.0) -> str:
        """Run a shell script as root on a node; what it prints.

        Raises:
            LabError: If it fails.
        """
        return self._engine.run(["exec", "--interactive", node, "bash", "-eu"], script, timeout_s)

    def feed(self, node: str, command: Sequence[str], file: Path, *, timeout_s: float = 60.0) -> str:
        """Run a command as root on a node, with a file of this machine as its standard input; what it prints.

        Raises:
            LabError: If it fails.
        """
        return self._engine.run(["exec", "--interactive", node, *command], file, timeout_s)

    def copy(self, file: Path, node: str, place: str) -> None:
        """A file of this machine is on a node; the folder of the place exists there."""
        self._engine.run(["cp", str(file), f"{node}:{place}"])

    def start(self, node: str) -> None:
        """A stopped node runs again."""
        self._engine.run(["start", node])

    def restart(self, node: str) -> None:
        """A node is stopped and started, as a machine that reboots."""
        self._engine.run(["restart", "--time", "10", node])

    def _make_network(self) -> None:
        names = self._engine.run(["network", "ls", "--format", "{{.Name}}"]).split()
        if NETWORK not in names:
            self._engine.run(["network", "create", "--driver", "bridge", "--subnet", NODE_CIDR, NETWORK])

    def _kind(self, words: list[str], timeout_s: float) -> None:
        shown = " ".join(words[:2])
        log = self._directory / "kind.log"
        flags = [f"--name={self.name}", f"--kubeconfig={self.kubeconfig}"]
        command = [str(self._tools.path("kind")), *words, *flags]
        try:
            done = subprocess.run(
                command,
                env=self._environment(),
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise LabError(
                f"'kind {shown}' takes more than {timeout_s:.0f} s; it needs a container engine that answers;"
                " run 'aifactory lab down --target kind' and try again"
            ) from error
        self._directory.mkdir(parents=True, exist_ok=True)
        log.write_text(f"$ {json.dumps(command)}\n{done.stdout}{done.stderr}", encoding="utf-8")
        if done.returncode != 0:
            tail = " ".join((done.stderr or done.stdout).strip().splitlines()[-_TAIL_LINES:])
            raise LabError(
                f"'kind {shown}' failed: {tail}; the whole output is in {log};"
                " run 'aifactory lab down --target kind' and try again"
            )

    def _environment(self) -> dict[str, str]:
        path = f"{self._engine.program.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        return {
            **os.environ,
            "PATH": path,
            "KIND_EXPERIMENTAL_PROVIDER": self._engine.name,
            "KIND_EXPERIMENTAL_DOCKER_NETWORK": NETWORK,
        }
