"""Workers of a kind lab get their mock GPUs: a driver root with our NVML, as a driver would have left it."""

from pathlib import Path

from aifactory.deliver.cluster import at_once
from aifactory.errors import LabError
from aifactory.lab.furnish import Notify
from aifactory.lab.kind import nvml_mock
from aifactory.lab.kind.cluster import KindCluster
from aifactory.lab.kind.layout import Worker
from aifactory.lab.mock_driver import STAGED_LIBRARY, compile_library, driver_root_script, mock_driver
from aifactory.lab.places import cache_home
from aifactory.manifests.kind_target import DRIVER_ROOT
from aifactory.plan.models import FactoryPlan
from aifactory.plan.nodes import driver_version


def furnish_workers(
    cluster: KindCluster, made: tuple[Worker, ...], plan: FactoryPlan, notify: Notify
) -> None:
    """Every GPU worker has the driver root of its planned node; one that is so already is left alone.

    Where a person wants NVIDIA's own mock instead, nothing is made, and that one is waited for.

    Args:
        cluster: The running kind cluster.
        made: Its workers.
        plan: The plan they are of.
        notify: Told once what was made.

    Raises:
        LabError: If the library cannot be compiled, a node refuses, or the mock that is wanted does not come.
    """
    if nvml_mock.asked():
        nvml_mock.await_driver_roots(cluster, made, notify)
        return
    library = compile_library(cache_home() / "mock-nvml")
    gpu_workers = [worker for worker in made if worker.pool is not None]

    def furnish(worker: Worker) -> bool:
        return _furnish(cluster, worker, plan, library)

    changed = at_once(furnish, gpu_workers)
    if any(changed):
        notify(
            f"mock NVIDIA driver in {DRIVER_ROOT} of {sum(changed)} workers: it reports GPUs, and drives none"
        )


def _furnish(cluster: KindCluster, worker: Worker, plan: FactoryPlan, library: Path) -> bool:
    assert worker.pool is not None and worker.node is not None  # noqa: S101, PT018 - only GPU workers come here
    driver = mock_driver(worker.pool, worker.node, driver_version(plan, worker.pool))
    if cluster.execute(worker.container, f"readlink {DRIVER_ROOT} || :").strip():
        raise LabError(
            f"{worker.container} has the driver root of NVIDIA's mock; {nvml_mock.SWITCH} has to say so in every run of"
            f" this lab; set it to {nvml_mock.NVML_MOCK}, or run 'aifactory lab down --target kind' first"
        )
    cluster.copy(library, worker.container, STAGED_LIBRARY)
    said = cluster.execute(worker.container, driver_root_script(driver))
    return "changed" in said
