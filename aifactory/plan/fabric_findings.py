"""What the plan has to say about fabrics: designs, reach, speed, and pools on none or on two of them."""

import difflib
from collections.abc import Callable, Iterator
from itertools import combinations

from aifactory.catalog.models import Catalog
from aifactory.plan.base import Finding
from aifactory.plan.fabric import members, node_gbps, pool_endpoints, reach
from aifactory.plan.models import FactoryPlan, PoolPlan
from aifactory.plan.site_models import FabricPlan
from aifactory.spec.fabric import Fabric
from aifactory.spec.pools import Service


def _planned(plan: FactoryPlan) -> Iterator[tuple[str, Fabric, FabricPlan, tuple[PoolPlan, ...]]]:
    """The fabrics of known designs, each with its path and its pools."""
    counted = {fabric.name: fabric for fabric in plan.fabrics}
    for index, fabric in enumerate(plan.stack.fabrics):
        if fabric.name in counted:
            yield f"fabrics.{index}", fabric, counted[fabric.name], members(fabric, plan.pools)


def unknown_fabric(plan: FactoryPlan, catalog: Catalog) -> Iterator[Finding]:
    """A fabric is built to a design of the catalogue."""
    known = sorted(catalog.fabrics)
    for index, fabric in enumerate(plan.stack.fabrics):
        if fabric.design in catalog.fabrics:
            continue
        near = difflib.get_close_matches(fabric.design, known, n=1)
        yield Finding(
            code="unknown-fabric",
            severity="error",
            path=f"fabrics.{index}.design",
            message=f"the design '{fabric.design}' is not in the catalogue; designs: {', '.join(known)}",
            fix=f"did you mean '{near[0]}'?"
            if near
            else "name one of them, or add a row to aifactory/catalog/fabrics.yaml",
        )


def fabric_beyond_reach(plan: FactoryPlan, catalog: Catalog) -> Iterator[Finding]:
    """Three tiers of the design's switch join all endpoints."""
    for path, _, counted, pools in _planned(plan):
        if counted.endpoints <= counted.endpoints_max:
            continue
        reaching = [
            design.id
            for design in catalog.fabrics.values()
            if pool_endpoints(pools, design) <= reach(design.radix, 3)
        ]
        yield Finding(
            code="fabric-beyond-reach",
            severity="error",
            path=f"{path}.design",
            message=(
                f"{counted.endpoints} endpoints are beyond three tiers of {counted.design};"
                f" it joins {counted.endpoints_max} at most"
            ),
            fix=f"choose {' or '.join(sorted(reaching))}"
            if reaching
            else "split the pools over several fabrics",
        )


def fabric_speed(plan: FactoryPlan, catalog: Catalog) -> Iterator[Finding]:
    """The network adapters of a node fill its ports: they are as fast, or a whole number of times as fast."""
    for path, _, counted, pools in _planned(plan):
        design = catalog.fabrics[counted.design]
        ports = design.gbps * design.planes
        odd = {
            pool.system.id: pool.system.nic_gbps
            for pool in pools
            if pool.system.nic_gbps % ports or node_gbps(pool.system) % ports
        }
        if not odd:
            continue
        given = ", ".join(f"{system} {gbps} Gb/s" for system, gbps in sorted(odd.items()))
        planes = f" in each of {design.planes} planes" if design.planes > 1 else ""
        fitting = sorted(
            row.id
            for row in catalog.fabrics.values()
            if not any(gbps % (row.gbps * row.planes) for gbps in odd.values())
        )
        yield Finding(
            code="fabric-speed-mismatch",
            severity="warning",
            path=f"{path}.design",
            message=(
                f"{design.id} has ports of {design.gbps} Gb/s{planes}, which network adapters do not fill: {given};"
                " an adapter has the speed of its ports, or a multiple, and the switches are counted by bandwidth"
            ),
            fix=f"choose {' or '.join(fitting)}" if fitting else "put these pools on a fabric of their own",
        )


def pool_without_fabric(plan: FactoryPlan, catalog: Catalog) -> Iterator[Finding]:
    """Where fabrics are declared, training on more than one node is on one of them."""
    del catalog
    if not plan.stack.fabrics:
        return
    joined = {pool.name for fabric in plan.stack.fabrics for pool in members(fabric, plan.pools)}
    paths = {pool.name: f"pools.{index}" for index, pool in enumerate(plan.stack.pools)}
    for pool in plan.pools:
        if pool.name not in joined and pool.pool.service is Service.TRAINING and pool.nodes > 1:
            yield Finding(
                code="pool-without-fabric",
                severity="warning",
                path=paths[pool.name],
                message=(
                    f"the {pool.nodes} nodes of the training pool '{pool.name}' are on no fabric;"
                    " training over nodes needs one"
                ),
                fix="add the pool to the pools of a fabric",
            )


def fabric_without_endpoints(plan: FactoryPlan, catalog: Catalog) -> Iterator[Finding]:
    """A fabric joins something; a pool that is reported as empty or unknown is not reported again."""
    del catalog
    for path, fabric, counted, pools in _planned(plan):
        complete = len(pools) == len(fabric.pools or plan.stack.pools)
        if counted.endpoints == 0 and complete and all(pool.nodes for pool in pools):
            systems = ", ".join(sorted({pool.system.id for pool in pools}))
            yield Finding(
                code="fabric-without-endpoints",
                severity="warning",
                path=f"{path}.pools",
                message=(
                    f"the fabric '{fabric.name}' has no endpoint: {systems} has no east-west network adapter;"
                    " a fabric joins adapters"
                ),
                fix="remove the fabric, or name other pools",
            )


def pool_on_two_fabrics(plan: FactoryPlan, catalog: Catalog) -> Iterator[Finding]:
    """A pool's adapters are ports of one fabric: on two, its bandwidth would be counted twice."""
    del catalog
    for first, second in combinations(enumerate(plan.stack.fabrics), 2):
        (_, one), (index, other) = first, second
        there = {pool.name for pool in members(one, plan.pools)}
        both = [pool.name for pool in members(other, plan.pools) if pool.name in there]
        if both:
            yield Finding(
                code="pool-on-two-fabrics",
                severity="error",
                path=f"fabrics.{index}.pools",
                message=(
                    f"{', '.join(both)} would be on the fabrics '{one.name}' and '{other.name}';"
                    " the adapters of a pool are ports of one fabric, and pools: [] means every pool"
                ),
                fix="name the pools of each fabric, each pool once",
            )


RULES: tuple[Callable[[FactoryPlan, Catalog], Iterator[Finding]], ...] = (
    unknown_fabric,
    fabric_beyond_reach,
    fabric_speed,
    pool_without_fabric,
    fabric_without_endpoints,
    pool_on_two_fabrics,
)
"""Every rule of this module."""
