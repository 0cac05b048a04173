"""The kind lab for tests: the command line as a user runs it, pods on it, and what it leaves on the machine."""

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from aifactory.catalog.load import catalog
from aifactory.deliver.cluster import Cluster
from aifactory.lab.kind.cluster import KindCluster
from aifactory.lab.kind.container_engine import find
from aifactory.lab.kind.host import read_settings
from aifactory.lab.kind.layout import Worker, cluster_name, workers
from aifactory.lab.places import usual_state_home
from aifactory.lab.tools import Toolbox, Tools, tools_for
from aifactory.manifests.findings import checked_plan
from aifactory.manifests.kind_target import lab_image
from aifactory.plan.cell_choice import one_cell
from aifactory.plan.models import FactoryPlan
from aifactory.plan.nodes import POOL_LABEL
from aifactory.spec.load import load_stack
from aifactory.spec.stack import Target
from tests.support.lab import ROOT, Outcome, Shell

KIND = ("--target", "kind")
DUMPS = ROOT / "build" / "kind-dumps"
GPU_TOLERATION = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
POLL_S = 0.3


def tools() -> Tools:
    """The tools of the lane."""
    return Toolbox.default().ensure(tools_for("kind"))


def planned(stack: str) -> FactoryPlan:
    """The plan of the stack's first cell on target kind."""
    file = ROOT / "stacks" / f"Pulumi.{stack}.yaml"
    return one_cell(checked_plan(stack, load_stack(file), catalog(), Target.KIND, str(file)), None)


def eventually(what: str, holds: Callable[[], object], timeout_s: float = 60.0) -> Any:
    """The first true answer of ``holds``; fails with the last answer if none comes in time."""
    deadline = time.monotonic() + timeout_s
    while True:
        answer = holds()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"{what}: not so after {timeout_s:.0f} s; last: {answer!r}"
        time.sleep(POLL_S)


@dataclass(frozen=True)
class Kind:
    """The kind lab of one stack."""

    stack: str
    shell: Shell
    before: frozenset[str] = frozenset()
    """The cluster's inventory before the stack was first applied; empty where it is not known."""

    @property
    def kubeconfig(self) -> Path:
        """Kubeconfig of the lab."""
        return self.shell.home / "aifactory" / "labs" / "kind" / self.stack / "kubeconfig"

    @property
    def name(self) -> str:
        """Name of the kind cluster."""
        return cluster_name(self.kubeconfig.parent, usual_state_home() / "labs" / "kind")

    @cached_property
    def plan(self) -> FactoryPlan:
        """The plan that the lab realises."""
        return planned(self.stack)

    @cached_property
    def tools(self) -> Tools:
        """The tools of the lane."""
        return tools()

    def cluster(self) -> Cluster:
        """A fresh client."""
        return Cluster(self.kubeconfig)

    def nodes(self) -> KindCluster:
        """The cluster's containers."""
        engine = find()
        assert engine is not None, "no container engine answers"
        return KindCluster(self.name, self.kubeconfig.parent, self.tools, engine)

    def workers(self) -> tuple[Worker, ...]:
        """The workers and the planned nodes that they stand for."""
        return workers(self.name, self.plan, None)

    def worker(self, pool: str) -> str:
        """Name of the node of a pool."""
        return next(one.container for one in self.workers() if one.pool is not None and one.pool.name == pool)

    def up(self) -> dict[str, Any]:
        """What ``aifactory up --target kind --json`` says; fails if the command fails."""
        report: dict[str, Any] = json.loads(self.run("up", self.stack, *KIND, "--json").succeeded().out)
        return report

    def run(self, *words: str) -> Outcome:
        """How a command of ours ends."""
        return self.shell.run(*words)

    def kubectl(self, *words: str, stdin: str | None = None, check: bool = True) -> str:
        """What kubectl prints."""
        done = subprocess.run(
            [str(self.tools.path("kubectl")), "--kubeconfig", str(self.kubeconfig), *words],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert not check or done.returncode == 0, f"kubectl {' '.join(words)}: {done.stderr}"
        return done.stdout

    def apply(self, *objects: dict[str, Any]) -> None:
        """Apply objects."""
        listing = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.kubectl("apply", "-f", "-", stdin=json.dumps(listing))

    def node(self, name: str) -> dict[str, Any]:
        """A live node."""
        found: dict[str, Any] = json.loads(self.kubectl("get", "node", name, "-o", "json"))
        return found

    def offered(self, node: str) -> dict[str, int]:
        """The resources of nvidia.com that a node offers."""
        allocatable = self.node(node)["status"].get("allocatable", {})
        return {
            name: int(count)
            for name, count in allocatable.items()
            if name.startswith("nvidia.com/") and int(count)
        }

    def slices(self) -> list[dict[str, Any]]:
        """Specifications of the ResourceSlices of NVIDIA's DRA driver."""
        found = json.loads(self.kubectl("get", "resourceslices", "-o", "json"))["items"]
        return [item["spec"] for item in found if item["spec"]["driver"] == "gpu.nvidia.com"]

    def pod(self, namespace: str, name: str) -> dict[str, Any]:
        """A live pod."""
        found: dict[str, Any] = json.loads(self.kubectl("-n", namespace, "get", "pod", name, "-o", "json"))
        return found

    def phase(self, namespace: str, name: str) -> str:
        """Phase of a pod."""
        return str(self.pod(namespace, name)["status"].get("phase"))

    def await_running(self, namespace: str, *names: str, timeout_s: float = 90.0) -> None:
        """Every named pod runs and is ready."""
        for name in names:
            eventually(f"pod {namespace}/{name} runs", partial(self._runs, namespace, name), timeout_s)

    def _runs(self, namespace: str, name: str) -> bool:
        return self.phase(namespace, name) == "Running"

    def unschedulable(self, namespace: str, name: str) -> str:
        """Why the scheduler leaves a pod Pending; empty while it has not said."""
        for condition in self.pod(namespace, name)["status"].get("conditions", []):
            if condition["type"] == "PodScheduled" and condition["status"] == "False":
                return str(condition.get("message", ""))
        return ""

    def execute(self, namespace: str, pod: str, script: str) -> str:
        """What a shell script prints in a pod."""
        return self.kubectl("-n", namespace, "exec", pod, "--", "sh", "-c", script)

    def dump(self, folder: Path) -> None:
        """Objects, events and the logs of every node are below a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for what in ("nodes", "pods", "events", "networkpolicies", "resourceslices", "resourceclaims"):
            (folder / f"{what}.yaml").write_text(self.kubectl("get", what, "-A", "-o", "yaml", check=False))
        self.nodes().export(folder)

    @contextmanager
    def namespace(self, name: str) -> Iterator[str]:
        """A namespace that takes pods, and is gone afterwards, with all of them."""
        self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        try:
            # Without its account every pod is refused; a controller writes it, which may be at work elsewhere.
            account = partial(self.kubectl, "-n", name, "get", "serviceaccount", "default", check=False)
            eventually(f"the account of pods in {name}", account)
            yield name
        finally:
            self.kubectl("delete", "pods", "--all", "-n", name, "--force", "--grace-period=0")
            self.kubectl("delete", "namespace", name, "--timeout=90s")


def gpu_pod(
    namespace: str,
    name: str,
    pool: str | None,
    limits: dict[str, int],
    *,
    tolerate: bool = True,
    command: str = "exec sleep 100000",
    **spec: Any,
) -> dict[str, Any]:
    """A pod that asks for extended resources on a pool."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 0,
            "tolerations": [GPU_TOLERATION] if tolerate else [],
            **({"nodeSelector": {POOL_LABEL: pool}} if pool is not None else {}),
            "containers": [
                {
                    "name": "main",
                    "image": lab_image("userland"),
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["sh", "-c", command],
                    "resources": {"limits": {key: str(count) for key, count in limits.items()}},
                    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                }
            ],
            # What the restricted Pod Security Standard of the stack's own namespaces asks for.
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 65532,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            **spec,
        },
    }


