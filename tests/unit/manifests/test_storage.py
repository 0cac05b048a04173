"""Layer storage: classes of each backend, snapshot classes, quotas."""

import re
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from aifactory.manifests import storage
from aifactory.manifests.model import KubernetesObject
from aifactory.manifests.storage import StorageArgs, capacity_quantity, count_quantity
from aifactory.manifests.storage_backends import BACKENDS, missing_parameters, tier_problems
from aifactory.spec.storage import Backend, Checkpoint, StorageQuota, Tier, TierRole
from tests.support.schemas import crd_dir, violations

SITE = {
    Backend.VAST: {"root_export": "/k8s", "view_policy": "default", "vip_pool_name": "pool-1"},
    Backend.WEKA: {"filesystemName": "default"},
    Backend.DDN: {"exaFS": "10.0.0.1@tcp:/fs", "mountPoint": "/exa"},
    Backend.CEPH_RBD: {"clusterID": "rook-ceph", "pool": "nvme"},
    Backend.CEPHFS: {"clusterID": "rook-ceph", "fsName": "home"},
    Backend.CEPH_OBJECT: {"objectStoreName": "store", "objectStoreNamespace": "rook-ceph"},
    Backend.TOPOLVM: {},
    Backend.NFS: {"server": "nfs.example", "share": "/home"},
    Backend.LOCAL_PATH: {},
}


def tier(backend: Backend, name: str = "tier", **fields: object) -> Tier:
    """A tier of the backend with the parameters that it needs."""
    role = TierRole.OBJECT if backend is Backend.CEPH_OBJECT else TierRole.SCRATCH
    sizes = {"capacity_tib": 10, "write_gbps": 10, "read_gbps": 10}
    mine = {"role": role, "parameters": SITE[backend], **fields}
    return Tier.model_validate({"name": name, "backend": backend, **sizes, **mine})


def parameters(manifest: KubernetesObject) -> dict[str, JsonValue]:
    """The parameters of a class."""
    found = manifest.get("parameters", {})
    assert isinstance(found, dict)
    return found


def quota(capacity_tib: float, claims: int = 100, name: str = "tier") -> StorageQuota:
    """A quota of the namespace training."""
    return StorageQuota(namespace="training", tier=name, capacity_tib=capacity_tib, claims=claims)


def amount(quantity: str) -> int:
    """What a quantity is worth, in bytes."""
    match = re.fullmatch(r"([1-9][0-9]*)([GTPE])i", quantity)
    assert match, quantity
    return int(match[1]) << 10 * ("GTPE".index(match[2]) + 3)


@pytest.mark.parametrize("backend", Backend)
def test_a_class_has_the_parameters_that_the_site_gives(backend: Backend) -> None:
    """A class keeps the tier's parameters and names the backend's provisioner."""
    found = storage.storage_class(tier(backend))

    assert parameters(found).items() >= SITE[backend].items()
    assert found["provisioner"] == BACKENDS[backend].provisioner
    assert found["reclaimPolicy"] == "Retain"


@pytest.mark.parametrize("backend", Backend)
def test_a_class_without_parameters_has_no_empty_ones(backend: Backend) -> None:
    """Empty parameters are left out: a second apply of them is refused as a change of the class."""
    assert storage.storage_class(tier(backend)).get("parameters") != {}


@pytest.mark.parametrize("backend", Backend)
def test_required_parameters_are_named_when_they_are_missing(backend: Backend) -> None:
    """A tier without parameters is told each one that its backend needs, and the known ones."""
    bare = tier(backend, parameters={})
    groups = BACKENDS[backend].required

    assert missing_parameters(bare) == tuple(" or ".join(group) for group in groups)
    assert missing_parameters(tier(backend)) == ()
    if groups:
        with pytest.raises(ValueError, match=f"backend {backend.value} lacks .*; parameters: .*"):
            storage.layers(StorageArgs(tiers=(bare,)))


def test_the_message_of_missing_parameters_is_complete() -> None:
    """The message names tier, backend, missing parameters and known parameters."""
    assert tier_problems(tier(Backend.CEPHFS, parameters={"clusterID": "rook-ceph"})) == (
        "tier 'tier': backend cephfs lacks fsName; parameters: clusterID, fsName, pool, mounter",
    )


REFUSED = [
    (tier(Backend.VAST, parameters={**SITE[Backend.VAST], "vip_pool_fqdn": "x"}), "takes only one of"),
    (tier(Backend.NFS, parameters={**SITE[Backend.NFS], "password": "x"}), "has a credential"),
    (tier(Backend.TOPOLVM, secret_ref="secret"), "takes no credentials"),
    (tier(Backend.LOCAL_PATH, snapshots=True), "has no CSI snapshots"),
    (tier(Backend.VAST, role=TierRole.OBJECT), "does not fit the tier's role"),
    (tier(Backend.CEPH_OBJECT, default=True), "cannot be the default class"),
]


@pytest.mark.parametrize(("refused", "message"), REFUSED)
def test_what_a_backend_cannot_do_is_refused(refused: Tier, message: str) -> None:
    """A tier that its backend cannot carry gives no layer, and the message says why."""
    with pytest.raises(ValueError, match=message):
        storage.layers(StorageArgs(tiers=(refused,)))


