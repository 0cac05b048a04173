"""Labels of the inventory."""

import copy

from hypothesis import given
from hypothesis import strategies as st

from aifactory.manifests.labels import Inventory
from aifactory.manifests.model import KubernetesObject, LayerName

CONFIG_MAP: KubernetesObject = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "a", "labels": {"team": "x", "aifactory.dev/stack": "forged"}},
}
EXPECTED = {
    "aifactory.dev/layer": "storage",
    "aifactory.dev/stack": "korea-pilot",
    "app.kubernetes.io/managed-by": "aifactory",
}


def test_stamped_objects_carry_the_inventory() -> None:
    """Every object says whose it is; its own labels are kept, a forged owner is not; the original is untouched."""
    before = copy.deepcopy(CONFIG_MAP)

    stamped = Inventory(stack="korea-pilot").stamped(CONFIG_MAP, LayerName.STORAGE)

    assert stamped["metadata"] == {"name": "a", "labels": {**EXPECTED, "team": "x"}}
    assert before == CONFIG_MAP


def test_objects_without_labels_are_stamped() -> None:
    """An object without labels, or without metadata, gets exactly the inventory's."""
    inventory = Inventory(stack="korea-pilot")

    assert inventory.stamped({"metadata": {"name": "a"}}, LayerName.STORAGE)["metadata"] == {
        "name": "a",
        "labels": EXPECTED,
    }
    assert inventory.stamped({}, LayerName.STORAGE)["metadata"] == {"labels": EXPECTED}


@given(st.sampled_from(LayerName), st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3))
def test_stamping_twice_changes_nothing(layer: LayerName, labels: dict[str, str]) -> None:
    """Stamping is idempotent."""
    inventory = Inventory(stack="s")
    once = inventory.stamped({"metadata": {"labels": dict(labels)}}, layer)

    assert inventory.stamped(once, layer) == once
