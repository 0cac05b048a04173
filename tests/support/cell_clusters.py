"""A cell of a site whose clusters are made by Cluster API, to start a test from."""

from functools import cache
from typing import Any

from aifactory.catalog.load import catalog
from aifactory.manifests.cell_cluster import cell_cluster
from aifactory.manifests.model import key_of
from aifactory.plan.cells import of_cell
from aifactory.plan.factory import plan
from aifactory.plan.models import FactoryPlan
from aifactory.spec.delivery import CellClusters
from aifactory.spec.load import load_stack
from tests.support.cells import site
from tests.support.lab import ROOT

METAL3: dict[str, Any] = {
    "kind": "metal3",
    "image_url": "https://images.example/node-v1.34.raw",
    "image_checksum": "https://images.example/node-v1.34.raw.sha256",
}
NICO: dict[str, Any] = {
    "kind": "nico",
    "vpc_id": "vpc",
    "instance_type_id": "type",
    "vpc_prefix_id": "prefix",
    "ipxe_script": "#!ipxe",
}
CLUSTERS: dict[str, Any] = {
    "kubernetes_version": "v1.34.3",
    "endpoint_domain": "api.ulsan.example",
    "control_plane": METAL3,
    "workers": {"gb300-nvl72": METAL3, "dgx-b200": METAL3},
}
NICO_CLUSTERS = {
    **CLUSTERS,
    "control_plane": NICO,
    "workers": {"gb300-nvl72": NICO, "dgx-b200": NICO},
    "nico_site": "ulsan",
}


TRAIN = {"name": "train", "system": "gb300-nvl72", "racks": 3, "service": "training", "cell_racks": 2}
INFER = {"name": "infer", "system": "dgx-b200", "nodes": 8, "service": "training", "cell_racks": 4}


def clusters_of(planned: FactoryPlan, **fields: Any) -> FactoryPlan:
    """The plan with its clusters made by Cluster API; ``fields`` are of :data:`CLUSTERS`."""
    found = CellClusters.model_validate({**CLUSTERS, **fields})
    return _with_clusters(planned, found)


def _with_clusters(planned: FactoryPlan, clusters: CellClusters) -> FactoryPlan:
    delivery = planned.stack.delivery.model_copy(update={"clusters": clusters})
    return planned.model_copy(update={"stack": planned.stack.model_copy(update={"delivery": delivery})})


def gigawatt_cell(index: int = 0, **fields: Any) -> FactoryPlan:
    """One cell of the Korean site at a gigawatt; ``fields`` are put in place of those of its clusters."""
    whole = _gigawatt()
    declared = whole.stack.delivery.clusters
    assert declared is not None
    changed = CellClusters.model_validate({**declared.model_dump(mode="json"), **fields})
    return of_cell(_with_clusters(whole, changed), whole.cells[index])


@cache
def _gigawatt() -> FactoryPlan:
    name = "korea-gigawatt"
    return plan(name, load_stack(ROOT / "stacks" / f"Pulumi.{name}.yaml"), catalog())


def made(
    *pools: dict[str, Any], cell: int = 0, stack: dict[str, Any] | None = None, **fields: Any
) -> list[Any]:
    """The objects of a cell of a small site; ``fields`` are of its clusters."""
    planned = clusters_of(site(*(pools or (TRAIN, INFER)), **(stack or {})), **fields)
    return list(cell_cluster(of_cell(planned, planned.cells[cell])))


def only(objects: list[Any], kind: str) -> Any:
    """The one object of a kind."""
    (found,) = [manifest for manifest in objects if manifest["kind"] == kind]
    return found


def named(objects: list[Any], kind: str) -> dict[str, Any]:
    """The objects of a kind, by name."""
    return {key_of(manifest).name: manifest for manifest in objects if manifest["kind"] == kind}


def referred(objects: list[Any]) -> set[tuple[str, str]]:
    """Kind and name of everything that the objects refer to."""
    found: set[tuple[str, str]] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if {"apiGroup", "kind", "name"} <= value.keys():
                found.add((value["kind"], value["name"]))
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk(objects)
    return found
