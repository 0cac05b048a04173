"""The component GpuOperator under mocks."""

import pytest
from pydantic import JsonValue

from aifactory.catalog.load import catalog
from aifactory.plan.capacity import pool_plan
from aifactory.plan.models import PoolPlan
from aifactory.spec.operators import GpuOperator as Spec
from aifactory.spec.operators import Owner
from aifactory.spec.pools import Pool
from components.gpu_operator import GpuOperator, GpuOperatorArgs
from tests.support.deployment import Deployment, deploy

CHART = catalog().charts["gpu-operator"]
RELEASE = "kubernetes:helm.sh/v3:Release"
WHY = "the target is simulated: operators are present as APIs only"


def planned(name: str, **fields: JsonValue) -> PoolPlan:
    """A pool of two trays."""
    pool = Pool.model_validate(
        {"name": name, "system": "gb300-nvl72", "nodes": 2, "service": "training", **fields}
    )
    return pool_plan(pool, catalog().systems["gb300-nvl72"])


def deployed(spec: Spec | None = None, skip_charts: str | None = None) -> Deployment:
    """The component with a pool of the device plugin and a pool of DRA."""
    args = GpuOperatorArgs(
        spec=spec or Spec(),
        pools=(planned("serve"), planned("train", allocation="dra")),
        chart=CHART,
        images={row.id: row.reference for row in catalog().images.values()},
        skip_charts=skip_charts,
    )
    return deploy(lambda: GpuOperator("gpu-operator", args))


def test_every_child_has_the_component_as_parent() -> None:
    """The objects of both layers and the release are children of the component, and nothing else is."""
    found = deployed()

    children = found.children_of(found.component("GpuOperator").urn)

    assert sorted((child.type, child.name) for child in children) == [
        ("kubernetes:core/v1:ConfigMap", "gpu-operator/aifactory-dcgm-metrics"),
        ("kubernetes:core/v1:ConfigMap", "gpu-operator/aifactory-device-plugin"),
        ("kubernetes:core/v1:ConfigMap", "gpu-operator/aifactory-mig-layouts"),
        ("kubernetes:core/v1:Namespace", "gpu-operator"),
        (RELEASE, "gpu-operator"),
        ("kubernetes:nvidia.com/v1:ClusterPolicy", "cluster-policy"),
        ("kubernetes:nvidia.com/v1alpha1:NVIDIADriver", "serve"),
        ("kubernetes:nvidia.com/v1alpha1:NVIDIADriver", "train"),
    ]
    objects = [resource for resource in found.resources if resource.type.startswith("kubernetes:")]
    assert objects == children


def test_the_release_is_pinned_and_comes_after_the_config_maps() -> None:
    """The chart has the catalogue's version and waits for its layer's objects; the policy waits for it."""
    found = deployed()
    (release,) = (resource for resource in found.resources if resource.type == RELEASE)

    assert (release.inputs["chart"], release.inputs["version"]) == ("gpu-operator", CHART.version)
    assert release.inputs["repositoryOpts"] == {"repo": CHART.repository}
    before = [*found.of_kind("ConfigMap"), *found.of_kind("Namespace")]
    assert {resource.urn for resource in before} <= set(release.dependencies)
    assert all(release.urn in policy.dependencies for policy in found.of_kind("ClusterPolicy"))


def test_the_namespace_allows_privileged_pods() -> None:
    """The operator's Namespace is labelled privileged by us, not by the operator."""
    (home,) = deployed().of_kind("Namespace")

    assert home.inputs["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "privileged"


def test_outputs_say_what_was_declared() -> None:
    """The outputs name the namespace, the drivers and the plugin's configurations; DRA pools have none."""
    found = deployed()

    assert found.outputs[found.component("GpuOperator").urn] == {
        "namespace": "gpu-operator",
        "driver_names": ["serve", "train"],
        "plugin_configs": ["default", "serve"],
        "notices": [],
    }


def test_a_skipped_chart_is_a_notice() -> None:
    """Where charts are skipped there is no release, and the notice says which and why."""
    found = deployed(skip_charts=WHY)

    assert [resource for resource in found.resources if resource.type == RELEASE] == []
    assert found.outputs[found.component("GpuOperator").urn]["notices"] == [
        f"chart gpu-operator {CHART.version} is not installed: {WHY}"
    ]
    assert [policy.name for policy in found.of_kind("ClusterPolicy")] == ["cluster-policy"]


@pytest.mark.parametrize("owner", [Owner.PROVIDER, Owner.EXTERNAL])
def test_an_adopted_operator_gets_our_objects_only(owner: Owner) -> None:
    """With another owner neither Namespace nor release is registered."""
    found = deployed(spec=Spec(owner=owner))

    assert found.of_kind("Namespace") == []
    assert [resource for resource in found.resources if resource.type == RELEASE] == []
    assert len(found.of_kind("NVIDIADriver")) == 2


def test_an_absent_operator_has_no_children() -> None:
    """Where the operator is absent the component is empty, and so are its lists."""
    found = deployed(spec=Spec(owner=Owner.ABSENT))
    component = found.component("GpuOperator")

    assert found.children_of(component.urn) == []
    assert found.outputs[component.urn] == {
        "namespace": "gpu-operator",
        "driver_names": [],
        "plugin_configs": [],
        "notices": [],
    }
