"""A lab's kind cluster is made on either node image, and completed where a run was killed. Nothing is started."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aifactory.errors import LabError
from aifactory.lab.kind import making, pinned_nodes
from aifactory.lab.kind.cluster import KindCluster, NodeContainer
from aifactory.lab.kind.layout import workers
from aifactory.lab.kind.making import COMPLETE, Making
from aifactory.lab.kind.node_choice import NodeImage
from aifactory.lab.kind.pinned_images import own_references
from aifactory.lab.kind.pinned_nodes import furnish_nodes
from aifactory.plan.models import FactoryPlan
from tests.unit.lab_kind.fakes import engine, machine
from tests.unit.lab_kind.test_kind_target import _plan

STOCK = "docker.io/kindest/node@sha256:1"
BUILT = "aifactory.local/kind-node:x"


class _Kind:
    """A kind cluster whose nodes are names; keeps what was done to it."""

    name = "c"

    def __init__(self, folder: Path) -> None:
        self.kubeconfig = folder / "kubeconfig"
        self.done: list[str] = []
        self.there: tuple[NodeContainer, ...] = ()
        self.images = "\n".join(own_references())
        self.fail: Callable[[str], None] = lambda _: None

    def nodes(self) -> tuple[NodeContainer, ...]:
        return self.there

    def create(self, image: str, config: str) -> None:
        self.done.append(
            f"create {image}{' restricted' if 'restrict_oom_score_adj = true' in config else ''}"
        )
        names = ["c-control-plane", *(worker.container for worker in workers("c", _plan(), None))]
        self.there = tuple(NodeContainer(name, "running") for name in names)
        self.kubeconfig.touch()

    def delete(self) -> None:
        self.done.append("delete")
        self.there = ()

    def feed(self, node: str, command: tuple[str, ...], file: Path, *, timeout_s: float) -> str:
        assert timeout_s > 0
        self.fail(node)
        self.done.append(f"feed {node}: {' '.join(command)} < {file.name}")
        return ""

    def copy(self, file: Path, node: str, place: str) -> None:
        self.done.append(f"copy {node}: {file.name} {place}")

    def execute(self, node: str, script: str) -> str:
        assert script.startswith("umask")
        self.done.append(f"execute {node}")
        return self.images


class _Tools:
    def path(self, name: str) -> Path:
        return Path("/tools") / name


@pytest.fixture
def kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> _Kind:
    """A cluster to be made in a lab's folder; it is ready at once, and its API takes everything."""
    (tmp_path / "lab").mkdir()
    (tmp_path / "images.tar").write_bytes(bytes(2 << 20))
    made = _Kind(tmp_path / "lab")
    monkeypatch.setattr(making, "await_ready", lambda *_: made.done.append("ready"))
    monkeypatch.setattr(making, "ensure_archive", lambda *_: tmp_path / "images.tar")
    monkeypatch.setattr("aifactory.lab.kind.host.save_settings", lambda _: None)

    class _Api:
        def __init__(self, kubeconfig: Path) -> None:
            assert kubeconfig == made.kubeconfig

        def apply(self, item: dict[str, Any], **_: object) -> None:
            if item["kind"] == "DaemonSet":
                made.done.append("network")

    monkeypatch.setattr(making, "Cluster", _Api)
    return made


def run(kind: _Kind, tmp_path: Path, told: list[str], made_of: str = STOCK) -> FactoryPlan:
    """Bring the cluster up, on an engine whose containers are of one image."""
    one: Any = kind
    tools: Any = _Tools()
    used = engine(tmp_path / "docker", f"echo {made_of}")
    plan = _plan()
    Making(one, used, tools, tmp_path / "lab", tmp_path / "settings", told.append).running(
        plan, workers("c", plan, None)
    )
    return plan


def choose(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, reference: str, *, sys_resource: bool = True
) -> None:
    """The node image is chosen, and the machine is one with or without CAP_SYS_RESOURCE."""
    image = NodeImage(reference, furnished=reference == BUILT)
    monkeypatch.setattr(making, "ensure_node", lambda *_: image)
    found = machine(tmp_path / "none", sys_resource=sys_resource)
    monkeypatch.setattr("aifactory.lab.kind.machine.Machine.current", classmethod(lambda _: found))


