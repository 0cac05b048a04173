"""Hand edits, deletions and orphans are put right by the next ``up``. Does not prove anything about hardware."""

import pytest
from pydantic import JsonValue

from aifactory.manifests.labels import STACK
from aifactory.manifests.model import KubernetesObject
from tests.support.edits import EDITOR, delete_one_of_each_kind, edit_one_of_each_kind
from tests.support.lab import Lab

pytestmark = pytest.mark.engine


def test_hand_edits_are_repaired(pilot: Lab) -> None:
    """A field that another manager changed, in an object of every kind, is as declared after the next up."""
    pilot.up()
    edits = edit_one_of_each_kind(pilot)
    in_spec = [key for key, path in edits.items() if not path.startswith("metadata.")]
    assert len(in_spec) > len(edits) / 2, edits
    assert set(pilot.drift().fields) == set(edits), edits
    report = pilot.up()
    assert set(report["repaired"]) == set(edits)
    pilot.assert_converged()
    assert pilot.up()["engine_ran"] is False


def test_deleted_objects_return(pilot: Lab) -> None:
    """An object of every kind, namespaces and what is in them included, is there again after the next up."""
    pilot.up()
    delete_one_of_each_kind(pilot)
    pilot.up()
    pilot.assert_converged()


def _config_map(name: str, labels: dict[str, JsonValue]) -> KubernetesObject:
    metadata: dict[str, JsonValue] = {"name": name, "namespace": "default", "labels": labels}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"by": "hand"}}


def test_only_our_orphans_are_pruned(pilot: Lab) -> None:
    """An orphan with the stack's label goes; objects of nobody and of another stack are left alone."""
    pilot.up()
    cluster = pilot.cluster()
    orphan = _config_map("orphan", {STACK: pilot.stack})
    foreign = [_config_map("foreign", {}), _config_map("other-stack", {STACK: "another"})]
    for item in (orphan, *foreign):
        cluster.apply(item, manager=EDITOR)
    before = [cluster.get(item) for item in foreign]
    report = pilot.up()
    assert report["pruned"] == 1
    assert cluster.get(orphan) is None
    assert [cluster.get(item) for item in foreign] == before
    for item in foreign:
        cluster.delete(item)
    pilot.assert_converged()
