"""Steps, waves and shared folders of a GitOps tree: pure functions of what a cell has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aifactory.manifests.gitops.steps import ORDERS, last_steps, skipped_charts, steps_of
from aifactory.manifests.gitops.units import COMMON, file_name, group_of, part
from aifactory.manifests.gitops.waves import PHASES, phase_rank, wave_of
from aifactory.manifests.layers import NEEDS
from aifactory.manifests.model import Bundle, KubernetesObject, Layer, LayerName, Release
from aifactory.spec.stack import Phase


def thing(name: str, **data: str) -> KubernetesObject:
    """A ConfigMap."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "space"},
        "data": {**data},
    }


def release(skipped: str | None = None) -> Release:
    """A chart."""
    return Release(
        name="chart",
        namespace="space",
        chart="chart",
        version="1.2.3",
        repository="https://charts.example",
        digest=None,
        values={},
        skipped=skipped,
    )


def bundle(*names: LayerName, charts: LayerName | None = None, skipped: str | None = None) -> Bundle:
    """A Bundle with an object in each layer, and a chart in one of them."""
    return Bundle(
        stack="stack",
        layers=tuple(
            Layer(
                name=name,
                needs=NEEDS[name],
                objects=(thing(name.value),),
                releases=(release(skipped),) if name is charts else (),
            )
            for name in NEEDS
            if name in names
        ),
    )


@given(st.sets(st.sampled_from(list(LayerName)), min_size=1), st.sampled_from(list(LayerName)))
def test_steps_come_after_what_they_need(names: set[LayerName], charts: LayerName) -> None:
    """Whatever layers a cell has, each step needs steps of the cell that are before it, and has its own place."""
    steps = steps_of(bundle(*names, charts=charts))
    places = {step.name: step.order for step in steps}

    assert len(set(places.values())) == len(steps)
    assert set(places.values()) <= set(ORDERS)
    for step in steps:
        assert all(places[need] < step.order for need in step.needs)
    assert set(last_steps(steps)) | {need for step in steps for need in step.needs} == set(places)


def test_a_later_layer_waits_for_a_chart() -> None:
    """What needs a layer with a chart needs the chart's step, which needs the layer's objects."""
    steps = {
        step.name: step.needs
        for step in steps_of(
            bundle(
                LayerName.FOUNDATION,
                LayerName.GPU_OPERATOR,
                LayerName.GPU_OPERATOR_CONFIG,
                charts=LayerName.GPU_OPERATOR,
            )
        )
    }

    assert steps["gpu-operator-charts"] == ("gpu-operator",)
    assert steps["gpu-operator-config"] == ("gpu-operator-charts",)


def test_a_layer_that_is_not_there_hands_its_needs_on() -> None:
    """Without the layer that it needs, a layer needs what that one would have needed."""
    steps = {
        step.name: step.needs for step in steps_of(bundle(LayerName.FOUNDATION, LayerName.DEVICE_PLUGIN))
    }

    assert steps == {"foundation": (), "device-plugin": ("foundation",)}


def test_a_layer_keeps_its_place() -> None:
    """The place of a step does not depend on which other layers a cell has."""
    every = {step.name: step.order for step in steps_of(bundle(*LayerName))}
    some = {step.name: step.order for step in steps_of(bundle(LayerName.NODE_POOLS))}

    assert some.items() <= every.items()


def test_skipped_charts_are_in_no_step() -> None:
    """A chart that is skipped is named with its reason, and is no step."""
    made = bundle(LayerName.GPU_OPERATOR, charts=LayerName.GPU_OPERATOR, skipped="a lab")

    assert [step.name for step in steps_of(made)] == ["gpu-operator"]
    assert skipped_charts(made) == {"chart": "a lab"}


def test_waves_go_one_few_rest() -> None:
    """The first wave has one cell, the second three, the last all others; without sizes there is one wave."""
    assert [wave_of(index, (1, 3)) for index in range(7)] == [1, 2, 2, 2, 3, 3, 3]
    assert [wave_of(index, ()) for index in range(3)] == [1, 1, 1]


def test_every_phase_has_a_place() -> None:
    """Pilots come before regions, and regions before the rest."""
    assert sorted(phase for phases in PHASES for phase in phases) == sorted(Phase)
    assert phase_rank(Phase.PILOT) < phase_rank(Phase.REGIONAL) < phase_rank(Phase.GIGAWATT)
    assert phase_rank(Phase.SCALE_OUT) == phase_rank(Phase.GIGAWATT)


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("pool-train", "pool-train"),
        ("aifactory-pool-train-big", "pool-train-big"),
        ("training", COMMON),
        ("train.aifactory.dev", "pool-train"),
        ("default-deny", COMMON),
    ],
)
def test_an_object_goes_with_the_pool_in_its_name(name: str, group: str) -> None:
    """The longest pool name that is a whole part of the object's name counts."""
    assert group_of(name, ("train", "train-big")) == group


def test_objects_with_addresses_stay_with_the_cell() -> None:
    """What mentions an address of the cell is its own; the rest is shared, by pool, under a digest of its content."""
    own, shared, pooled = thing("policy", cidr="10.8.0.0/13"), thing("quota"), thing("pool-train")

    parted = part((own, shared, pooled), ("10.8.0.0/13",), ("train",))

    assert parted.own == (own,)
    assert [(unit.folder[:-11], unit.objects) for unit in parted.units] == [
        ("common", (shared,)),
        ("pool-train", (pooled,)),
    ]


@given(st.permutations([thing("a"), thing("b"), thing("c", key="value")]))
def test_a_shared_folder_is_named_by_its_content(objects: list[KubernetesObject]) -> None:
    """The order of objects does not change the name, and any change of one does."""
    (unit,) = part(tuple(objects), (), ()).units
    (other,) = part((*objects, thing("d")), (), ()).units
    (same,) = part((thing("a"), thing("b"), thing("c", key="value")), (), ()).units

    assert unit.folder == same.folder
    assert unit.folder != other.folder


def test_a_file_is_named_after_its_object() -> None:
    """Kind, namespace and name are in the file's name."""
    assert file_name(thing("quota")) == "configmap-space-quota.yaml"
