"""The products behind storage tiers: CSI driver, StorageClass parameters and credentials of each.

Sources, as of August 2026: vast-data/vast-csi charts/vastcsi, weka/csi-wekafs examples (v2.8.8),
DDNStorage/exa-csi-driver README (v2.9.0), rook/rook deploy/examples (v1.20.6), topolvm charts (17.1). Those
of csi-driver-nfs and local-path-provisioner are common knowledge and not verified against a release.
"""

import re

from pydantic import Field

from aifactory.manifests.model import ManifestModel
from aifactory.spec.storage import Backend, Tier, TierRole

SECRET_PARAMETER = "csi.storage.k8s.io/{role}-secret-{part}"  # noqa: S105 - a parameter name, not a secret
FILESYSTEM_TYPE = "csi.storage.k8s.io/fstype"
_CREDENTIAL = re.compile(r"passw|passphrase|token|access.?key|secret.?key|credential", re.IGNORECASE)


class BackendFacts(ManifestModel):
    """What Kubernetes needs to know about a storage product."""

    provisioner: str
    """Name of the CSI driver or provisioner; also the driver of its snapshot class."""
    required: tuple[tuple[str, ...], ...] = ()
    """Parameters that name the site's system; of each group at least one must be given."""
    exclusive: tuple[tuple[str, ...], ...] = ()
    """Groups of parameters of which at most one may be given."""
    optional: tuple[str, ...] = ()
    """Other parameters of the driver that a site may want; the list is not complete."""
    preset: dict[str, str] = Field(default_factory=dict)
    """Parameters with our value, unless the tier gives its own."""
    secrets: dict[str, str | None] = Field(default_factory=dict)
    """CSI operations that need credentials, with the Secret's usual name; None where there is none."""
    secret_namespace: str = ""
    """The driver's own namespace."""
    snapshot_copies: tuple[str, ...] | None = ()
    """Parameters that the snapshot class repeats; None where the product has no CSI snapshots."""
    topology_parameter: str | None = None
    """Parameter that binds volumes to a zone: the volume then waits for its first consumer."""
    waits: bool = False
    """Whether a volume lives on one node, so that it waits for its first consumer."""
    expandable: bool = True
    mount_options: tuple[str, ...] = ()


_PUBLISHED = ("provisioner", "controller-publish", "node-publish", "controller-expand")
BACKENDS: dict[Backend, BackendFacts] = {
    Backend.VAST: BackendFacts(
        provisioner="csi.vastdata.com",
        required=(("root_export",), ("view_policy",), ("vip_pool_name", "vip_pool_fqdn")),
        exclusive=(("vip_pool_name", "vip_pool_fqdn"),),
        optional=("volume_name_fmt", "eph_volume_name_fmt", "qos_policy"),
        secrets=dict.fromkeys(_PUBLISHED),
        secret_namespace="vast-csi",  # noqa: S106 - the namespace of a Secret
    ),
    Backend.WEKA: BackendFacts(
        provisioner="csi.weka.io",
        required=(("filesystemName", "filesystemGroupName"),),
        exclusive=(("filesystemName", "filesystemGroupName"),),
        optional=(
            "volumeType",
            "initialFilesystemSizeGB",
            "capacityEnforcement",
            "ownerUid",
            "ownerGid",
            "permissions",
        ),
        preset={"capacityEnforcement": "HARD"},
        secrets=dict.fromkeys((*_PUBLISHED, "node-stage")),
        secret_namespace="csi-wekafs",  # noqa: S106 - the namespace of a Secret
    ),
    Backend.DDN: BackendFacts(
        provisioner="exa.csi.ddn.com",
        required=(("exaFS", "configName"), ("mountPoint", "configName")),
        optional=(
            "exaMountUid",
            "exaMountGid",
            "projectId",
            "bindMount",
            "mountOptions",
            "managementIp",
            "zone",
        ),
        snapshot_copies=("exaFS", "mountPoint"),
        topology_parameter="zone",
    ),
    Backend.CEPH_RBD: BackendFacts(
        provisioner="rook-ceph.rbd.csi.ceph.com",
        required=(("clusterID",), ("pool",)),
        optional=("dataPool", "imageFormat", "imageFeatures", FILESYSTEM_TYPE),
        preset={"imageFormat": "2", "imageFeatures": "layering", FILESYSTEM_TYPE: "ext4"},
        secrets={
            "provisioner": "rook-csi-rbd-provisioner",
            "controller-publish": "rook-csi-rbd-provisioner",
            "controller-expand": "rook-csi-rbd-provisioner",
            "node-stage": "rook-csi-rbd-node",
        },
        secret_namespace="rook-ceph",  # noqa: S106 - the namespace of a Secret
        snapshot_copies=("clusterID",),
    ),
    Backend.CEPHFS: BackendFacts(
        provisioner="rook-ceph.cephfs.csi.ceph.com",
        required=(("clusterID",), ("fsName",)),
        optional=("pool", "mounter"),
        secrets={
            "provisioner": "rook-csi-cephfs-provisioner",
            "controller-expand": "rook-csi-cephfs-provisioner",
            "node-stage": "rook-csi-cephfs-node",
        },
        secret_namespace="rook-ceph",  # noqa: S106 - the namespace of a Secret
        snapshot_copies=("clusterID",),
    ),
    Backend.CEPH_OBJECT: BackendFacts(
        provisioner="rook-ceph.ceph.rook.io/bucket",
        required=(("objectStoreName",), ("objectStoreNamespace",)),
        optional=("bucketName", "region"),
        snapshot_copies=None,
        expandable=False,
    ),
    Backend.TOPOLVM: BackendFacts(
        provisioner="topolvm.io",
        optional=("topolvm.io/device-class", FILESYSTEM_TYPE),
        preset={FILESYSTEM_TYPE: "xfs"},
        waits=True,
    ),
    Backend.NFS: BackendFacts(
        provisioner="nfs.csi.k8s.io",
        required=(("server",), ("share",)),
        optional=("subDir", "mountPermissions", "onDelete"),
        secrets={"provisioner": None},
        secret_namespace="kube-system",  # noqa: S106 - the namespace of a Secret
        mount_options=("nfsvers=4.1", "hard"),
    ),
    Backend.LOCAL_PATH: BackendFacts(
        provisioner="rancher.io/local-path",
        optional=("nodePath", "pathPattern"),
        snapshot_copies=None,
        waits=True,
        expandable=False,
    ),
}
"""Facts of every backend. TopoLVM takes snapshots of thin device classes only."""


