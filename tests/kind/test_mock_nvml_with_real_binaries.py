"""NVIDIA's own programs, unmodified, as plain processes over the mock driver root of each kind of pool.

No cluster is needed. The mock's PCI devices and MIG capabilities are mounted where the kernel's would be, in a mount
namespace of the process, which takes root. What this does not prove: anything about a GPU or a driver.
"""

import os
import re
import subprocess
import time
from pathlib import Path

import pytest

from aifactory.lab.mock_driver import compile_library
from aifactory.lab.mock_driver_root import CAPS_MAJOR, GPU_MAJOR
from aifactory.lab.tools import Toolbox, Tools
from tests.support.mock_roots import (
    POOLS,
    SOCKETS,
    TIMEOUT_S,
    Place,
    configuration,
    inside,
    lay_out,
    run_script,
    running,
    until,
)
from tests.support.slice_api import slice_api

pytestmark = [
    pytest.mark.kind,
    pytest.mark.skipif(os.geteuid() != 0, reason="device nodes and mounts need root"),
]
WRITTEN_BY_OTHERS = {
    "nvidia.com/device-plugin.config",
    "nvidia.com/gpu.deploy.device-plugin",
    "nvidia.com/gpu.present",
    "nvidia.com/mig.config",
    "nvidia.com/mig.config.state",
}
"""Labels of the plan that pools, the GPU Operator and the MIG manager write, not GPU feature discovery."""


@pytest.fixture(scope="module")
def tools() -> Tools:
    """NVIDIA's programs."""
    return Toolbox.default().ensure(["nvidia-device-plugin", "gpu-feature-discovery", "gpu-kubelet-plugin"])


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled library."""
    return compile_library(tmp_path_factory.mktemp("library"))


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path, library: Path) -> Place:
    """The driver root of the pool that is the test's parameter."""
    return lay_out(POOLS[request.param], tmp_path, library)


@pytest.mark.parametrize("place", POOLS, indirect=True)
def test_the_driver_root_is_laid_out_once(place: Place, library: Path) -> None:
    """The script makes device nodes of local-use majors, the files that programs look for, and then changes nothing."""
    dev = place.root / "dev"
    gpus = sorted(path.name for path in dev.glob("nvidia[0-9]*"))
    assert gpus == sorted(f"nvidia{index}" for index in range(place.driver.gpus))
    caps = list((dev / "nvidia-caps").glob("nvidia-cap*"))
    assert len(caps) == (2 + 2 * place.driver.gpus * place.driver.instances if place.driver.instances else 0)
    majors = {os.major(path.stat().st_rdev) for path in [*dev.glob("nvidia[0-9]*"), *caps]}
    assert majors <= {GPU_MAJOR, CAPS_MAJOR}
    for file in ("etc/mock-nvml.conf", "usr/bin/nvidia-smi", "usr/bin/nvidia-cdi-hook"):
        assert (place.root / file).is_file()
    assert run_script(place.driver, place.root, library) == "as before"
    fewer = place.driver.model_copy(update={"gpus": 1, "mig": None, "driver_version": "580.95.05"})
    assert run_script(fewer, place.root, library) == "changed"
    assert [path.name for path in dev.glob("nvidia[0-9]*")] == ["nvidia0"]
    assert [path.name for path in place.libraries.glob("*.so.*.*")] == ["libnvidia-ml.so.580.95.05"]
    assert not (dev / "nvidia-caps").exists()


def test_nvidia_smi_says_that_it_is_a_mock(tmp_path: Path, library: Path) -> None:
    """What stands for nvidia-smi says so, and does not pretend to have done what it is asked."""
    program = lay_out(POOLS["infer-b300"], tmp_path, library).root / "usr/bin/nvidia-smi"
    shown = subprocess.run([program], capture_output=True, text=True, check=True)
    assert shown.stdout.startswith(
        "This is a mock of nvidia-smi: no GPU and no NVIDIA driver is on this node.\n"
    )
    asked = subprocess.run([program, "-pm", "0"], capture_output=True, text=True, check=False)
    assert (asked.returncode, asked.stderr) == (
        1,
        "mock nvidia-smi: it can do nothing, so not '-pm 0' either\n",
    )


