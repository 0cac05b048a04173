"""What a management cluster holds of a site: the same objects as the tree in Git, but for what keeps them there."""

import copy
from typing import Any

import pytest
from pydantic import ValidationError

from aifactory.deliver.inventory import KINDS
from aifactory.manifests.cell import BACKGROUND
from aifactory.manifests.cell_cluster import cell_cluster
from aifactory.manifests.gitops.model import Place
from aifactory.manifests.gitops.site import site_files, site_of_plan
from aifactory.manifests.labels import LAYER, MANAGED_BY, STACK
from aifactory.manifests.management import bundle_for, management_inventory, management_of
from aifactory.manifests.model import Bundle, KubernetesObject, LayerName, key_of
from aifactory.manifests.roll_out import RollOutArgs
from aifactory.plan.cells import of_cell
from aifactory.spec.stack import Target
from aifactory.spec.units import STACK_NAME
from tests.support.cells import site
from tests.support.management import MANAGED, management, site_plan
from tests.support.schemas import crd_dir, violations
from tests.support.stacks import pool

CUSTOM = "x-k8s.io", "fluxcd.io", "argoproj.io"


def bundle(stack: str) -> Bundle:
    """What the stack's management cluster holds."""
    return bundle_for(management(stack))


def by_key(objects: Any) -> dict[str, KubernetesObject]:
    """Objects by identity."""
    return {str(key_of(item)): item for item in objects}


def in_git(stack: str) -> dict[str, KubernetesObject]:
    """Every object of the stack's tree for its own engine, by identity."""
    plan = site_plan(stack)
    given = plan.stack.delivery
    place = Place(given.engine, str(given.repository), given.revision, given.path, given.secret_ref)
    files = site_files(site_of_plan(plan, place, lambda _: None))
    documents = [item for content in files.values() if isinstance(content, tuple) for item in content]
    found: dict[str, KubernetesObject] = {}
    for item in documents:
        if "metadata" in item:
            found.setdefault(str(key_of(item)), item)
    return found


def plain(manifest: KubernetesObject) -> Any:
    """An object without what only direct delivery writes on it: inventory labels, and how it is deleted."""
    bare: Any = copy.deepcopy(manifest)
    labels = bare["metadata"]["labels"]
    for key in (STACK, LAYER, MANAGED_BY):
        labels.pop(key, None)
    annotations = {k: v for k, v in bare["metadata"].pop("annotations", {}).items() if k not in BACKGROUND}
    return {**bare, "metadata": {**bare["metadata"], **({"annotations": annotations} if annotations else {})}}


@pytest.mark.parametrize("stack", MANAGED)
def test_the_objects_are_those_of_the_tree(stack: str) -> None:
    """Each object is that of the tree in Git; Flux's differ in the source, and in waiting for what makes clusters."""
    tree = in_git(stack)
    for key, item in by_key(bundle(stack).objects()).items():
        mine = plain(item)
        if mine["kind"] == "GitRepository":
            assert mine["metadata"]["name"] == f"aifactory-fleet-{stack}"
            mine["metadata"]["name"] = "aifactory-fleet"
            assert mine == plain(tree[key.replace(f"-{stack}", "")])
            continue
        if key not in tree:
            assert (mine["kind"], stack) == ("Namespace", "malaysia-johor")  # Argo CD makes it as it syncs
            continue
        wanted = plain(tree[key])
        if mine["kind"] == "Kustomization":
            assert mine["spec"]["sourceRef"]["name"] == f"aifactory-fleet-{stack}"
            mine["spec"]["sourceRef"]["name"] = "aifactory-fleet"
            made = f"{mine['metadata']['labels'].get('aifactory.dev/cell')}-cluster"
            if "dependsOn" in wanted["spec"]:
                wanted["spec"]["dependsOn"] = [o for o in wanted["spec"]["dependsOn"] if o["name"] != made]
        if mine["kind"] == "AppProject":
            local = {"server": "https://kubernetes.default.svc", "namespace": stack}
            wanted["spec"]["destinations"].remove(local)
        assert mine == wanted, key