def test_every_problem_is_named_at_once() -> None:
    """Unknown tiers, two defaults, a doubled name and a quota on buckets are one message."""
    block = tier(Backend.CEPH_RBD, default=True)
    tiers = (block, block, tier(Backend.CEPH_OBJECT, name="buckets"))
    lost = Checkpoint(tier="gone", size_tib=1)
    args = StorageArgs(tiers=tiers, quotas=(quota(1, name="none"), quota(1, name="buckets")), checkpoint=lost)

    buckets = "the quota of namespace 'training' on tier 'buckets' would not hold"

    assert storage.storage_problems(args) == (
        "two tiers have one name",
        "at most one tier is the default, not tier, tier",
        "the quota of namespace 'training' names no tier: 'none'",
        f"{buckets}: Kubernetes counts volume claims, not buckets",
        "the checkpoint names no tier: 'gone'",
    )


def test_a_secret_is_referred_to_by_name() -> None:
    """Every operation that needs credentials refers to the tier's Secret, in the driver's namespace."""
    found = parameters(storage.storage_class(tier(Backend.WEKA, secret_ref="weka-api")))

    for role in ("provisioner", "controller-publish", "controller-expand", "node-stage", "node-publish"):
        assert found[f"csi.storage.k8s.io/{role}-secret-name"] == "weka-api"
        assert found[f"csi.storage.k8s.io/{role}-secret-namespace"] == "csi-wekafs"


def test_a_secret_namespace_replaces_the_drivers() -> None:
    """Rook's usual Secrets are looked for where the tier says."""
    found = parameters(storage.storage_class(tier(Backend.CEPH_RBD, secret_namespace="ceph-two")))

    assert found["csi.storage.k8s.io/node-stage-secret-name"] == "rook-csi-rbd-node"
    assert found["csi.storage.k8s.io/node-stage-secret-namespace"] == "ceph-two"


def test_weka_volumes_are_directories_or_filesystems() -> None:
    """The WEKA volume type follows from the parameter that names the place of the volume."""
    grouped = tier(Backend.WEKA, parameters={"filesystemGroupName": "group"})

    assert parameters(storage.storage_class(tier(Backend.WEKA)))["volumeType"] == "dir/v1"
    assert parameters(storage.storage_class(grouped))["volumeType"] == "weka/v2"


def test_volumes_of_a_place_wait_for_their_consumer() -> None:
    """Node-local and zoned volumes are made where the pod runs; all others at once."""
    zoned = tier(Backend.DDN, parameters={**SITE[Backend.DDN], "zone": "a"})
    local = tier(Backend.CEPH_RBD, role=TierRole.LOCAL)
    waiting = [tier(Backend.LOCAL_PATH), tier(Backend.TOPOLVM), zoned, local]

    assert {storage.binding_mode(found) for found in waiting} == {"WaitForFirstConsumer"}
    assert {storage.binding_mode(tier(backend)) for backend in (Backend.DDN, Backend.NFS)} == {"Immediate"}


@pytest.mark.skipif(crd_dir() is None, reason="the real CRDs are not at hand (AIFACTORY_CRDS)")
@pytest.mark.parametrize(
    ("backend", "reclaim"),
    list(product([b for b in Backend if BACKENDS[b].snapshot_copies is not None], ["Delete", "Retain"])),
)
def test_snapshot_classes_are_valid(backend: Backend, reclaim: str) -> None:
    """A snapshot class satisfies its CRD and deletes or retains as the tier does."""
    found = storage.snapshot_class(tier(backend, snapshots=True, reclaim=reclaim))

    assert violations(found) == []
    assert (found["driver"], found["deletionPolicy"]) == (BACKENDS[backend].provisioner, reclaim)


def test_snapshot_classes_name_the_system_and_its_secret() -> None:
    """A Rook snapshot class carries the cluster and the provisioner's Secret, and nothing else."""
    assert parameters(storage.snapshot_class(tier(Backend.CEPHFS, snapshots=True))) == {
        "clusterID": "rook-ceph",
        "csi.storage.k8s.io/snapshotter-secret-name": "rook-csi-cephfs-provisioner",
        "csi.storage.k8s.io/snapshotter-secret-namespace": "rook-ceph",
    }


@given(st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"])))
def test_hostile_parameters_stay_values(hostile: str) -> None:
    """No parameter value changes anything of the class but that value."""
    plain, odd = (
        storage.storage_class(tier(Backend.NFS, parameters={"server": "n", "share": "/", "subDir": text}))
        for text in ("plain", hostile)
    )

    assert parameters(odd)["subDir"] == hostile
    assert {**odd, "parameters": {**parameters(odd), "subDir": "plain"}} == plain


@given(st.lists(st.floats(min_value=1e-6, max_value=1e7), min_size=1, max_size=5))
def test_capacities_add_up_and_are_canonical(shares: list[float]) -> None:
    """A quota is the sum cut to whole gibibytes, within a quantity's bounds, and has no shorter form."""
    written = capacity_quantity(shares)
    exact = sum(map(Fraction, shares), Fraction()) * 2**40

    value = amount(written)

    assert 2**30 <= value < 2**63
    assert exact - 2**30 < value <= exact or value in (2**30, 2**63 - 2**30)
    assert int(written[:-2]) % 1024 or written.endswith("Ei")


@pytest.mark.parametrize(("count", "written"), [(1, "1"), (999, "999"), (1000, "1k"), (1_500, "1500")])
def test_counts_are_canonical(count: int, written: str) -> None:
    """Counts are written as the API server writes them."""
    assert count_quantity(count) == written


def test_quotas_of_a_namespace_are_one_object() -> None:
    """Quotas of one namespace and tier add up in one ResourceQuota."""
    (found,) = storage.resource_quotas([quota(0.5, claims=600), quota(1.5, claims=400)])

    assert found["spec"] == {
        "hard": {
            "tier.storageclass.storage.k8s.io/requests.storage": "2Ti",
            "tier.storageclass.storage.k8s.io/persistentvolumeclaims": "1k",
        }
    }
