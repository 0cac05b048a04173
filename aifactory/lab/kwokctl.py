"""kwokctl: a real control plane as plain processes, without containers."""

import os
import signal
import subprocess
from pathlib import Path

from aifactory.errors import LabError
from aifactory.lab.tools import Tools

CLUSTER = "lab"
START_TIMEOUT_S = 120
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
            return not Path("/proc").is_dir() and _alive(pid)

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
            f"--kube-audit-policy={policy}", "--disable-qps-limits", f"--wait={START_TIMEOUT_S}s",
        )  # fmt: skip

    def start(self) -> None:
        """Start the processes of a cluster that was created before.

        Raises:
            LabError: If it does not become ready.
        """
        self._run("start", "cluster", f"--wait={START_TIMEOUT_S}s")

    def delete(self) -> None:
        """Stop every process and remove the cluster's files, however broken the cluster is."""
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
        done = subprocess.run(  # noqa: PLW1510 - the exit code is looked at below
            command, env=environment, capture_output=True, text=True, timeout=START_TIMEOUT_S + 60
        )
        if done.returncode != 0:
            tail = "\n".join((done.stderr or done.stdout).strip().splitlines()[-8:])
            raise LabError(
                f"the simulated control plane does not start ({' '.join(arguments[:2])}): {tail}\n"
                f"logs are in {self._cluster / 'logs'}; run 'aifactory lab down' and try again"
            )


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text().strip())
    except (OSError, ValueError):
        return None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
