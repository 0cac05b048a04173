"""What becomes of each pool from one plan to the next."""

from typing import Literal

from aifactory.plan.base import PlanModel
from aifactory.plan.models import FactoryPlan, PoolPlan


class PoolChange(PlanModel):
    """What becomes of one pool."""

    name: str
    kind: Literal["added", "grown", "kept", "shrunk", "removed", "replaced"]
    fields: tuple[str, ...] = ()
    """Fields whose change would replace or move running nodes; only for ``replaced``."""
    racks: tuple[int, int]
    """Racks before and after."""
    nodes: tuple[int, int]
    gpus: tuple[int, int]


def identity_of(planned: PoolPlan) -> dict[str, str]:
    """What makes a pool the pool it is, by field: another value replaces or moves its running nodes."""
    pool = planned.pool
    domains = {f"{domain.namespace}/{domain.name}": domain.nodes for domain in pool.compute_domains}
    selector = getattr(pool.provisioning, "selector", None)
    return {
        "system": planned.system.id,
        "service": pool.service.value,
        "allocation": pool.allocation.value,
        "device_stack": pool.served_by.value,
        "partitioning": pool.partitioning.model_dump_json(exclude_none=True),
        "provisioning": pool.provisioning.kind,
        "selector": ",".join(f"{key}={value}" for key, value in sorted((selector or {}).items())),
        "product_label": planned.product_label or "",
        "compute_domains": ",".join(f"{name}:{nodes}" for name, nodes in sorted(domains.items())),
    }


def replaced_fields(old: dict[str, str], new: dict[str, str]) -> tuple[str, ...]:
    """Fields of a pool's identity whose change replaces something that runs; one that was empty is settled now.

    Compute domains may be added to, none may go or change its size.
    """
    found = [name for name in old if name != "compute_domains" and old[name] != new.get(name)]
    before, after = (set(filter(None, one.get("compute_domains", "").split(","))) for one in (old, new))
    if not before <= after:
        found.append("compute_domains")
    return tuple(field for field in found if not (field == "product_label" and not old[field]))


def _change(name: str, old: PoolPlan | None, new: PoolPlan | None) -> PoolChange:
    fields: tuple[str, ...] = ()
    kind: Literal["added", "grown", "kept", "shrunk", "removed", "replaced"]
    if old is None:
        kind = "added"
    elif new is None:
        kind = "removed"
    elif fields := replaced_fields(identity_of(old), identity_of(new)):
        kind = "replaced"
    elif new.nodes == old.nodes:
        kind = "kept"
    else:
        kind = "grown" if new.nodes > old.nodes else "shrunk"
    sizes = {
        size: (getattr(old, size) if old else 0, getattr(new, size) if new else 0)
        for size in ("racks", "nodes", "gpus")
    }
    return PoolChange(
        name=name, kind=kind, fields=fields, racks=sizes["racks"], nodes=sizes["nodes"], gpus=sizes["gpus"]
    )


def pool_changes(old: FactoryPlan, new: FactoryPlan) -> tuple[PoolChange, ...]:
    """What becomes of every pool: those of the old plan in its order, then the added ones."""
    before = {pool.name: pool for pool in old.pools}
    after = {pool.name: pool for pool in new.pools}
    return tuple(_change(name, before.get(name), after.get(name)) for name in {**before, **after})