def missing_parameters(tier: Tier) -> tuple[str, ...]:
    """Parameters that the tier's backend needs and the tier does not give; alternatives joined by ``or``."""
    groups = BACKENDS[tier.backend].required
    return tuple(" or ".join(group) for group in groups if not any(tier.parameters.get(n) for n in group))


def known_parameters(backend: Backend) -> tuple[str, ...]:
    """Parameters of a backend that are known here, required ones first."""
    facts = BACKENDS[backend]
    return tuple(dict.fromkeys([name for group in facts.required for name in group] + [*facts.optional]))


def tier_problems(tier: Tier) -> tuple[str, ...]:
    """Why no StorageClass can be made of a tier; empty where one can."""
    facts = BACKENDS[tier.backend]
    found: list[str] = []
    missing = missing_parameters(tier)
    known = ", ".join(known_parameters(tier.backend))
    if missing:
        found.append(f"lacks {', '.join(missing)}; parameters: {known}")
    given = tier.parameters.keys()
    found += [f"takes only one of {', '.join(g)}" for g in facts.exclusive if len(given & set(g)) > 1]
    if any(_CREDENTIAL.search(name) and "-secret-" not in name for name in given):
        found.append("has a credential among its parameters; name a Secret with secret_ref instead")
    if tier.secret_ref and not facts.secrets:
        found.append("takes no credentials from a StorageClass; remove secret_ref")
    if tier.snapshots and facts.snapshot_copies is None:
        found.append("has no CSI snapshots; set snapshots: false")
    bucket = tier.backend is Backend.CEPH_OBJECT
    if bucket != (tier.role is TierRole.OBJECT):
        found.append("does not fit the tier's role: the role object needs ceph-object, and only it does")
    if bucket and tier.default:
        found.append("offers buckets, not volumes, and cannot be the default class")
    return tuple(f"tier '{tier.name}': backend {tier.backend.value} {problem}" for problem in found)


def secret_parameters(tier: Tier, roles: dict[str, str | None]) -> dict[str, str]:
    """References to the Secrets of CSI operations: names and namespaces, never values.

    Args:
        tier: The tier; its ``secret_ref`` replaces the usual names.
        roles: CSI operations, with the usual name of each one's Secret.
    """
    place = tier.secret_namespace or BACKENDS[tier.backend].secret_namespace
    named = {role: tier.secret_ref or usual for role, usual in roles.items()}
    return {
        SECRET_PARAMETER.format(role=role, part=part): value
        for role, name in named.items()
        if name is not None
        for part, value in (("name", name), ("namespace", place))
    }
