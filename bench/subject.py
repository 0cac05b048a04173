"""What is measured: one API server of a throw-away lab, and the ways to bring the same objects to it."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from aifactory.cli.lab import lab_of, tools_of
from aifactory.deliver.cluster import Cluster, at_once
from aifactory.deliver.inventory import drift, live_objects, prune
from aifactory.deliver.tree import write_tree
from aifactory.deliver.workspace import lab_workspace
from aifactory.manifests.labels import STACK
from aifactory.manifests.model import Bundle, KubernetesObject, key_of, text_at
from aifactory.spec.stack import Target
from bench.generated import NAME, Generated

_COMMAND = Path(__file__).with_name("command.py")
_OURS_ALONE = (
    "PULUMI_SKIP_CHECKPOINTS",
    "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS",
    "GOGC",
)
"""Settings of ``aifactory up`` that a plain ``pulumi up`` does not have."""
_CLEAN_TIMEOUT_S = 180.0


def timed(work: Callable[[], object]) -> float:
    """Wall-clock seconds of a piece of work."""
    began = time.monotonic()
    work()
    return time.monotonic() - began


def _run(words: Sequence[str], **options: object) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload] # options of run
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")


class Subject:
    """The lab of the benchmark and what is done to it.

    Args:
        folder: Empty folder for stacks and trees; XDG_STATE_HOME is set to a folder of its own already.
    """

    def __init__(self, folder: Path) -> None:
        self.stacks = folder / "stacks"
        self._folder = folder
        self.tools = tools_of(Target.SIMULATED)
        self._lab = lab_of(Target.SIMULATED, NAME, self.tools)

    @property
    def cluster(self) -> Cluster:
        """A client of the lab's API server that knows nothing yet."""
        return Cluster(self._lab.kubeconfig)

    def nodes(self, made: Generated) -> None:
        """The lab runs, with the nodes of the stack; not part of any measurement."""
        self._lab.up(made.plan, lambda _: None)

    def down(self) -> None:
        """No process and no file of the lab is left."""
        self._lab.down(lambda _: None)

    def up(self) -> float:
        """Seconds of ``aifactory up``, as a user types it, with the lab running already."""
        words = [
            sys.executable,
            str(_COMMAND),
            str(self.stacks),
            "up",
            NAME,
            "--target",
            "simulated",
            "--json",
        ]
        return timed(lambda: _run(words))

    def forget(self) -> None:
        """The next ``up`` does not take the fast path."""
        (self._lab.directory / "pulumi" / "state" / ".aifactory" / f"{NAME}.json").unlink()

    def raw(self, bundle: Bundle) -> float:
        """Seconds of our own thin client, in this process: server-side apply of each object, 24 at once."""
        cluster = self.cluster
        objects = list(bundle.objects())
        spaces = [item for item in objects if item["kind"] == "Namespace"]
        others = [item for item in objects if item["kind"] != "Namespace"]

        def apply(item: KubernetesObject) -> None:
            cluster.apply(item, manager=NAME)

        return timed(lambda: (at_once(apply, spaces), at_once(apply, others)))

    def kubectl(self, bundle: Bundle) -> float:
        """Seconds of ``kubectl apply --server-side`` of the rendered tree, namespaces first."""
        tree, spaces = self._folder / "tree", self._folder / "spaces"
        for folder in (tree, spaces):
            shutil.rmtree(folder, ignore_errors=True)
        write_tree(bundle, tree)
        spaces.mkdir()
        for file in (tree / "manifests").rglob("namespace-*.yaml"):
            shutil.copy(file, spaces / file.name)
        program, config = str(self.tools.bin_dir / "kubectl"), str(self._lab.kubeconfig)
        client = [program, "--kubeconfig", config, "apply", "--server-side", "-R", "-f"]

        def apply() -> None:
            _run([*client, str(spaces)])
            _run([*client, str(tree / "manifests")])

        return timed(apply)

    @contextmanager
    def plain(self, made: Generated) -> Iterator[subprocess.Popen[bytes]]:
        """A plain ``pulumi up`` of the same program under way: checkpoints, default parallelism, file state."""
        place = self._folder / "plain"
        shutil.rmtree(place, ignore_errors=True)
        space = lab_workspace(
            place,
            NAME,
            made.raw,
            target="simulated",
            kubeconfig=self._lab.kubeconfig,
            bin_dir=self.tools.bin_dir,
        )
        chosen = {key: value for key, value in space.environment.items() if key not in _OURS_ALONE}
        environment = {key: value for key, value in os.environ.items() if key not in _OURS_ALONE} | chosen
        pulumi, where = str(self.tools.bin_dir / "pulumi"), str(space.directory)
        _run([pulumi, "stack", "init", NAME, "--non-interactive"], cwd=where, env=environment)
        words = [pulumi, "up", "--yes", "--skip-preview", "--non-interactive", "--stack", NAME]
        with (place / "log").open("wb") as log:
            process = subprocess.Popen(words, cwd=where, env=environment, stdout=log, stderr=log)
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.terminate()
                    process.wait()

    def versions(self) -> dict[str, str]:
        """Resource versions of the stack's objects: they change with every write that changes anything."""
        live = live_objects(self.cluster, NAME, Bundle(stack=NAME, layers=()))
        return {key: text_at(item, "metadata", "resourceVersion") or "" for key, item in live.items()}

    def clean(self) -> None:
        """Nothing of the stack is in the cluster and the engine knows of nothing; the API server stays."""
        cluster, nothing = self.cluster, Bundle(stack=NAME, layers=())
        deadline = time.monotonic() + _CLEAN_TIMEOUT_S
        prune(cluster, drift(cluster, nothing).unwanted)
        while left := cluster.list("v1", "Namespace", f"{STACK}={NAME}"):
            if time.monotonic() > deadline:
                raise SystemExit(f"still there: {', '.join(str(key_of(item)) for item in left)}")
            time.sleep(0.2)
        shutil.rmtree(self._lab.directory / "pulumi", ignore_errors=True)
