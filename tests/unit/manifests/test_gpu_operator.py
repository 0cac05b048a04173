"""Layers gpu-operator and gpu-operator-config: what the operator gets and is told."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from aifactory.catalog.load import catalog
from aifactory.manifests.gpu_operator import GpuOperatorArgs, layers, operator_values
from aifactory.manifests.gpu_operator_config import image, nvidia_drivers
from aifactory.manifests.model import KubernetesObject, LayerName, key_of
from aifactory.plan.capacity import pool_plan
from aifactory.plan.models import PoolPlan
from aifactory.plan.nodes import pool_labels
from aifactory.spec.operators import GpuOperator, NodeFeatureDiscovery, Owner
from aifactory.spec.pools import Pool
from tests.support.schemas import crd_dir, violations

CHARTS = catalog().charts
IMAGES = {row.id: row.reference for row in catalog().images.values()}
WITH_GDS = {**IMAGES, "nvidia-fs": "registry.example/nvidia-fs:2.29.4"}


def planned(name: str, system: str = "gb300-nvl72", **fields: JsonValue) -> PoolPlan:
    """A pool of two nodes."""
    pool = Pool.model_validate({"name": name, "system": system, "nodes": 2, "service": "training", **fields})
    return pool_plan(pool, catalog().systems[system])


POOLS = (
    planned("train", allocation="dra"),
    planned("serve", "hgx-b300", partitioning={"mig": {"layout": "all-1g.34gb", "strategy": "single"}}),
    planned(
        "mixed", "dgx-b200", partitioning={"mig": {"layout": "all-balanced"}}, driver={"version": "595.91"}
    ),
    planned("twin", partitioning={"mig": {"layout": "all-balanced"}}, device_stack="standalone"),
)


def arguments(*pools: PoolPlan, **changes: object) -> GpuOperatorArgs:
    """Arguments with the catalogue's pins; the four pools unless others are given."""
    return GpuOperatorArgs.model_validate(
        {"pools": pools or POOLS, "chart": CHARTS["gpu-operator"], "images": WITH_GDS, **changes}
    )


def objects(args: GpuOperatorArgs) -> dict[str, KubernetesObject]:
    """Every object by kind and name."""
    found = [manifest for layer in layers(args) for manifest in layer.objects]
    return {f"{manifest['kind']}/{key_of(manifest).name}": manifest for manifest in found}


def spec(manifest: KubernetesObject) -> dict[str, Any]:
    """The object's spec."""
    assert isinstance(manifest["spec"], dict)
    return manifest["spec"]


def data(manifest: KubernetesObject) -> dict[str, Any]:
    """The ConfigMap's data."""
    assert isinstance(manifest["data"], dict)
    return manifest["data"]


@pytest.mark.skipif(crd_dir() is None, reason="the real CRDs are not at hand: set AIFACTORY_CRDS")
@pytest.mark.parametrize(
    "args",
    [
        arguments(),
        arguments(
            planned("a", driver={"gds": True}), spec=GpuOperator(driver_crd=False), service_monitor=True
        ),
        arguments(planned("a", driver={"gds": True, "rdma": False, "kernel_module": "auto"})),
    ],
    ids=["four-pools", "driver-in-the-policy", "storage-to-gpu"],
)
def test_custom_resources_obey_their_crds(args: GpuOperatorArgs) -> None:
    """ClusterPolicy and NVIDIADrivers have nothing that their real CRDs refuse or do not know."""
    told = next(layer for layer in layers(args) if layer.name is LayerName.GPU_OPERATOR_CONFIG)

    assert [problem for manifest in told.objects for problem in violations(manifest)] == []


def test_the_policy_leaves_mig_strategy_to_the_pools() -> None:
    """The ClusterPolicy sets no MIG strategy, because it would override each pool's own."""
    assert "mig" not in spec(objects(arguments())["ClusterPolicy/cluster-policy"])


