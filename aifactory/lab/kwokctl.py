"""kwokctl: a real control plane as plain processes, without containers."""

import os
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

from aifactory.deliver.cluster import Cluster
from aifactory.deliver.processes import alive
from aifactory.errors import ClusterError, LabError
from aifactory.lab.ports import free
from aifactory.lab.tools import Tools

CLUSTER = "lab"
START_TIMEOUT_S = 120
SERVED_TIMEOUT_S = 30
"""How long kwokctl waits for a restarted API server; it goes on without one after that."""
GRACE_S = 3.0
"""How long after the start a process may still be missing."""
COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok-controller")
"""Processes of a cluster, by the names of their pid files."""
AUDIT_POLICY = """apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: None
    resources: [{group: coordination.k8s.io}, {group: "", resources: [events]}]
  - level: Metadata
"""
BINARIES = {
    "--etcd-binary": "etcd",
    "--kube-apiserver-binary": "kube-apiserver",
    "--kube-controller-manager-binary": "kube-controller-manager",
    "--kube-scheduler-binary": "kube-scheduler",
    "--kwok-controller-binary": "kwok",
}


class Kwokctl:
    """One kwok cluster below one folder.

    Args:
        directory: Folder of the lab; all files of the cluster are below it.
        tools: The resolved tools.
    """

    def __init__(self, directory: Path, tools: Tools) -> None:
        self.directory = directory
        self.kubeconfig = directory / "kubeconfig"
        self._cluster = directory / "kwok" / "clusters" / CLUSTER
        self._tools = tools

    @property
    def audit_log(self) -> Path:
        """The API server's audit log, one JSON event a line."""
        return self._cluster / "logs" / "audit.log"

    @property
    def exists(self) -> bool:
        """Whether a cluster was created here, running or not."""
        return (self._cluster / "kwok.yaml").is_file()

    def pids(self) -> dict[str, int]:
        """Processes of the cluster that are alive, by component."""
        found: dict[str, int] = {}
        for file in sorted((self._cluster / "pids").glob("*.pid")):
            pid = _number(file)
            if pid is not None and self._is_ours(pid):
                found[file.stem] = pid
        return found

    def _is_ours(self, pid: int) -> bool:
        """Whether the process runs a program of this lab; process ids are reused."""
        try:
            return str(self.directory).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
        except FileNotFoundError:
            return not Path("/proc").is_dir() and alive(pid)

    def create(self) -> None:
        """Create and start the cluster; ready when this returns.

        Raises:
            LabError: If it does not become ready.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        policy = self.directory / "audit-policy.yaml"
        policy.write_text(AUDIT_POLICY)
        binaries = [f"{flag}={self._tools.path(tool)}" for flag, tool in BINARIES.items()]
        self._run(
            "create", "cluster", "--runtime=binary", *binaries, f"--kubeconfig={self.kubeconfig}",
            f"--kube-audit-policy={policy}", "--disable-qps-limits",
        )  # fmt: skip
        self._await_ready()

    def _await_ready(self) -> None:
        """Ready, or an error as soon as a process is gone: the API server answers, and all parts live."""
        deadline = time.monotonic() + START_TIMEOUT_S
        last = "no answer yet"
        while time.monotonic() < deadline:
            gone = sorted(set(COMPONENTS) - set(self.pids()))
            if gone and time.monotonic() > deadline - START_TIMEOUT_S + GRACE_S:
                raise self._failed(f"{', '.join(gone)} ended")
            try:
                Cluster(self.kubeconfig).request("GET", "/readyz")
            except ClusterError as error:
                last = str(error)
            else:
                if not gone:
                    return
            time.sleep(0.1)
        raise self._failed(f"not ready after {START_TIMEOUT_S} s: {last}")

    def _failed(self, why: str) -> LabError:
        return LabError(
            f"the simulated control plane does not start ({why}); logs are in {self._cluster / 'logs'};"
            " run 'aifactory lab down' and try again"
        )

    def start(self) -> None:
        """Start the processes of a cluster that was created before.

        Raises:
            LabError: If it does not become ready.
        """
        self._forget_dead()
        if "kube-apiserver" not in self.pids():
            self._check_port()
        self._run("start", "cluster", f"--timeout={SERVED_TIMEOUT_S}s")
        self._await_ready()

    def _check_port(self) -> None:
        try:
            port = urlsplit(Cluster(self.kubeconfig).server).port or 0
        except ClusterError as error:
            raise self._failed(f"its kubeconfig is lost: {error}") from error
        if not free(port):
            raise self._failed(f"another program has taken port {port}")

    def _forget_dead(self) -> None:
        """Remove the process ids of processes that are not ours any more.

        kwokctl takes any process of that id, an unrelated or an unreaped one too, for its own: it would not
        start the component, and would kill the other process.
        """
        alive = self.pids()
        for file in (self._cluster / "pids").glob("*.pid"):
            if file.stem not in alive:
                file.unlink(missing_ok=True)

    def delete(self) -> None:
        """Stop every process and remove the cluster's files, however broken the cluster is."""
        self._forget_dead()
        try:
            self._run("delete", "cluster", f"--kubeconfig={self.kubeconfig}")
        except LabError:
            for pid in self.pids().values():
                os.kill(pid, signal.SIGKILL)
            return
        for pid in self.pids().values():
            os.kill(pid, signal.SIGKILL)

    def _run(self, *arguments: str) -> None:
        command = [str(self._tools.path("kwokctl")), *arguments, f"--name={CLUSTER}"]
        environment = {
            **os.environ,
            "KWOK_WORKDIR": str(self.directory / "kwok"),
            "KUBECONFIG": str(self.kubeconfig),
        }
        try:
            done = subprocess.run(
                command,
                env=environment,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=START_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise self._failed(
                f"kwokctl {' '.join(arguments[:2])} takes more than {START_TIMEOUT_S} s"
            ) from error
        if done.returncode != 0:
            tail = " ".join((done.stderr or done.stdout).strip().splitlines()[-3:])
            raise self._failed(f"kwokctl {' '.join(arguments[:2])}: {tail}")


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text().strip())
    except (OSError, ValueError):
        return None
