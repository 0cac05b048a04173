"""Fabrics: how many leaf, spine and core switches join a number of endpoints without blocking.

The rule gives every leaf, spine and core count that NVIDIA prints for the DGX B200 (Quantum-2), DGX B300
(Spectrum-X twin plane) and DGX B300 (Quantum-X800) SuperPODs.
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

from aifactory.catalog.models import System
from aifactory.catalog.programme import FabricDesign
from aifactory.plan.models import PoolPlan
from aifactory.plan.site_models import FabricPlan
from aifactory.spec.fabric import Fabric

RAILS = 8
"""Endpoints of a node in the makers' designs, and so the leaf switches of one scalable unit."""


class Switches(NamedTuple):
    """Switches of one plane; no tiers where the endpoints are beyond reach."""

    tiers: int
    leaf: int
    spine: int
    core: int


def reach(radix: int, tiers: int) -> int:
    """Endpoints that two or three tiers of a switch join: R^2/2 and R^3/4."""
    return radix**2 // 2 if tiers == 2 else radix**3 // 4  # noqa: PLR2004 - two tiers


def switches(radix: int, endpoints: int, *, whole_units: bool = False) -> Switches:
    """The smallest non-blocking fabric of one plane.

    Args:
        radix: Ports of a switch, even; half go down from a leaf and half up.
        endpoints: Ports that are needed; none need no switch.
        whole_units: Build leaf switches in sets of eight, as a scalable unit has them, as far as they fit.

    Returns:
        Switches of the plane; of no tier where three tiers do not reach the endpoints.
    """
    down = radix // 2
    if endpoints > reach(radix, 3):
        return Switches(0, 0, 0, 0)
    leaf = math.ceil(endpoints / down)
    two_tiers = leaf <= radix
    if whole_units:
        leaf = min(math.ceil(leaf / RAILS) * RAILS, reach(radix, 2 if two_tiers else 3) // down)
    if not two_tiers:
        return Switches(3, leaf, leaf, math.ceil(leaf / 2))
    needed = math.ceil(leaf * down / radix)
    # Every leaf has the same number of links to every spine, so that the spines divide a leaf's uplinks.
    spine = next(d for d in range(1, down + 1) if down % d == 0 and d >= needed) if leaf else 0
    return Switches(2, leaf, spine, 0)


def node_gbps(system: System) -> float:
    """East-west bandwidth of one node, in gigabits a second."""
    return system.gpus_per_node * system.nics_per_gpu * system.nic_gbps


def node_endpoints(system: System, design: FabricDesign) -> int:
    """Ports of one node in one plane: its bandwidth over that of a port, shared out over the planes.

    A port is never shared by two nodes, so that a part of one counts as a whole one.
    """
    return math.ceil(node_gbps(system) / (design.gbps * design.planes))


def pool_endpoints(pools: Iterable[PoolPlan], design: FabricDesign) -> int:
    """Ports of some pools in one plane of a design."""
    return sum(pool.nodes * node_endpoints(pool.system, design) for pool in pools)


def members(fabric: Fabric, pools: tuple[PoolPlan, ...]) -> tuple[PoolPlan, ...]:
    """The pools on a fabric."""
    return tuple(pool for pool in pools if not fabric.pools or pool.name in fabric.pools)


def fabric_plan(fabric: Fabric, design: FabricDesign, pools: tuple[PoolPlan, ...]) -> FabricPlan:
    """One fabric, counted.

    Args:
        fabric: The fabric as the stack declares it.
        design: The catalogue row it names.
        pools: All pools of the site; those on the fabric are picked.
    """
    endpoints = pool_endpoints(members(fabric, pools), design)
    plane = switches(design.radix, endpoints, whole_units=fabric.whole_units)
    return FabricPlan(
        name=fabric.name,
        design=design.id,
        radix=design.radix,
        planes=design.planes,
        tiers=plane.tiers,
        leaf=plane.leaf * design.planes,
        spine=plane.spine * design.planes,
        core=plane.core * design.planes,
        endpoints=endpoints,
        endpoints_max=reach(design.radix, 3),
    )
