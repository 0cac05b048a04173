"""Labs for tests: the command line as a user runs it, in a state home of its own, and what it did.

Nothing here touches the user's own state: every command gets a temporary ``XDG_STATE_HOME`` and backend.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from aifactory.deliver.cluster import Cluster
from aifactory.deliver.inventory import Drift, drift, live_objects
from aifactory.manifests.model import Bundle, KubernetesObject, Layer, LayerName, key_of
from tests.support.processes import kill_all, processes_of
from tests.support.schemas import crd_dir

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
COMMAND_TIMEOUT_S = 180
SIMULATED = ("--target", "simulated")
_PROGRAM = ("aifactory", "components", "stacks", "templates", "Pulumi.yaml", "__main__.py")


def copied_checkout(folder: Path) -> Path:
    """A copy of the program and its stacks, free to be edited."""
    for name in _PROGRAM:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, folder / name)
    return folder


def edit_stack(checkout: Path, stack: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Change a stack file of a copied checkout."""
    assert checkout != ROOT
    file = checkout / "stacks" / f"Pulumi.{stack}.yaml"
    content = yaml.safe_load(file.read_text())
    change(content["config"]["aifactory:stack"])
    file.write_text(yaml.safe_dump(content))


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Both outputs, in one line: messages are folded at the terminal's width."""
        return " ".join(f"{self.out} {self.err}".split())

    def succeeded(self) -> "Outcome":
        """Itself; fails with the outputs if the command failed."""
        assert self.code == 0, f"exit code {self.code}\n{self.out}\n{self.err}"
        return self

    def refused(self, *parts: str) -> None:
        """Fail unless this is a clear refusal whose message has the parts."""
        assert self.code == 1, f"exit code {self.code}\n{self.out}\n{self.err}"
        assert "Traceback" not in self.out + self.err
        assert "a defect of this tool" not in self.text
        for part in parts:
            assert part in self.text, f"'{part}' is not in: {self.out}\n{self.err}"


