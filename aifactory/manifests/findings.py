"""What only shows when a plan becomes manifests: one small function a rule, and the doorway to a checked plan."""

from collections.abc import Iterator

from pydantic import ValidationError

from aifactory.catalog.models import Catalog
from aifactory.manifests.parts import bundle_of, parts_of
from aifactory.manifests.sharing import DEFAULT
from aifactory.manifests.storage_backends import tier_problems
from aifactory.plan.base import Finding
from aifactory.plan.cell_choice import without_other_cells
from aifactory.plan.factory import accepted, plan
from aifactory.plan.models import FactoryPlan
from aifactory.plan.nodes import pool_labels
from aifactory.spec.pools import Allocation
from aifactory.spec.stack import Stack, Target

DRA_KUBERNETES = (1, 34)
"""resource.k8s.io/v1, which DeviceClasses and claim templates are written in, is served from 1.34 on."""


def _error(code: str, path: str, message: str, fix: str) -> Finding:
    return Finding(code=code, severity="error", path=path, message=message, fix=fix)


def tiers(stack: Stack) -> Iterator[Finding]:
    """Each tier has what its backend's StorageClass needs."""
    for index, tier in enumerate(stack.storage.tiers):
        for problem in tier_problems(tier):
            yield _error("storage-backend", f"storage.tiers.{index}", problem, "correct the tier's fields")


def pool_names(stack: Stack) -> Iterator[Finding]:
    """No pool takes the name of the device plugin's fallback configuration."""
    for index, pool in enumerate(stack.pools):
        if pool.name == DEFAULT:
            yield _error(
                "reserved-pool-name",
                f"pools.{index}.name",
                f"'{DEFAULT}' is the device plugin's fallback configuration; any other name is allowed",
                "rename the pool",
            )


def pool_label_keys(planned: FactoryPlan) -> Iterator[Finding]:
    """A pool's own labels do not replace those that select its nodes."""
    for index, pool in enumerate(planned.pools):
        bare = pool.model_copy(update={"pool": pool.pool.model_copy(update={"labels": {}})})
        taken = sorted(set(pool_labels(bare)) & set(pool.pool.labels))
        if taken:
            yield _error(
                "reserved-label",
                f"pools.{index}.labels",
                f"{', '.join(taken)} is set by the pool itself; other keys are allowed",
                "remove it",
            )


def drivers(stack: Stack) -> Iterator[Finding]:
    """GPUDirect Storage needs open kernel modules; one driver for all pools needs pools that agree."""
    for index, pool in enumerate(stack.pools):
        if pool.driver.gds and pool.driver.kernel_module == "proprietary":
            yield _error(
                "gds-needs-open-modules",
                f"pools.{index}.driver.gds",
                "GPUDirect Storage works with open kernel modules only; kernel_module: open or auto",
                "set kernel_module: open, or gds: false",
            )
    needs = {pool.driver.model_dump_json() for pool in stack.pools}
    if not stack.operators.gpu_operator.driver_crd and len(needs) > 1:
        yield _error(
            "drivers-differ",
            "operators.gpu_operator.driver_crd",
            "pools need different drivers, and without driver_crd there is one for all nodes",
            "set driver_crd: true, or give every pool the same driver",
        )


def kubernetes_for_dra(stack: Stack) -> Iterator[Finding]:
    """Dynamic Resource Allocation is written in an API that older clusters do not serve."""
    version = tuple(int(part) for part in stack.cluster.kubernetes_version.split("."))
    for index, pool in enumerate(stack.pools):
        if pool.allocation is Allocation.DRA and version < DRA_KUBERNETES:
            yield _error(
                "kubernetes-too-old-for-dra",
                f"pools.{index}.allocation",
                f"allocation dra needs Kubernetes 1.34 or newer, the stack says {stack.cluster.kubernetes_version}",
                "set allocation: device-plugin, or upgrade the cluster",
            )


def manifest_findings(planned: FactoryPlan) -> tuple[Finding, ...]:
    """Every reason why the plan cannot become manifests."""
    stack = planned.stack
    rules = (
        tiers(stack),
        pool_names(stack),
        pool_label_keys(planned),
        drivers(stack),
        kubernetes_for_dra(stack),
    )
    found = tuple(finding for rule in rules for finding in rule)
    if found or planned.errors:
        return found
    try:
        bundle_of(parts_of(planned))
    except ValidationError as error:
        reasons = "; ".join(
            detail["msg"].removeprefix("Value error, ") for detail in error.errors(include_input=False)
        )
        return (_error("cannot-be-declared", "", reasons, "correct the field named"),)
    except ValueError as error:
        return (_error("cannot-be-declared", "", str(error), "correct the field named"),)
    return ()


def full_plan(name: str, stack: Stack, catalog: Catalog, target: Target | None) -> FactoryPlan:
    """A plan with everything that is to be said of it, down to its manifests; it may be refused.

    Args:
        name: Name of the stack.
        stack: The stack, valid in itself.
        catalog: The facts to plan with.
        target: Where the stack is realised; None means what the stack says.
    """
    planned = plan(name, stack, catalog, target)
    return planned.model_copy(update={"findings": planned.findings + manifest_findings(planned)})


def checked_plan(
    name: str,
    stack: Stack,
    catalog: Catalog,
    target: Target | None,
    file: str,
    *,
    for_one_cell: bool = False,
) -> FactoryPlan:
    """A plan that nothing refuses, down to its manifests.

    Args:
        name: Name of the stack.
        stack: The stack, valid in itself.
        catalog: The facts to plan with.
        target: Where the stack is realised; None means what the stack says.
        file: What to call the stack file in messages.
        for_one_cell: Whether the run is for one cell, so that nothing has to reach the other ones.

    Raises:
        PlanRefused: If anything refuses it; every reason is named.
    """
    planned = full_plan(name, stack, catalog, target)
    return accepted(without_other_cells(planned) if for_one_cell else planned, file)