def test_nodes_of_a_published_image_are_furnished_before_the_network(
    kind: _Kind, tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every node gets the images and the bridge plug-in; a second run does nothing."""
    choose(monkeypatch, tmp_path, STOCK)

    run(kind, tmp_path, told)

    assert kind.done[0] == f"create {STOCK}"
    assert kind.done[-2:] == ["network", "ready"]
    for node in kind.there:
        assert (
            f"feed {node.name}: ctr --namespace=k8s.io images import --no-unpack - < images.tar" in kind.done
        )
        assert f"copy {node.name}: cni-bridge /opt/cni/bin/bridge" in kind.done
        assert f"execute {node.name}" in kind.done
    assert any("putting the lab's images onto 6 nodes (2 MiB each)" in line for line in told)
    kind.done.clear()
    run(kind, tmp_path, told)
    assert kind.done == ["ready"]


def test_a_machine_without_the_capability_gets_its_patch(
    kind: _Kind, tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no OOM score can be lowered, kind changes containerd's configuration on the nodes."""
    choose(monkeypatch, tmp_path, STOCK, sys_resource=False)
    run(kind, tmp_path, told)
    assert kind.done[0] == f"create {STOCK} restricted"


def test_a_built_image_is_not_furnished(
    kind: _Kind, tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has everything, the patch too."""
    choose(monkeypatch, tmp_path, BUILT, sys_resource=False)
    run(kind, tmp_path, told, BUILT)
    assert kind.done == [f"create {BUILT}", "network", "ready"]


def test_a_killed_run_is_completed(
    kind: _Kind, tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nodes that were made and not furnished are furnished by the next run, by what their containers are of."""
    choose(monkeypatch, tmp_path, STOCK)
    run(kind, tmp_path, told)
    (tmp_path / "lab" / COMPLETE).unlink()
    kind.done.clear()

    run(kind, tmp_path, told)

    assert len([line for line in kind.done if line.startswith("feed")]) == 6
    assert kind.done[-2:] == ["network", "ready"]
    (tmp_path / "lab" / COMPLETE).unlink()
    kind.done.clear()
    run(kind, tmp_path, told, BUILT)
    assert kind.done == ["network", "ready"]


def test_a_node_that_cannot_be_furnished_ends_the_cluster(
    kind: _Kind, tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was made of it is removed, and the error goes on."""
    choose(monkeypatch, tmp_path, STOCK)

    def fail(node: str) -> None:
        raise LabError(f"{node} refuses")

    kind.fail = fail
    with pytest.raises(LabError, match=r"refuses"):
        run(kind, tmp_path, told)
    assert kind.done[-1] == "delete"
    assert not (tmp_path / "lab" / COMPLETE).exists()


def furnish(kind: _Kind, tmp_path: Path, told: list[str]) -> None:
    """Furnish one node."""
    one: Any = kind
    furnish_nodes(one, ["n"], tmp_path / "images.tar", Path("bridge"), told.append)


def test_an_import_that_fails_is_told(kind: _Kind, tmp_path: Path, told: list[str]) -> None:
    """A full disk is told as one; any other refusal in the engine's words; an image that is missing by its name."""
    for words, message in (
        (
            "ctr: no space left on device",
            r"^n has no room for the lab's images of 2 MiB; .*; make room there",
        ),
        ("ctr: unrecognized image format", r"^ctr: unrecognized image format$"),
    ):

        def fail(_: str, words: str = words) -> None:
            raise LabError(words)

        kind.fail = fail
        with pytest.raises(LabError, match=message):
            furnish(kind, tmp_path, told)
    kind.fail = lambda _: None
    kind.images = "\n".join(own_references()[1:])
    with pytest.raises(
        LabError, match=r"containerd of n did not take aifactory.local/userland:lab; every image has"
    ):
        furnish(kind, tmp_path, told)


def test_a_file_is_given_to_a_command_on_a_node(tmp_path: Path) -> None:
    """The engine's client reads the file as its standard input, with docker's and podman's words."""
    (tmp_path / "images.tar").write_bytes(b"\x00\xff bytes")
    for name in ("docker", "podman"):
        used = engine(tmp_path / name, f'echo "$*"; cat > {tmp_path}/{name}.got', name)
        tools: Any = None
        cluster = KindCluster("c", tmp_path, tools, used)
        said = cluster.feed("n", pinned_nodes.IMPORT, tmp_path / "images.tar")
        assert said.strip() == "exec --interactive n ctr --namespace=k8s.io images import --no-unpack -"
        assert (tmp_path / f"{name}.got").read_bytes() == b"\x00\xff bytes"