def test_the_policy_refers_to_the_config_maps() -> None:
    """Each ConfigMap that the policy names is declared, with the key that its operand reads."""
    found = objects(arguments())
    policy = spec(found["ClusterPolicy/cluster-policy"])

    plugin = data(found[f"ConfigMap/{policy['devicePlugin']['config']['name']}"])
    assert set(plugin) == {"default", "serve", "mixed", "twin"}
    assert policy["devicePlugin"]["config"]["default"] == "default"
    assert set(data(found[f"ConfigMap/{policy['migManager']['config']['name']}"])) == {"config.yaml"}
    metrics = data(found[f"ConfigMap/{policy['dcgmExporter']['config']['name']}"])
    assert set(metrics) == {"dcgm-metrics.csv"}


def test_known_pitfalls_of_the_objects() -> None:
    """Values that the operator silently misreads have the form that it needs."""
    found = objects(arguments())
    policy, driver = spec(found["ClusterPolicy/cluster-policy"]), spec(found["NVIDIADriver/mixed"])

    assert policy["daemonsets"]["rollingUpdate"]["maxUnavailable"] == "10%"
    assert policy["migManager"]["config"]["default"] in {"all-disabled", ""}
    assert policy["driver"] == {"enabled": True, "useNvidiaDriverCRD": True}
    assert "podDeletion" in driver["upgradePolicy"]
    assert "gpuPodDeletion" not in driver["upgradePolicy"]
    assert driver["version"] == "595.91"
    for operand in (*policy.values(), driver):
        assert isinstance(operand.get("version", ""), str)
        assert all(isinstance(secret, str) for secret in operand.get("imagePullSecrets", []))


def test_upgrades_follow_the_pool() -> None:
    """Each pool's driver rolls over as many nodes at a time as the pool says."""
    rolled = planned("fast", driver={"max_parallel_upgrades": 9, "max_unavailable": "50%"})

    policy = spec(objects(arguments(rolled))["NVIDIADriver/fast"])["upgradePolicy"]

    assert (policy["autoUpgrade"], policy["maxParallelUpgrades"], policy["maxUnavailable"]) == (
        True,
        9,
        "50%",
    )


@given(st.lists(st.sampled_from(sorted(catalog().systems)), min_size=1, max_size=6), st.data())
def test_exactly_one_driver_matches_a_node(systems: list[str], draw: st.DataObject) -> None:
    """Whatever the pools are, a node of each is matched by one NVIDIADriver, and none is the default."""
    version = st.sampled_from([None, "595.91.07", "610.57.04"])
    pools = [
        planned(f"p{index}", system, driver={"version": draw.draw(version)})
        for index, system in enumerate(systems)
    ]

    specs = [spec(manifest) for manifest in nvidia_drivers(arguments(*pools))]

    assert not any(driver["default"] or "nodeAffinity" in driver for driver in specs)
    for pool in pools:
        node = pool_labels(pool).items()
        assert len([driver for driver in specs if driver["nodeSelector"].items() <= node]) == 1


def test_mig_layouts_are_those_of_the_pools() -> None:
    """The MIG ConfigMap has the used layouts and all-disabled, with one entry for each GPU."""
    text = data(objects(arguments())["ConfigMap/aifactory-mig-layouts"])["config.yaml"]

    config = yaml.safe_load(text)

    assert config["version"] == "v1"
    assert set(config["mig-configs"]) == {"all-disabled", "all-1g.34gb", "all-balanced"}
    filters = [entry["device-filter"] for entry in config["mig-configs"]["all-balanced"]]
    assert filters == [["0x290110DE"], ["0x31C210DE"]]
    assert config["mig-configs"]["all-1g.34gb"][0]["mig-devices"] == {"1g.34gb": 7}


