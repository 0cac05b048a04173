"""NVIDIA's own mock in the place of ours: the switch, and the wait for its driver root. The mock itself is a fake."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from aifactory.errors import LabError
from aifactory.lab.kind.layout import Worker, workers
from aifactory.lab.kind.nvml_mock import SWITCH, asked, await_driver_roots
from aifactory.lab.kind.workers import furnish_workers
from aifactory.manifests.kind_target import DRIVER_ROOT
from tests.unit.lab_kind.test_kind_target import _plan


class _Node:
    """Nodes that are one folder of this machine: a script runs for real, below that folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.kubeconfig = Path("/lab/kubeconfig")
        (root / "var/lib").mkdir(parents=True)

    def execute(self, node: str, script: str) -> str:
        assert node.startswith("c-worker")
        local = script.replace("/var/lib/", f"{self.root}/var/lib/")
        done = subprocess.run(
            ["bash", "-eu"],
            input=local,
            capture_output=True,
            text=True,
            check=True,
            env={"PATH": os.environ["PATH"]},
        )
        return done.stdout

    def lay_out(self) -> Path:
        """What NVIDIA's mock leaves on a node, as far as it is looked at; PCI devices are links, as in sysfs."""
        home = self.root / "var/lib/nvml-mock"
        device = home / "sys/devices/pci0000:00/0000:10:00.0"
        for folder in (home / "driver/usr/lib64", home / "driver/dev", home / "driver/config", device):
            folder.mkdir(parents=True)
        for file in ("usr/lib64/libnvidia-ml.so.1", "dev/nvidia0", "config/config.yaml"):
            (home / "driver" / file).write_text("FAKE")
        (device / "vendor").write_text("0x10de\n")
        listed = home / "sys/bus/pci/devices"
        listed.mkdir(parents=True)
        (listed / device.name).symlink_to(f"../../../devices/pci0000:00/{device.name}")
        return home / "driver"


@pytest.fixture
def node(tmp_path: Path) -> _Node:
    """A node without any mock."""
    return _Node(tmp_path / "node")


def one_worker() -> tuple[Worker, ...]:
    """A GPU worker and one without GPUs, which is not looked at."""
    return (workers("c", _plan(), None)[0], Worker("spare", None, None))


def wait(node: _Node, told: list[str], timeout_s: float = 0.0) -> None:
    """Wait for NVIDIA's mock on the node."""
    cluster: Any = node
    await_driver_roots(cluster, one_worker(), told.append, timeout_s)


def test_the_switch() -> None:
    """Ours is the default; another value than the two is refused with what is allowed."""
    assert not asked({})
    assert not asked({SWITCH: "own"})
    assert asked({SWITCH: "nvml-mock"})
    with pytest.raises(
        LabError, match=rf"^{SWITCH} is 'mokka'; own and nvml-mock are allowed; set it to one"
    ):
        asked({SWITCH: "mokka"})


def test_nvidias_driver_root_takes_the_place_of_ours(node: _Node, told: list[str]) -> None:
    """Operands find the library, the machine's type, a hook, and PCI devices without links; again changes nothing."""
    driver = node.lay_out()

    wait(node, told)
    wait(node, told)

    root = node.root / DRIVER_ROOT.lstrip("/")
    assert root.resolve() == driver
    assert (root / "usr/lib64/libnvidia-ml.so.1").read_text() == "FAKE"
    assert (root / "etc/machine-type").read_text() == "nvml-mock\n"
    assert os.access(root / "usr/bin/nvidia-cdi-hook", os.X_OK)
    assert not (root / "sys/bus/pci/devices/0000:10:00.0").is_symlink()
    assert (root / "sys/bus/pci/devices/0000:10:00.0/vendor").read_text() == "0x10de\n"
    assert told[-1].startswith("1 workers have the driver root of NVIDIA's nvml-mock: it reports GPUs")


@pytest.mark.parametrize(
    "lacking", ["usr/lib64/libnvidia-ml.so.1", "dev/nvidia0", "config/config.yaml", None]
)
def test_a_driver_root_that_does_not_come_is_told(node: _Node, told: list[str], lacking: str | None) -> None:
    """The error names the node, the place, and the two ways on; what to install was said before."""
    if lacking:
        (node.lay_out() / lacking).unlink()

    with pytest.raises(
        LabError,
        match=r"after 0 s c-worker have no /var/lib/nvml-mock/driver with libnvidia-ml.so.1, .*; install it"
        r" with KUBECONF",
    ):
        wait(node, told)

    assert told == [
        "waiting for NVIDIA's mock on c-worker: install the chart nvml-mock with KUBECONFIG=/lab/kubeconfig, one"
        " release a node (docs/kind.md)"
    ]
    assert not (node.root / DRIVER_ROOT.lstrip("/")).exists()


def test_it_is_waited_for(node: _Node, told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A mock that is installed while the lab waits is taken."""
    monkeypatch.setattr("aifactory.lab.kind.nvml_mock.time.sleep", lambda _: node.lay_out())
    wait(node, told, 60.0)
    assert len(told) == 2


def test_a_lab_with_our_mock_is_not_changed(node: _Node, told: list[str]) -> None:
    """The two are not mixed on a node."""
    (node.root / DRIVER_ROOT.lstrip("/")).mkdir()
    node.lay_out()
    with pytest.raises(
        LabError, match=r"c-worker have the lab's own mock driver; .* run 'aifactory lab down"
    ):
        wait(node, told)


def test_our_mock_is_not_made_where_nvidias_is_wanted_or_there(
    node: _Node, told: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With the switch nothing is compiled; a later run without it says that the lab has NVIDIA's."""
    cluster: Any = node
    monkeypatch.setenv(SWITCH, "nvml-mock")
    monkeypatch.setattr(
        "aifactory.lab.kind.workers.compile_library", lambda _: pytest.fail("it was compiled")
    )
    node.lay_out()
    furnish_workers(cluster, one_worker(), _plan(), told.append)

    monkeypatch.delenv(SWITCH)
    monkeypatch.setattr("aifactory.lab.kind.workers.compile_library", lambda _: tmp_path)
    with pytest.raises(
        LabError, match=rf"c-worker has the driver root of NVIDIA's mock; {SWITCH} has to say so in e"
    ):
        furnish_workers(cluster, one_worker(), _plan(), told.append)
