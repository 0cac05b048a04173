"""Storage: the site's tiers as storage classes, and what each namespace may claim of them."""

import pulumi

from aifactory.manifests import storage
from aifactory.manifests.storage import StorageArgs
from components.base import FactoryComponent


class Storage(FactoryComponent):
    """Every storage tier can be claimed by its name, and no namespace can claim more than its quota.

    A unit because classes, snapshot classes and quotas name each other and change together; the CSI drivers
    behind them are installed by the storage systems' own charts.

    Creates:
        A StorageClass a tier, a VolumeSnapshotClass a tier that offers snapshots, and a ResourceQuota a
        namespace that has quotas.

    Args:
        name: Name of the component.
        args: The tiers, the quotas and the checkpoint.
        opts: Pulumi options; give the provider of the cluster here.

    Attributes:
        storage_classes: Names of the classes in the order of the tiers; known at preview.
        snapshot_classes: Names of the snapshot classes in the order of the tiers; known at preview.
        default_class: Name of the cluster's default class; None where no tier is it; known at preview.
        checkpoint_write_s: Seconds the largest checkpoint takes to write, from the plan; None where the plan
            has none; known at preview.

    Raises:
        ValueError: If a tier, a quota or the checkpoint cannot be declared; every problem is named.

    Example:
        >>> from aifactory.spec.storage import Backend, Tier, TierRole
        >>> tier = Tier(
        ...     name="node-local", role=TierRole.LOCAL, backend=Backend.LOCAL_PATH,
        ...     capacity_tib=1, write_gbps=1, read_gbps=1, default=True, reclaim="Delete",
        ... )
        >>> Storage("storage", StorageArgs(tiers=(tier,)))  # doctest: +SKIP
    """

    kind = "Storage"
    storage_classes: pulumi.Output[list[str]]
    snapshot_classes: pulumi.Output[list[str]]
    default_class: pulumi.Output[str | None]
    checkpoint_write_s: pulumi.Output[float | None]

    def __init__(self, name: str, args: StorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, storage.layers(args), opts)
        figures = args.figures
        self.storage_classes = pulumi.Output.from_input([tier.name for tier in args.tiers])
        self.snapshot_classes = pulumi.Output.from_input([t.name for t in args.tiers if t.snapshots])
        self.default_class = pulumi.Output.from_input(next((t.name for t in args.tiers if t.default), None))
        self.checkpoint_write_s = pulumi.Output.from_input(figures.checkpoint_write_s if figures else None)
        self.publish(
            storage_classes=self.storage_classes,
            snapshot_classes=self.snapshot_classes,
            default_class=self.default_class,
            checkpoint_write_s=self.checkpoint_write_s,
        )


__all__ = ["Storage", "StorageArgs"]