def test_metrics_have_the_fields_that_alerts_need() -> None:
    """The list of metrics has three columns and the faults that the exporter's own list leaves out."""
    csv = data(objects(arguments())["ConfigMap/aifactory-dcgm-metrics"])["dcgm-metrics.csv"]
    rows = [line.split(", ") for line in csv.splitlines() if line and not line.startswith("#")]
    fields = [row[0].removeprefix("DCGM_FI_DEV_") for row in rows]

    assert {len(row) for row in rows} == {3}
    assert {row[1] for row in rows} == {"gauge", "counter"}
    assert len(set(fields)) == len(fields)
    assert {"XID_ERRORS", "ECC_DBE_VOL_TOTAL", "POWER_VIOLATION", "THERMAL_VIOLATION"} <= set(fields)
    assert "NVLINK_CRC_DATA_ERROR_COUNT_TOTAL" in fields


def test_the_chart_brings_no_resources_of_its_own() -> None:
    """The chart creates neither policy nor driver; NFD comes along only where this stack keeps it."""
    values = operator_values(arguments(nfd=NodeFeatureDiscovery(owner=Owner.PROVIDER)))

    assert values["clusterPolicy"] == {"deployCR": False}
    assert values["driver"] == {"nvidiaDriverCRD": {"enabled": True, "deployDefaultCR": False}}
    assert values["operator"] == {"upgradeCRD": True, "cleanupCRD": False}
    assert values["nfd"] == {"enabled": False}
    assert operator_values(arguments())["nfd"] == {"enabled": True}
    assert "nvidia.com/gpu" in str(values["node-feature-discovery"])


@pytest.mark.parametrize("owner", [Owner.PROVIDER, Owner.EXTERNAL])
def test_an_adopted_operator_is_told_but_not_installed(owner: Owner) -> None:
    """With another owner there is no Namespace and no chart, but all of our objects."""
    args = arguments(spec=GpuOperator(owner=owner))

    assert [release for layer in layers(args) for release in layer.releases] == []
    assert set(objects(arguments())) - set(objects(args)) == {"Namespace/gpu-operator"}


def test_nfd_is_installed_once() -> None:
    """A managed NFD beside an adopted operator is its own chart, in its own namespace."""
    chart = CHARTS["node-feature-discovery"]
    args = arguments(spec=GpuOperator(owner=Owner.PROVIDER), nfd_chart=chart)

    releases = [release for layer in layers(args) for release in layer.releases]

    assert [(release.chart, release.namespace) for release in releases] == [(chart.chart, chart.chart)]
    assert "Namespace/node-feature-discovery" in objects(args)
    assert [r.chart for layer in layers(arguments(nfd_chart=chart)) for r in layer.releases] == [
        "gpu-operator"
    ]


def test_an_absent_operator_has_no_layers() -> None:
    """Where the operator is absent nothing is declared."""
    assert layers(arguments(spec=GpuOperator(owner=Owner.ABSENT))) == ()


def test_one_policy_cannot_hold_two_drivers() -> None:
    """Without NVIDIADrivers, pools that differ in their driver are refused; equal ones are not."""
    inline = GpuOperator(driver_crd=False)
    with pytest.raises(
        ValueError,
        match=r"^pools differ in their driver, which needs operators\.gpu_operator\.driver_crd: true$",
    ):
        layers(arguments(spec=inline))

    driver = spec(objects(arguments(POOLS[0], spec=inline))["ClusterPolicy/cluster-policy"])["driver"]
    assert (driver["version"], driver["kernelModuleType"]) == ("595.91.07", "open")


@pytest.mark.parametrize(
    ("reference", "version"),
    [("host:5000/a/b:v1", "v1"), (f"host/a/b@sha256:{'0' * 64}", f"sha256:{'0' * 64}")],
)
def test_references_are_split_for_the_operator(reference: str, version: str) -> None:
    """A reference is split at its last slash and its tag or digest."""
    parts = image({"x": reference}, "x")

    assert (parts["image"], parts["version"]) == ("b", version)


def test_images_that_are_not_pinned_are_refused() -> None:
    """An image without a version, and one that the catalogue lacks, are named."""
    with pytest.raises(ValueError, match=r"^the image 'x' is not pinned: host:5000/a/b has no version$"):
        image({"x": "host:5000/a/b"}, "x")
    with pytest.raises(ValueError, match=r"^the catalogue pins no image 'y', which the GPU Operator needs$"):
        image({}, "y")