@pytest.mark.parametrize("place", POOLS, indirect=True)
def test_feature_discovery_writes_what_the_plan_says(place: Place, tools: Tools, tmp_path: Path) -> None:
    """Each label of the plan that GPU feature discovery v0.18.2 writes has the plan's value.

    Two labels differ by its version: ``mig.strategy`` is left out where it is ``none``, and ``gpu.replicas`` of a
    GPU that is cut by MIG is 0.
    """
    out = tmp_path / "labels"
    command = [
        *inside(place, "sys/bus/pci/devices"),
        str(tools.path("gpu-feature-discovery")),
        "--oneshot",
        f"--output-file={out}",
        f"--config-file={configuration(place, tmp_path)}",
        "--device-discovery-strategy=nvml",
        f"--machine-type-file={place.root}/etc/machine-type",
    ]
    environment = {**os.environ, "LD_LIBRARY_PATH": str(place.libraries)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    found = dict(line.split("=", 1) for line in out.read_text().splitlines())
    wanted = {
        key: value
        for key, value in place.node.labels.items()
        if key.startswith("nvidia.com/") and key not in WRITTEN_BY_OTHERS
    }
    if place.driver.instances:
        wanted["nvidia.com/gpu.replicas"] = "0"
    elif place.pool.pool.partitioning.mig is None:
        wanted.pop("nvidia.com/mig.strategy", None)
    assert {key: found.get(key) for key in wanted} == wanted
    assert found["nvidia.com/gpu.machine"] == f"mock-{place.pool.system.id}"
    assert found["nvidia.com/cuda.runtime-version.full"] == place.driver.cuda
    for profile in place.driver.mig or {}:
        memory = int(found[f"nvidia.com/mig-{profile}.memory"])
        assert 0 < memory <= place.driver.memory_mib // place.driver.instances


def plugin_command(place: Place, tools: Tools, folder: Path) -> list[str]:
    """The device plugin as its DaemonSet runs it, without a kubelet."""
    parts = ["proc/driver"] if place.driver.instances else []
    return [
        *inside(place, *parts, before=SOCKETS),
        str(tools.path("nvidia-device-plugin")),
        f"--config-file={configuration(place, folder)}",
        f"--nvidia-driver-root={place.root}",
        f"--driver-root-ctr-path={place.root}",
        "--device-discovery-strategy=nvml",
        "--device-list-strategy=envvar",
        "--pass-device-specs=true",
        "--kubelet-socket=",
    ]


SERVED = [name for name, pool in POOLS.items() if pool.allocatable]


@pytest.mark.parametrize("place", SERVED, indirect=True)
def test_the_device_plugin_serves_the_planned_resources(place: Place, tools: Tools, tmp_path: Path) -> None:
    """The plugin starts to serve exactly the resources that the plan says a node of the pool offers."""
    log = tmp_path / "log"
    with running(plugin_command(place, tools, tmp_path), log, {}) as process:
        until(log, r"Starting to serve '([^']+)' on")
        time.sleep(0.5)  # a second resource would follow at once
        assert process.poll() is None
    served = set(re.findall(r"Starting to serve '([^']+)' on", log.read_text()))
    assert served == place.pool.allocatable.keys(), log.read_text()[-4000:]


@pytest.mark.parametrize("place", ["infer-b300"], indirect=True)
def test_a_fault_makes_a_gpu_unhealthy_until_the_plugin_starts_again(
    place: Place, tools: Tools, tmp_path: Path
) -> None:
    """An XID withdraws the GPU; SIGHUP with the fault standing withdraws it again; cleared and restarted it is well."""
    log, faults = tmp_path / "log", place.root / "etc" / "faults"
    unhealthy = r"XidCriticalError: Xid=79 on Device=(GPU-\S+); marking device as unhealthy"
    with running(plugin_command(place, tools, tmp_path), log, {}) as process:
        until(log, "Starting to serve")
        faults.write_text("2 79\n")
        gpu = until(log, unhealthy).group(1)
        process.send_signal(1)
        until(log, f"(?s)Received SIGHUP.*{unhealthy.replace('(GPU-', '(' + gpu + '|GPU-')}")
        faults.write_text("")
        process.send_signal(1)
        until(log, "(?s)Received SIGHUP.*Received SIGHUP.*Starting to serve")
        time.sleep(1.0)  # ten times the mock's own interval
        after = log.read_text().rpartition("Received SIGHUP")[2]
        assert not re.search(unhealthy, after)
        faults.write_text("2 31\n")
        until(log, r"Skipping event .*EventData:31")


@pytest.mark.parametrize("place", ["train-gb300"], indirect=True)
def test_the_dra_driver_announces_every_gpu(place: Place, tools: Tools, tmp_path: Path) -> None:
    """The DRA driver's plugin publishes one slice with each GPU of the node: product, memory, coherence and UUID."""
    with slice_api() as api:
        environment = {
            "NODE_NAME": "node-a",
            "NAMESPACE": "default",
            "IMAGE_NAME": "none",
            "KUBECONFIG": str(api.kubeconfig(tmp_path / "kubeconfig")),
            "NVIDIA_DRIVER_ROOT": str(place.root),
            "DRIVER_ROOT_CTR_PATH": str(place.root),
            "NVIDIA_CDI_HOOK_PATH": str(place.root / "usr/bin/nvidia-cdi-hook"),
            "CDI_ROOT": str(tmp_path / "cdi"),
            "KUBELET_REGISTRAR_DIRECTORY_PATH": str(tmp_path / "registry"),
            "KUBELET_PLUGINS_DIRECTORY_PATH": str(tmp_path / "plugins"),
        }
        (tmp_path / "registry").mkdir()
        with running([str(tools.path("gpu-kubelet-plugin")), "-v", "4"], tmp_path / "log", environment):
            try:
                sent = api.slices.get(timeout=TIMEOUT_S)
            except Exception as error:
                raise AssertionError((tmp_path / "log").read_text()[-4000:]) from error
    names = set(re.findall(rb"GPU-[0-9a-f-]{36}", sent))
    assert len(names) == place.driver.gpus
    for text in (
        place.driver.product,
        f"{place.driver.memory_mib}Mi",
        "Blackwell",
        "Nvidia",
        "10.3.0",
        "ATS",
    ):
        assert sent.count(text.encode()) == place.driver.gpus, text