@pytest.mark.parametrize("stack", MANAGED)
def test_a_lost_file_empties_no_cell(stack: str) -> None:
    """In Git a Cluster, and the namespace that all of them are in, say that an engine never prunes them."""
    kept = [item for item in in_git(stack).values() if _goes_with_all(item, stack)]

    assert len(kept) == {"korea-scale-out": 4, "malaysia-johor": 3}[stack]  # Argo CD's tree has no namespace
    for item in kept:
        metadata: Any = item["metadata"]
        assert metadata["annotations"] == {
            "kustomize.toolkit.fluxcd.io/prune": "disabled",
            "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
        }


def _goes_with_all(item: KubernetesObject, stack: str) -> bool:
    key = key_of(item)
    return key.kind == "Cluster" or (key.kind, key.name) == ("Namespace", stack)


@pytest.mark.parametrize("stack", MANAGED)
def test_nothing_makes_the_engine_own_the_same(stack: str) -> None:
    """No root is among the objects, and nothing that applies Cluster API objects or the roll-out out of Git."""
    for item in bundle(stack).objects():
        key, spec = key_of(item), item.get("spec")
        assert key.kind != "Application"
        assert key.name not in (f"{stack}-clusters", f"{stack}-root")
        if key.kind == "Kustomization":
            assert isinstance(spec, dict)
            path = str(spec["path"])
            assert "/management/clusters" not in path
            assert "/management/rollout" not in path
            assert not path.endswith("/management")


@pytest.mark.parametrize("stack", MANAGED)
def test_every_object_is_in_an_inventory_of_its_own(stack: str) -> None:
    """The inventory is not that of the stack's cells, no stack can have its name, and every kind is looked for."""
    objects = list(bundle(stack).objects())

    assert bundle(stack).stack == management_inventory(stack).stack == f"{stack}.management"
    assert not STACK_NAME.fullmatch(f"{stack}.management")
    for item in objects:
        metadata: Any = item["metadata"]
        assert metadata["labels"][STACK] == f"{stack}.management"
        assert metadata["labels"][MANAGED_BY] == "aifactory"
    assert {(key_of(item).api_version, key_of(item).kind) for item in objects} <= set(KINDS)


@pytest.mark.parametrize("stack", MANAGED)
def test_objects_are_valid_against_the_real_definitions(stack: str) -> None:
    """Every object with a definition has all the fields that this wants, and none that it does not know."""
    if crd_dir() is None:
        pytest.skip("no folder with real CRDs: set AIFACTORY_CRDS to one")
    custom = [
        item for item in bundle(stack).objects() if str(item["apiVersion"]).split("/")[0].endswith(CUSTOM)
    ]

    assert len(custom) == len(list(bundle(stack).objects())) - 1  # all but the namespace
    assert [problem for item in custom for problem in violations(item)] == []


def test_layers_are_in_the_order_of_application() -> None:
    """Namespace, what the Clusters refer to, the Clusters, the roll-out; one Cluster a cell."""
    found = bundle("korea-scale-out")

    assert [layer.name for layer in found.layers] == [
        LayerName.FOUNDATION,
        LayerName.CELL_MACHINES,
        LayerName.CELL_CLUSTERS,
        LayerName.ROLL_OUT,
    ]
    assert [key_of(item).name for item in found.layers[2].objects] == [
        f"korea-scale-out-c00{index}" for index in range(3)
    ]
    plan = site_plan("korea-scale-out")
    made = sum(len(cell_cluster(of_cell(plan, cell))) for cell in plan.cells)
    assert sum(len(layer.objects) for layer in found.layers[1:3]) == made


def test_the_target_changes_nothing() -> None:
    """A lab is given the objects of the real management cluster, roll-out of charts included."""
    real, lab = (
        bundle_for(management_of(site_plan("malaysia-johor", target)))
        for target in (Target.CLUSTER, Target.SIMULATED)
    )

    assert real == lab


def test_a_stack_without_a_repository_is_refused() -> None:
    """What the engine is to read has to be known, to whoever uses the component alone."""
    with pytest.raises(ValidationError) as caught:
        RollOutArgs(plan=site(pool(nodes=4, cell_racks=1), delivery={}))

    assert str(caught.value.errors()[0]["msg"]) == (
        "Value error, site: nothing says where the cells' trees are, which the GitOps engine reads; an https:// or"
        " ssh:// address is needed; set delivery.repository"
    )
