"""The mock driver of a node, worked out from the plan, and the script that lays it out. No GPU is behind it."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aifactory.catalog.load import catalog
from aifactory.catalog.models import System
from aifactory.errors import LabError
from aifactory.lab.mock_driver import MockDriver, cuda_of, driver_root_script, mock_driver
from aifactory.lab.mock_driver_root import CAPS_MAJOR, GPU_MAJOR, minors
from aifactory.lab.mock_library import compile_library
from aifactory.plan.capacity import allocatable, pool_plan
from aifactory.plan.factory import plan as plan_of
from aifactory.plan.models import FactoryPlan, PoolPlan
from aifactory.plan.nodes import CLIQUE_LABEL, NodePlan, driver_version, nodes_of
from aifactory.spec.load import load_stack
from aifactory.spec.pools import Mig, Partitioning, Pool, Service
from tests.support.nvml import Nvml

STACKS = Path(__file__).parents[3] / "stacks"
SYSTEMS = catalog().systems
LAYOUTS = [(system, layout) for system in SYSTEMS.values() for layout in system.mig]
FIELDS = {
    "node": "node-a",
    "machine": "mock dgx-b200",
    "gpus": 2,
    "product": "NVIDIA B200",
    "memory_mib": 184320,
    "compute": "10.0",
    "architecture": "blackwell",
    "driver_version": "595.91.07",
    "cuda": "13.2",
}
LOCAL_USE = range(120, 128)
"""Majors of character devices that Linux gives to no driver."""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled library."""
    return compile_library(tmp_path_factory.mktemp("mock-nvml"))


def node(name: str = "node-a", **labels: str) -> NodePlan:
    """A node of a plan."""
    return NodePlan(name=name, zone="a", rack="r", nvlink_domain=None, labels=labels)


def pool_of(system: System, layout: str | None = None, product_label: str | None = None) -> PoolPlan:
    """A pool of one node of a system."""
    cut = Partitioning(mig=Mig(layout=layout)) if layout else Partitioning()
    declared = Pool(
        name="pool",
        system=system.id,
        nodes=1,
        service=Service.INFERENCE,
        partitioning=cut,
        product_label=product_label,
    )
    return pool_plan(declared, system)


def every_node() -> Iterator[tuple[FactoryPlan, PoolPlan, NodePlan]]:
    """The first node of each pool of the Korean pilot."""
    plan = plan_of("korea-pilot", load_stack(STACKS / "Pulumi.korea-pilot.yaml"), catalog())
    for pool in plan.pools:
        yield plan, pool, next(nodes_of(plan, pool, 1))


def test_the_library_reports_what_the_plan_says(library: Path, tmp_path: Path) -> None:
    """For the first node of each of the pilot's pools: GPUs, product, memory, driver and fabric are the plan's."""
    nvml = Nvml(library)
    for plan, pool, first in every_node():
        driver = mock_driver(pool, first, driver_version(plan, pool))
        with nvml.configured(tmp_path, driver.config_text()) as started:
            assert started.number("nvmlDeviceGetCount_v2") == pool.system.gpus_per_node
            assert started.text("nvmlDeviceGetName", started.gpu(0)) == pool.system.gpu.name
            assert started.text("nvmlSystemGetDriverVersion") == driver_version(plan, pool)
        assert driver.clique == first.labels.get(CLIQUE_LABEL)
        assert driver.machine == f"mock {pool.system.id}"


@pytest.mark.parametrize(("system", "layout"), LAYOUTS, ids=lambda value: getattr(value, "id", value))
def test_every_layout_of_the_catalogue_is_made(
    library: Path, tmp_path: Path, system: System, layout: str
) -> None:
    """Each MIG layout of each system gives exactly the instances, by name, that the plan offers as resources."""
    pool = pool_of(system, layout)
    driver = mock_driver(pool, node(), "595.91.07")
    with Nvml(library).configured(tmp_path, driver.config_text()) as started:
        gpu = started.gpu(system.gpus_per_node - 1)
        names = [started.text("nvmlDeviceGetName", device) for device in started.migs(gpu)]
    found = {f"nvidia.com/mig-{name.rpartition(' ')[2]}" for name in names}
    assert found == allocatable(pool.pool, system).keys()
    assert len(names) * system.gpus_per_node == sum(allocatable(pool.pool, system).values())
    assert driver.instances == len(names)


@pytest.mark.parametrize("system", SYSTEMS.values(), ids=lambda system: system.id)
def test_every_system_has_a_mock(library: Path, tmp_path: Path, system: System) -> None:
    """Each system of the catalogue is reported by the library, MIG support included."""
    driver = mock_driver(pool_of(system), node(), "595.91.07")
    assert (driver.mig_slices > 0) is bool(system.mig)
    with Nvml(library).configured(tmp_path, driver.config_text()) as started:
        assert started.number("nvmlDeviceGetCount_v2") == system.gpus_per_node


