"""Pools of a small stack, and the objects that the layer node-pools makes of them."""

from typing import Any

from pydantic import JsonValue

from aifactory.catalog.load import catalog
from aifactory.manifests.labels import Inventory
from aifactory.manifests.model import LayerName
from aifactory.manifests.node_pools import GpuNodePoolArgs, layers
from aifactory.plan.capacity import pool_plan
from aifactory.spec.pools import Pool

IMAGE = "registry.example/kubectl:v1.34.4"
SELECTED: dict[str, Any] = {"kind": "adopt", "selector": {"team.example/x": "y", "rack": "7"}}


def arguments(*, nfd_present: bool = True, **fields: JsonValue) -> GpuNodePoolArgs:
    """Arguments for a pool; ``fields`` replace those of the default one."""
    pool = {"name": "train", "system": "hgx-b300", "racks": 2, "service": "training", **fields}
    if "nodes" in fields:
        del pool["racks"]
    wanted = Pool.model_validate(pool)
    planned = pool_plan(wanted, catalog().systems[wanted.system])
    inventory = Inventory(stack="lab")
    return GpuNodePoolArgs(inventory=inventory, pool=planned, nfd_present=nfd_present, kubectl_image=IMAGE)


def objects(args: GpuNodePoolArgs) -> dict[str, Any]:
    """The objects of the one layer, by kind; kinds are unique but with Cluster API."""
    (one,) = layers(args)
    assert one.name is LayerName.NODE_POOLS
    return {str(manifest["kind"]): manifest for manifest in one.objects}


def steps(args: GpuNodePoolArgs) -> list[Any]:
    """The containers of the patch step, in the order in which they run."""
    spec = objects(args)["Job"]["spec"]["template"]["spec"]
    return [*spec["initContainers"], *spec["containers"]]