@dataclass(frozen=True)
class Shell:
    """Where commands run: a checkout, a state home, and more environment."""

    home: Path
    checkout: Path = ROOT
    more: dict[str, str] = field(default_factory=dict)
    timeout_s: float = COMMAND_TIMEOUT_S

    def environment(self) -> dict[str, str]:
        """The environment of a command."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PULUMI_", "KUBECONFIG", "AIFACTORY_"))
        }
        crds = crd_dir()
        return {
            **kept,
            **({} if crds is None else {"AIFACTORY_CRDS": str(crds)}),
            "XDG_STATE_HOME": str(self.home),
            "PYTHONPATH": str(self.checkout),
            "COLUMNS": "200",
            **self.more,
        }

    def start(self, *words: str) -> "subprocess.Popen[str]":
        """The command ``aifactory`` with these words, leading a process group of its own."""
        return subprocess.Popen(
            [str(BIN / "aifactory"), *words],
            cwd=self.checkout,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *words: str) -> Outcome:
        """How the command ``aifactory`` with these words ends."""
        with self.start(*words) as process:
            out, err = process.communicate(timeout=self.timeout_s)
        return Outcome(process.returncode, out, err)


class Lab:
    """The simulated lab of one stack, with the stack's file of one checkout."""

    def __init__(self, stack: str, shell: Shell) -> None:
        self.stack = stack
        self.shell = shell
        self.directory = shell.home / "aifactory" / "labs" / "simulated" / stack
        self.kubeconfig = self.directory / "kubeconfig"
        self.state_file = (
            self.directory / "pulumi" / "state" / ".pulumi" / "stacks" / "aifactory" / f"{stack}.json"
        )
        self.record = self.directory / "pulumi" / "state" / ".aifactory" / f"{stack}.json"
        self.audit = Audit(self.directory / "kwok" / "clusters" / "lab" / "logs" / "audit.log")
        self._rendered: tuple[str, dict[str, KubernetesObject]] | None = None

    def cluster(self) -> Cluster:
        """A fresh client: it knows nothing from before."""
        return Cluster(self.kubeconfig)

    def up(self) -> dict[str, Any]:
        """What ``aifactory up --json`` says; fails if the command fails."""
        outcome = self.shell.run("up", self.stack, *SIMULATED, "--json").succeeded()
        report: dict[str, Any] = json.loads(outcome.out)
        return report

    def destroy(self) -> Outcome:
        """How ``aifactory destroy`` ends; fails if the command fails."""
        return self.shell.run("destroy", self.stack, *SIMULATED).succeeded()

    def rendered(self) -> dict[str, KubernetesObject]:
        """The objects that ``aifactory render`` writes for this target, by identity; kept per stack file."""
        file = (self.shell.checkout / "stacks" / f"Pulumi.{self.stack}.yaml").read_text()
        if self._rendered is None or self._rendered[0] != file:
            self._rendered = (file, self._render())
        return dict(self._rendered[1])

    def _render(self) -> dict[str, KubernetesObject]:
        out = self.shell.home / "rendered" / self.stack
        self.shell.run("render", self.stack, *SIMULATED, "--out", str(out)).succeeded()
        objects = [yaml.safe_load(file.read_text()) for file in sorted((out / "manifests").rglob("*.yaml"))]
        return {str(key_of(item)): item for item in objects}

    def bundle(self) -> Bundle:
        """The rendered objects as one layer."""
        layer = Layer(name=LayerName.FOUNDATION, needs=(), objects=tuple(self.rendered().values()))
        return Bundle(stack=self.stack, layers=(layer,))

    def drift(self) -> Drift:
        """How the cluster differs from what is rendered."""
        return drift(self.cluster(), self.bundle())

    def live(self) -> dict[str, KubernetesObject]:
        """Live objects with the stack's inventory label."""
        return live_objects(self.cluster(), self.stack, Bundle(stack=self.stack, layers=()))

    def recorded(self) -> list[str]:
        """Identities of the Kubernetes objects in the engine's state, duplicates included."""
        latest = json.loads(self.state_file.read_text())["checkpoint"]["latest"] or {}
        assert not latest.get("pending_operations"), latest["pending_operations"]
        return sorted(
            str(key_of(item["outputs"]))
            for item in latest.get("resources", [])
            if item["type"].startswith("kubernetes:") and not item.get("delete")
        )

    def assert_converged(self) -> None:
        """Fail unless cluster, inventory, render and engine state name the same objects, each once."""
        wanted, found = self.rendered(), self.drift()
        assert (found.missing, found.fields, found.unwanted) == ((), {}, ())
        assert sorted(self.live()) == sorted(wanted)
        assert self.recorded() == sorted(wanted)


_CONTROL_PLANE = ("kube-apiserver/", "kube-controller-manager/", "kube-scheduler/", "kwok-controller/")
_READS = ("get", "list", "watch")


class Audit:
    """The API server's audit log: the only witness of what was written."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def mark(self) -> int:
        """Where the log ends now."""
        return self._file.stat().st_size

    def writes(self, since: int) -> list[str]:
        """Writes after a mark by anybody but the control plane's own components; dry runs write nothing."""
        with self._file.open("rb") as log:
            log.seek(since)
            events = [json.loads(line) for line in log.read().splitlines()]
        found = []
        for event in events:
            what = event.get("objectRef", {})
            agent = event.get("userAgent", "")
            if (
                event["verb"] in _READS
                or agent.startswith(_CONTROL_PLANE)
                or "dryRun=All" in event["requestURI"]
                or what.get("resource") == "selfsubjectaccessreviews"
            ):
                continue
            place = "/".join(filter(None, (what.get("namespace"), what.get("name"))))
            found.append(f"{event['verb']} {what.get('resource')} {place} by {agent.partition(' ')[0]}")
        return found


@contextmanager
def lab(stack: str, home: Path, checkout: Path = ROOT, timeout_s: float = COMMAND_TIMEOUT_S) -> Iterator[Lab]:
    """A lab that is not started yet; nothing of it is left afterwards."""
    shell = Shell(home, checkout, timeout_s=timeout_s)
    try:
        yield Lab(stack, shell)
    finally:
        shell.run("lab", "down")
        left = processes_of(home)
        kill_all(list(left))
        shutil.rmtree(home, ignore_errors=True)
        assert not left, f"'aifactory lab down' left processes: {left}"
