"""What exists after an ``up``: pools, layers, what is simulated, and the next commands."""

from pydantic import JsonValue
from rich.table import Table

from aifactory.cli import management
from aifactory.cli.console import out
from aifactory.cli.extent import Extent, same_place
from aifactory.deliver.cluster import Cluster
from aifactory.deliver.realise import UpReport
from aifactory.manifests.kind_target import replaced
from aifactory.manifests.model import Bundle
from aifactory.plan.cell_choice import for_management
from aifactory.plan.models import FactoryPlan
from aifactory.spec.stack import Target

NOT_PROVEN = {
    Target.SIMULATED: (
        (
            "simulated: nodes, GPUs and ResourceSlices are made by the lab (KWOK); pods on them do not really run;"
            " operators are APIs only"
        ),
        "not proven by this: drivers, CUDA, NVLink, storage systems, enforcement of network policies",
    ),
    Target.KIND: (
        (
            "mocked: GPUs are reported by a mock NVML and cannot compute; kubelets, containers, scheduling, NVIDIA's"
            " device plugin, GPU feature discovery and DRA driver are real; the GPU Operator does not run"
        ),
        (
            "not proven by this: drivers, CUDA, NCCL, NVLink, RDMA, real MIG, the stack's own CNI and storage"
            " systems"
        ),
    ),
}
"""What a lab makes up, and what it therefore says nothing about."""


def _per_node(allocatable: dict[str, int]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in allocatable.items()) or "ResourceClaims (DRA)"


def _notices(bundle: Bundle) -> list[str]:
    return [
        f"chart {release.chart} {release.version} is not installed: {release.skipped}"
        for release in bundle.releases()
        if release.skipped is not None
    ]


def _outcome(report: UpReport, took_s: float) -> str:
    if not report.engine_ran:
        return f"nothing to do: the cluster is as declared ({took_s:.1f} s)"
    shown = ", ".join(f"{count} {operation}" for operation, count in sorted(report.changes.items()))
    more = f", {len(report.repaired)} repaired" if report.repaired else ""
    more += f", {report.pruned} pruned" if report.pruned else ""
    return f"{shown}{more} ({took_s:.1f} s)"


def _pools_table(plan: FactoryPlan) -> Table:
    pools = Table("pool", "system", "nodes", "GPUs", "each node offers", box=None, pad_edge=False)
    for pool in plan.pools:
        pools.add_row(pool.name, pool.system.id, str(pool.nodes), str(pool.gpus), _per_node(pool.allocatable))
    pools.add_row("total", "", str(plan.nodes), str(plan.gpus), "", style="bold")
    return pools


def _not_proven(plan: FactoryPlan) -> tuple[str, ...]:
    return management.NOT_PROVEN if for_management(plan) and plan.in_lab else NOT_PROVEN.get(plan.target, ())


def show(
    plan: FactoryPlan,
    bundle: Bundle,
    report: UpReport,
    cluster: Cluster,
    took_s: float,
    notices: tuple[str, ...] = (),
    extent: Extent | None = None,
) -> None:
    """Print what exists now.

    Args:
        plan: The plan that was realised.
        bundle: What was applied.
        report: What the run did.
        cluster: Where it is.
        took_s: Seconds since the command began.
        notices: What is to be said of the phase's gates.
        extent: How much of the site it is; None for all of it.
    """
    out.print(f"\n{plan.name} on target {plan.target.value}: {_outcome(report, took_s)}\n", markup=False)
    for line in extent.lines() if extent is not None else ():
        out.print(f"{line}\n", markup=False)
    if for_management(plan):
        out.print(management.cells_table(plan))
    else:
        out.print(_pools_table(plan))
    layers = Table("layer", "objects", "charts", box=None, pad_edge=False)
    for layer in bundle.layers:
        installed = sum(release.skipped is None for release in layer.releases)
        layers.add_row(layer.name.value, str(len(layer.objects)), str(installed))
    out.print()
    out.print(layers)
    out.print()
    for notice in (*notices, *_notices(bundle)):
        out.print(notice, markup=False)
    for line in (*replaced(plan), *_not_proven(plan)):
        out.print(line, markup=False)
    out.print(f"\nkubeconfig: {cluster.kubeconfig or 'the default one'}", markup=False)
    for command in _next(plan, cluster, extent):
        out.print(f"next: {command}", markup=False)


def _next(plan: FactoryPlan, cluster: Cluster, extent: Extent | None) -> list[str]:
    flag = same_place(plan, extent.lab if extent is not None else None)
    sample = extent.sample_flag() if extent is not None else ""
    kubectl = f"kubectl --kubeconfig {cluster.kubeconfig} " if cluster.kubeconfig else "kubectl "
    here = for_management(plan)
    look = "get clusters.cluster.x-k8s.io -A" if here else "get nodes -L node.cluster.x-k8s.io/aifactory-pool"
    return [
        f"{kubectl}{look}",
        f"aifactory up {plan.name}{flag}{sample}   (again: changes nothing)",
        f"aifactory destroy {plan.name}{flag}{' --delete-clusters' if here else ''}",
        *(["aifactory lab down"] if plan.in_lab else []),
    ]


def as_data(
    plan: FactoryPlan,
    bundle: Bundle,
    report: UpReport,
    cluster: Cluster,
    took_s: float,
    notices: tuple[str, ...] = (),
    extent: Extent | None = None,
) -> dict[str, JsonValue]:
    """The same as :func:`show`, for machines."""
    return {
        "stack": plan.name,
        "target": plan.target.value,
        "simulated": plan.simulated,
        "mocked": plan.target is Target.KIND,
        "stand_ins": list(replaced(plan)),
        **(extent.as_data() if extent is not None else {}),
        "seconds": round(took_s, 1),
        "engine_ran": report.engine_ran,
        "changes": dict(report.changes),
        "repaired": list(report.repaired),
        "pruned": report.pruned,
        "pools": [
            {
                "name": pool.name,
                "system": pool.system.id,
                "nodes": pool.nodes,
                "gpus": pool.gpus,
                "allocatable": dict(pool.allocatable),
            }
            for pool in plan.pools
        ],
        "layers": {layer.name.value: len(layer.objects) for layer in bundle.layers},
        "notices": [*notices, *_notices(bundle)],
        "kubeconfig": str(cluster.kubeconfig) if cluster.kubeconfig else None,
    }
