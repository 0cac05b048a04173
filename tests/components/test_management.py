"""The components of a management cluster under mocks: Cell, RollOut, and Management, which wires them."""

import pulumi
import pytest

from aifactory.manifests.cell import BACKGROUND
from aifactory.manifests.management import bundle_for
from aifactory.manifests.model import LayerName
from components.cell import Cell
from components.factory import Management, declare
from components.roll_out import RollOut
from tests.components.test_factory import awaited, named, objects_of
from tests.support.deployment import Deployment, Registered, deploy
from tests.support.management import MANAGED, management


@pytest.fixture(scope="module", params=MANAGED)
def stack(request: pytest.FixtureRequest) -> str:
    """A stack with a management cluster."""
    return str(request.param)


@pytest.fixture(scope="module")
def site(stack: str) -> Deployment:
    """What its management cluster holds, declared once."""
    return deploy(lambda: declare(management(stack)))


def of(found: Deployment, kind: str) -> list[Registered]:
    """The components of a kind."""
    return [resource for resource in found.resources if resource.type == f"aifactory:index:{kind}"]


def test_the_registered_objects_are_those_of_the_bundle(site: Deployment, stack: str) -> None:
    """Pulumi registers exactly the objects of the Bundle, each with the same content."""
    registered = named([resource.inputs for resource in objects_of(site)])
    wanted = named(list(bundle_for(management(stack)).objects()))

    assert sorted(registered) == sorted(wanted)
    assert [key for key in sorted(wanted) if registered[key] != wanted[key]] == []


def test_every_child_has_its_component_as_parent(site: Deployment, stack: str) -> None:
    """Cells and roll-out are children of the whole, and each object is a child of the cell that it is for."""
    whole = site.component("Management")
    cells = {cell.name: cell for cell in of(site, "Cell")}

    assert [cell.parent for cell in (*cells.values(), site.component("RollOut"))] == [whole.urn] * (
        len(cells) + 1
    )
    assert [child.name for child in site.children_of(whole.urn) if child.type.startswith("kubernetes:")] == [
        management(stack).namespace
    ]
    for name, cell in cells.items():
        children = site.children_of(cell.urn)
        assert len(children) > 20
        labels = {child.inputs["metadata"]["labels"]["aifactory.dev/cell"] for child in children}
        assert labels == {name}
    parents = {whole.urn, site.component("RollOut").urn, *(cell.urn for cell in cells.values())}
    assert {resource.parent for resource in objects_of(site)} == parents


def test_a_cluster_comes_last_and_goes_first(site: Deployment, stack: str) -> None:
    """A Cluster waits for everything of its cell, and the roll-out for every Cluster: deletion goes the other way."""
    before = awaited(site)
    clusters = {child.parent: child.urn for child in site.of_kind("Cluster")}

    assert len(clusters) == len(management(stack).cells)
    for cell in of(site, "Cell"):
        others = {child.urn for child in site.children_of(cell.urn)} - {clusters[cell.urn]}
        assert others <= before[clusters[cell.urn]]
    for child in site.children_of(site.component("RollOut").urn):
        assert set(clusters.values()) <= before[child.urn]
    space = next(iter(site.of_kind("Namespace"))).urn
    assert all(space in before[resource.urn] for resource in objects_of(site) if resource.urn != space)


def test_a_cluster_alone_is_protected(stack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every Cluster is protected and may take hours to go; nothing else is protected."""
    given: dict[str, pulumi.ResourceOptions] = {}
    register = pulumi.CustomResource.__init__

    def remember(
        self: pulumi.CustomResource, kind: str, name: str, inputs: object, opts: pulumi.ResourceOptions
    ) -> None:
        given[f"{kind} {name}"] = opts
        register(self, kind, name, inputs, opts)  # type: ignore[arg-type]

    monkeypatch.setattr(pulumi.CustomResource, "__init__", remember)
    deploy(lambda: declare(management(stack)))

    guarded = {name for name, opts in given.items() if opts.protect}
    assert guarded == {
        name for name in given if name.startswith("kubernetes:cluster.x-k8s.io/v1beta2:Cluster ")
    }
    assert len(guarded) == len(management(stack).cells)
    limits = {opts.custom_timeouts.delete for name, opts in given.items() if opts.custom_timeouts}
    assert limits == {"2h"}


def test_what_is_of_a_cell_is_deleted_in_the_background(stack: str) -> None:
    """Cluster API drains machines before they go; in the foreground, the provider's default, they would go first."""
    for layer in bundle_for(management(stack)).layers:
        for item in layer.objects:
            metadata = item["metadata"]
            assert isinstance(metadata, dict)
            annotations = metadata.get("annotations")
            background = isinstance(annotations, dict) and annotations.items() >= BACKGROUND.items()
            assert background == (layer.name in {LayerName.CELL_MACHINES, LayerName.CELL_CLUSTERS})


def test_outputs_of_a_cell() -> None:
    """A cell, used alone, tells its name, its size and the Secret that its kubeconfig will be in."""
    args = management("korea-scale-out").cells[1]
    found = deploy(lambda: Cell("cell", args))

    assert found.outputs[found.component("Cell").urn] == {
        "cell": "korea-scale-out-c001",
        "nodes": args.plan.nodes,
        "gpus": args.plan.gpus,
        "kubeconfig_secret": "korea-scale-out/korea-scale-out-c001-kubeconfig",
    }


def test_outputs_of_a_roll_out(stack: str) -> None:
    """A roll-out, used alone, tells its engine, its repository, and the cells of each wave."""
    found = deploy(lambda: RollOut("roll-out", management(stack).roll_out))

    assert found.outputs[found.component("RollOut").urn] == {
        "engine": {"korea-scale-out": "flux", "malaysia-johor": "argocd"}[stack],
        "repository": "https://git.example/ai-factory/fleet",
        "waves": [[f"{stack}-c000"], [f"{stack}-c001", f"{stack}-c002"]],
    }


def test_outputs_of_the_whole(site: Deployment, stack: str) -> None:
    """The whole tells its pools over all cells, its namespace, and its cells."""
    args = management(stack)

    assert site.outputs[site.component("Management").urn] == {
        "pools": [
            {"name": p.name, "nodes": p.nodes, "gpus": p.gpus, "resource": p.resource}
            for p in args.roll_out.plan.pools
        ],
        "namespaces": [stack],
        "cells": [f"{stack}-c00{index}" for index in range(3)],
    }


def test_a_cell_whose_cluster_exists_declares_nothing() -> None:
    """Without `delivery.clusters` a cell has no object, and the layers of a management cluster have none of cells."""
    args = management("korea-scale-out")
    plan = args.roll_out.plan
    stack = plan.stack.model_copy(
        update={"delivery": plan.stack.delivery.model_copy(update={"clusters": None})}
    )
    there = plan.model_copy(update={"stack": stack})
    one = args.cells[0].model_copy(update={"plan": args.cells[0].plan.model_copy(update={"stack": stack})})
    whole = args.model_copy(
        update={"cells": (), "roll_out": args.roll_out.model_copy(update={"plan": there})}
    )

    assert objects_of(deploy(lambda: Cell("cell", one))) == []
    assert [layer.name for layer in bundle_for(whole).layers] == [LayerName.FOUNDATION, LayerName.ROLL_OUT]
    assert of(deploy(lambda: Management("management", whole)), "Cell") == []
