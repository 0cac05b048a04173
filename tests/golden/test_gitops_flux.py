"""The order in which Flux rolls a tree out, and what it reaches the cells with."""

from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest

from aifactory.manifests.model import key_of
from tests.support.gitops import bundles, every_object, flux_kustomizations

SHOWN = [("korea-pilot", "flux"), ("malaysia-johor", "flux")]


def ancestors(needs: dict[str, list[str]], name: str) -> set[str]:
    """Everything that is done before."""
    found = set(needs[name])
    return found.union(*(ancestors(needs, one) for one in needs[name]))


@pytest.mark.parametrize("shown", SHOWN, indirect=True, ids="-".join)
def test_flux_goes_through_steps_cells_and_waves_in_order(shown: tuple[str, Path]) -> None:
    """Every dependency exists, none goes round, and all but the root's source depends on the first wave's gate."""
    stack, tree = shown
    specs = flux_kustomizations(tree)
    needs = {name: [one["name"] for one in spec.get("dependsOn", [])] for name, spec in specs.items()}
    order = list(TopologicalSorter(needs).static_order())
    waves = [name for name in order if name.startswith(f"{stack}-wave-")]

    assert set(order) == set(specs)
    assert waves == [f"{stack}-wave-{number}" for number in range(len(waves))]
    assert [name for name in specs if not needs[name]] == [f"{stack}-wave-0", stack]
    for name, bundle in bundles(stack):
        for layer in bundle.layers:
            for need in layer.needs:
                if any(other.name is need for other in bundle.layers):
                    step, before = f"{name}-{layer.name.value}", f"{name}-{need.value}"
                    assert before in ancestors(needs, step), (step, before)


@pytest.mark.parametrize("shown", SHOWN, indirect=True, ids="-".join)
def test_flux_waits_for_charts(shown: tuple[str, Path]) -> None:
    """What a layer's chart brings is there before a later layer: the chart's step is among its ancestors."""
    _, tree = shown
    specs = flux_kustomizations(tree)
    needs = {name: [one["name"] for one in spec.get("dependsOn", [])] for name, spec in specs.items()}
    charts = [name for name in specs if name.endswith("-gpu-operator-charts")]

    assert charts
    for chart in charts:
        cell = chart.removesuffix("-gpu-operator-charts")
        assert chart in ancestors(needs, f"{cell}-gpu-operator-config")
        assert chart in ancestors(needs, f"{cell}-node-pools")
        assert f"{cell}-gpu-operator" in needs[chart]


@pytest.mark.parametrize("shown", SHOWN, indirect=True, ids="-".join)
def test_flux_reaches_cells_by_their_kubeconfig(shown: tuple[str, Path]) -> None:
    """With several cells each step names its cell's kubeconfig; the engine of an only cell needs none."""
    stack, tree = shown
    several = stack == "malaysia-johor"
    for name, spec in flux_kustomizations(tree).items():
        path = spec["path"]
        steps = "/cells/" in path and not path.endswith("-charts")
        found = spec.get("kubeConfig", {}).get("secretRef", {}).get("name")
        assert found == (f"{path.split('/')[-2]}-kubeconfig" if steps and several else None), name
    releases = [item for _, item in every_object(tree) if item["kind"] == "HelmRelease"]
    assert releases
    for item in releases:
        release: Any = item["spec"]
        assert ("kubeConfig" in release) == several


@pytest.mark.parametrize("shown", SHOWN, indirect=True, ids="-".join)
def test_charts_are_pinned(shown: tuple[str, Path]) -> None:
    """Each HelmRelease has its version in itself, or in an OCI source of its name; sources are reached encrypted."""
    _, tree = shown
    found: dict[str, dict[str, Any]] = {}
    for _, item in every_object(tree):
        found.setdefault(str(item["kind"]), {})[key_of(item).name] = item.get("spec")

    assert len(found["HelmRelease"]) >= 1
    for name, spec in found["HelmRelease"].items():
        if "chartRef" in spec:
            oci = found["OCIRepository"][spec["chartRef"]["name"]]
            assert oci["ref"]["tag"], name
            assert oci["url"].startswith("oci://"), name
        else:
            chart = spec["chart"]["spec"]
            assert chart["version"], name
            assert found["HelmRepository"][chart["sourceRef"]["name"]]["url"].startswith("https://"), name