def test_a_product_label_of_the_pool_goes_first() -> None:
    """GPU feature discovery makes the pool's own label of the mock's product name."""
    driver = mock_driver(
        pool_of(SYSTEMS["hgx-b300"], product_label="NVIDIA-B300-SXM6-PC"), node(), "595.91.07"
    )
    assert driver.product == "NVIDIA B300 SXM6 PC"


@given(st.integers(min_value=0, max_value=16), st.integers(min_value=1, max_value=10**6))
def test_settings_are_one_line_each(gpus: int, memory_mib: int) -> None:
    """The configuration has one line a setting, and says that it is a mock."""
    driver = MockDriver.model_validate({**FIELDS, "gpus": gpus, "memory_mib": memory_mib})
    first, *lines = driver.config_text().splitlines()
    assert first == "# Mock NVIDIA driver: no GPU is behind it."
    assert all(re.fullmatch(r"[A-Z_]+=[^\n]+", line) for line in lines)
    assert f"GPUS={gpus}" in lines
    assert f"MEMORY_MIB={memory_mib}" in lines
    assert len(driver.bus_ids) == len(set(driver.bus_ids)) == gpus


@pytest.mark.parametrize("text", ["a\nGPUS=16", "", "a\x00b"])
def test_no_text_adds_a_setting(text: str) -> None:
    """A name with a line break cannot add lines to the configuration."""
    with pytest.raises(ValueError, match="String should match pattern"):
        MockDriver.model_validate({**FIELDS, "product": text})


@pytest.mark.parametrize(
    ("driver", "cuda"),
    [("595.91.07", "13.2"), ("580.95.05", "13.0"), ("585.10", "13.0"), ("700.1", "13.2"), ("400.1", "12.8")],
)
def test_cuda_follows_the_drivers_branch(driver: str, cuda: str) -> None:
    """A driver supports the CUDA of its branch, or of the nearest branch below that is known."""
    assert cuda_of(driver) == cuda


def test_too_many_gpus_are_refused() -> None:
    """A node with more GPUs than the mock has room for is refused, with what to do."""
    system = SYSTEMS["dgx-b200"].model_copy(update={"gpus_per_node": 17})
    message = "pool pool has 17 GPUs in a node; the mock driver has room for 16; use --target simulated for this pool"
    with pytest.raises(LabError, match=re.escape(message)):
        mock_driver(pool_of(system), node(), "595.91.07")


def test_an_unknown_layout_is_refused() -> None:
    """A MIG layout that the GPU does not have is refused, naming those it has."""
    message = "pool pool: all-9g.9gb is no MIG layout of NVIDIA B200; it has all-1g.23gb, all-1g.45gb,"
    with pytest.raises(LabError, match=re.escape(message)) as caught:
        mock_driver(pool_of(SYSTEMS["dgx-b200"], "all-9g.9gb"), node(), "595.91.07")
    assert str(caught.value).endswith("; correct partitioning.mig.layout")


def test_the_script_is_valid_shell_for_every_pool() -> None:
    """The script of each of the pilot's pools parses as POSIX shell and makes nodes of local-use majors only."""
    for plan, pool, first in every_node():
        script = driver_root_script(mock_driver(pool, first, driver_version(plan, pool)))
        for shell in ("sh", "dash"):
            if shutil.which(shell):
                subprocess.run([shell, "-n"], input=script, text=True, check=True)
        made = re.findall(r'^ *node "\$root/dev/(\S+)" (\d+) (\d+)$', script, re.MULTILINE)
        assert {int(major) for _, major, _ in made} == {GPU_MAJOR}
        assert len(made) == pool.system.gpus_per_node + 4
    assert {GPU_MAJOR, CAPS_MAJOR} <= set(LOCAL_USE)


def test_quoting_keeps_paths_whole() -> None:
    """A path with a space or a quote is one word to the shell."""
    script = driver_root_script(MockDriver.model_validate(FIELDS), "/tmp/it's here", "/tmp/a b")
    assert "root='/tmp/it'\"'\"'s here'\nlibrary='/tmp/a b'\n" in script


def test_minor_numbers_are_distinct() -> None:
    """Each MIG capability has a minor number of its own, from 1 on, in the driver's format."""
    lines = minors(8, 7).splitlines()
    assert lines[:4] == ["config 1", "monitor 2", "gpu0/gi1/access 3", "gpu0/gi1/ci0/access 4"]
    numbers = [int(line.rpartition(" ")[2]) for line in lines]
    assert numbers == list(range(1, 8 * 7 * 2 + 3))
