"""Names of a cell's Cluster API objects: where they are, which are shared, and which change."""

from aifactory.manifests.cell_cluster import cell_cluster, cell_name, management_namespace
from aifactory.manifests.model import key_of
from tests.support.cell_clusters import CLUSTERS, METAL3, NICO_CLUSTERS, TRAIN, gigawatt_cell, made, referred


def test_cells_of_a_site_share_one_namespace_and_no_object() -> None:
    """All objects are in the site's namespace, and no two cells have an object of one identity."""
    for clusters in (CLUSTERS, NICO_CLUSTERS):
        cells = [made(cell=index, **clusters) for index in (0, 1)]
        keys = [key_of(manifest) for objects in cells for manifest in objects]

        assert {key.namespace for key in keys} == {"site"}
        assert len(keys) == len(set(map(str, keys)))
        assert all(len(key.name) <= 63 for key in keys)


def test_what_cannot_change_is_another_object() -> None:
    """Another image is another machine template, which the deployments name; the rest keeps its name."""
    other = {
        system: {**METAL3, "image_url": "https://images.example/other.raw"} for system in CLUSTERS["workers"]
    }
    before, after = made(), made(workers=other)
    old, new = ({(m["kind"], key_of(m).name) for m in objects} for objects in (before, after))

    assert {kind for kind, _ in old ^ new} == {"Metal3MachineTemplate"}
    assert referred(after) <= new


def test_a_pool_that_grows_leaves_the_racks_there_are_alone() -> None:
    """A rack more in a cell is one MachineDeployment and one template more; nothing else differs."""
    one, two = ({str(key_of(m)): m for m in made({**TRAIN, "racks": racks})} for racks in (1, 2))

    assert {key: two[key] for key in one} == one
    assert sorted(two[key]["kind"] for key in two.keys() - one.keys()) == [
        "MachineDeployment",
        "Metal3MachineTemplate",
    ]


def test_names_and_namespace_come_from_the_stack() -> None:
    """The cell is called as in the plan; its namespace is the stack's name, or the one that is declared."""
    plan = gigawatt_cell(2)
    moved = plan.stack.delivery.model_copy(update={"namespace": "fleet"})
    elsewhere = plan.model_copy(update={"stack": plan.stack.model_copy(update={"delivery": moved})})

    assert cell_name(plan) == "korea-gigawatt-c002"
    assert management_namespace(plan) == "korea-gigawatt"
    assert {key_of(manifest).namespace for manifest in cell_cluster(elsewhere)} == {"fleet"}