_FLEETING = {
    "componentstatuses",
    "events",
    "events.events.k8s.io",
    "leases.coordination.k8s.io",
    "pods",
    "endpoints",
}
"""Kinds whose objects come and go by themselves."""


def inventory(made: Kind) -> frozenset[str]:
    """Every object of the cluster that lasts, and what each node is labelled, tainted and offers."""
    words = ("api-resources", "--verbs=list", "-o", "name")
    kinds = sorted(set(made.kubectl(*words).split()) - _FLEETING)
    template = r'{range .items[*]}{.kind}/{.metadata.namespace}/{.metadata.name}{"\n"}{end}'
    found = set(made.kubectl("get", ",".join(kinds), "-A", "-o", f"jsonpath={template}").splitlines())
    # Their names are new at every start of what owns them.
    lasting = {
        line for line in found if not re.match(r"(ReplicaSet|ControllerRevision|EndpointSlice)/", line)
    }
    for worker in made.workers():
        node = made.node(worker.container)
        lasting |= {
            f"label {worker.container} {key}={value}" for key, value in node["metadata"]["labels"].items()
        }
        lasting |= {f"taint {worker.container} {taint}" for taint in node["spec"].get("taints", [])}
        lasting |= {f"offer {worker.container} {offer}" for offer in made.offered(worker.container).items()}
    return frozenset(lasting)


_OURS = re.compile(r"kubelet|containerd-shim|kube-|coredns|nvidia|nfd-|local-path|/kind/")


def footprint() -> set[str]:
    """What clusters leave on a machine: containers, volumes, networks, mounts, cgroups, processes, links, settings."""
    found = {f"setting {name}={value}" for name, value in read_settings().items()}
    engine = find()
    if engine is not None:
        for what, words in (
            ("container", ["ps", "--all", "--format", "{{.Names}}"]),
            ("volume", ["volume", "ls", "--quiet"]),
            ("network", ["network", "ls", "--format", "{{.Name}}"]),
        ):
            found |= {f"{what} {line}" for line in engine.run(words).split()}
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    found |= {f"mount {line.split()[4]}" for line in mounts}
    for folder, names, _ in os.walk("/sys/fs/cgroup"):
        found |= {
            f"cgroup {folder}/{name}"
            for name in names
            if re.search(r"kubelet|docker/|kubepods", f"{folder}/{name}")
        }
    found |= {f"link {path.name}" for path in Path("/sys/class/net").iterdir()}
    for process in Path("/proc").glob("[0-9]*/comm"):
        try:
            name = process.read_text().strip()
        except OSError:
            continue  # it ended meanwhile
        if _OURS.search(name):
            found.add(f"process {name}")
    return found
