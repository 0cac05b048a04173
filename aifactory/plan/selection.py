"""Which nodes the stack's pools pick: no node may be picked for two of them."""

from collections.abc import Iterator
from itertools import combinations

from aifactory.catalog.models import Catalog
from aifactory.plan.base import Finding
from aifactory.plan.models import FactoryPlan, PoolPlan
from aifactory.spec.provisioning import Adopt, Simulated


def pools_with_paths(plan: FactoryPlan) -> Iterator[tuple[str, PoolPlan]]:
    """The planned pools with their paths in the stack file, where pools of unknown systems are counted too."""
    paths = {pool.name: f"pools.{index}" for index, pool in enumerate(plan.stack.pools)}
    for planned in plan.pools:
        yield paths[planned.name], planned


def _same_model(one: PoolPlan, other: PoolPlan) -> bool:
    """Whether discovery cannot tell the GPUs of two pools apart."""
    labels = [pool.pool.product_label or pool.system.gpu.product_label for pool in (one, other)]
    devices = [pool.system.gpu.pci_device for pool in (one, other)]
    same_device = devices[0] is not None and devices[0] == devices[1]
    return (
        one.system.id == other.system.id or same_device or (labels[0] is not None and labels[0] == labels[1])
    )


def _selector(planned: PoolPlan) -> dict[str, str] | None:
    how = planned.pool.provisioning
    return how.selector if isinstance(how, Adopt) else None


def ambiguous_selection(plan: FactoryPlan, catalog: Catalog) -> Iterator[Finding]:  # noqa: ARG001
    """No node is picked for two pools: a rule without a selector picks every node of the GPU model.

    Where both have selectors, one that holds all of the other's labels picks a part of its nodes, whatever
    the GPUs are. A pool of Cluster API has no selector, so an adopted one beside it needs one.
    """
    real = [
        (path, pool)
        for path, pool in pools_with_paths(plan)
        if not isinstance(pool.pool.provisioning, Simulated)
    ]
    for (first_path, first), (path, second) in combinations(real, 2):
        adopted = [isinstance(pool.pool.provisioning, Adopt) for pool in (first, second)]
        one, other = _selector(first), _selector(second)
        if one is not None and other is not None:
            clash = one.items() <= other.items() or other.items() <= one.items()
            why = "one selector holds all labels of the other"
        else:
            bare = (adopted[0] and one is None) or (adopted[1] and other is None)
            clash, why = bare and _same_model(first, second), "both are picked by one GPU model"
        if clash:
            at = path if adopted[1] else first_path
            yield Finding(
                code="ambiguous-selection",
                severity="error",
                path=f"{at}.provisioning.selector",
                message=(
                    f"pools '{first.name}' and '{second.name}' pick the same nodes: {why};"
                    " each adopted pool has a selector that fits no other pool's nodes"
                ),
                fix=f"label the nodes of both, and set a selector in {first_path} and {path}",
            )
