"""The component Storage under mocks."""

from aifactory.plan.models import StoragePlan
from aifactory.spec.storage import Backend, Checkpoint, StorageQuota, Tier, TierRole
from components.storage import Storage, StorageArgs
from tests.support.deployment import deploy

ARGS = StorageArgs(
    tiers=(
        Tier(
            name="scratch",
            role=TierRole.SCRATCH,
            backend=Backend.WEKA,
            capacity_tib=500,
            write_gbps=100,
            read_gbps=200,
            parameters={"filesystemName": "scratch"},
            secret_ref="weka-api",
            snapshots=True,
        ),
        Tier(
            name="node-local",
            role=TierRole.LOCAL,
            backend=Backend.LOCAL_PATH,
            capacity_tib=10,
            write_gbps=5,
            read_gbps=5,
            default=True,
            reclaim="Delete",
        ),
    ),
    quotas=(StorageQuota(namespace="training", tier="scratch", capacity_tib=1),),
    checkpoint=Checkpoint(tier="scratch", size_tib=10),
    figures=StoragePlan(checkpoint_write_s=110.0, checkpoint_capacity_tib=30.0),
)


def test_every_child_has_the_component_as_parent() -> None:
    """Classes, snapshot classes and quotas are children of the component, and nothing else is registered."""
    deployed = deploy(lambda: Storage("storage", ARGS))

    children = deployed.children_of(deployed.component("Storage").urn)

    assert sorted((child.type, child.name) for child in children) == [
        ("kubernetes:core/v1:ResourceQuota", "training/aifactory-storage"),
        ("kubernetes:snapshot.storage.k8s.io/v1:VolumeSnapshotClass", "scratch"),
        ("kubernetes:storage.k8s.io/v1:StorageClass", "node-local"),
        ("kubernetes:storage.k8s.io/v1:StorageClass", "scratch"),
    ]
    others = {found.type for found in deployed.resources if found not in children}
    assert others <= {"pulumi:pulumi:Stack", "aifactory:index:Storage"}


def test_classes_are_marked() -> None:
    """The default class and the class of checkpoints say so."""
    deployed = deploy(lambda: Storage("storage", ARGS))

    metadata = {found.name: found.inputs["metadata"] for found in deployed.of_kind("StorageClass")}
    default = {
        name: found["annotations"]["storageclass.kubernetes.io/is-default-class"]
        for name, found in metadata.items()
    }

    assert default == {"scratch": "false", "node-local": "true"}
    assert [n for n, found in metadata.items() if "aifactory.dev/checkpoints" in found["labels"]] == [
        "scratch"
    ]


def test_outputs() -> None:
    """Every output has its value."""
    deployed = deploy(lambda: Storage("storage", ARGS))

    assert deployed.outputs[deployed.component("Storage").urn] == {
        "storage_classes": ["scratch", "node-local"],
        "snapshot_classes": ["scratch"],
        "default_class": "node-local",
        "checkpoint_write_s": 110.0,
    }


def test_a_site_without_tiers_has_no_objects() -> None:
    """Without tiers the component stands alone, its lists are empty and its values are None."""
    deployed = deploy(lambda: Storage("storage", StorageArgs()))
    component = deployed.component("Storage")

    assert deployed.children_of(component.urn) == []
    # An output of None is left out on the way to the engine.
    assert deployed.outputs[component.urn] == {"storage_classes": [], "snapshot_classes": []}
