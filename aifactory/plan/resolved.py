"""What the plan takes for fields that a stack file leaves open."""

from collections.abc import Iterator

from pydantic import JsonValue

from aifactory.catalog.models import Catalog
from aifactory.plan.economics import gpu_hour
from aifactory.spec.hydrate import Leaf
from aifactory.spec.stack import Stack


def _catalogue(stack: Stack, catalog: Catalog) -> Iterator[tuple[str, JsonValue]]:
    region = catalog.regions.get(stack.site.country)
    if region is not None:
        if stack.power is not None:
            yield "power.pue", region.pue_plan
        yield "economics.usd_per_kwh", region.usd_per_kwh
    for index, pool in enumerate(stack.pools):
        yield f"pools.{index}.driver.version", catalog.images["driver"].version
        system = catalog.systems.get(pool.system)
        if system is not None and system.gpu.product_label is not None:
            yield f"pools.{index}.product_label", system.gpu.product_label
        cost = gpu_hour(pool.system, stack.economics, catalog)
        if cost is not None:
            yield f"economics.usd_per_gpu_hour.{pool.system}", cost
    yield "operators.gpu_operator.version", catalog.charts["gpu-operator"].version
    yield "operators.dra_driver.version", catalog.charts["nvidia-dra-driver"].version


def resolved(stack: Stack, catalog: Catalog) -> dict[str, Leaf]:
    """Values that stand for fields without one, by dotted path; a value that the file gives is not among them.

    Args:
        stack: The stack.
        catalog: The facts it is planned with.
    """
    found = {path: Leaf(value, "catalogue") for path, value in _catalogue(stack, catalog)}
    for index, pool in enumerate(stack.pools):
        found[f"pools.{index}.device_stack"] = Leaf(pool.served_by.value, "default")
    found["network.profile"] = Leaf(stack.policy_profile.value, "default")
    return found
