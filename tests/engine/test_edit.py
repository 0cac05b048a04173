"""An edit of the stack file changes what it names and nothing else. Does not prove anything about hardware."""

from collections.abc import Iterator
from typing import Any

import pytest

from aifactory.manifests.model import KubernetesObject, text_at
from tests.support.lab import Lab, copied_checkout, edit_stack, lab

pytestmark = pytest.mark.engine
QUOTA = "v1 ResourceQuota training/aifactory-storage"
ADDED: dict[str, Any] = {"name": "added", "system": "hgx-b300", "nodes": 1, "service": "inference"}


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The small stack, brought up from a copied checkout."""
    checkout = copied_checkout(tmp_path_factory.mktemp("checkout"))
    with lab("local", tmp_path_factory.mktemp("edit"), checkout) as made:
        made.up()
        yield made


def _fields(objects: dict[str, KubernetesObject], name: str) -> dict[str, str | None]:
    return {key: text_at(item, "metadata", name) for key, item in objects.items()}


def _changed(before: dict[str, KubernetesObject], after: dict[str, KubernetesObject], name: str) -> set[str]:
    """Objects that are in both with another value of a field of their metadata."""
    one, two = _fields(before, name), _fields(after, name)
    return {key for key in one.keys() & two.keys() if one[key] != two[key]}


def _spec_changes(before: dict[str, KubernetesObject], after: dict[str, KubernetesObject]) -> set[str]:
    """Rendered objects that are in both and differ: those that name every pool."""
    return {key for key in before.keys() & after.keys() if before[key] != after[key]}


def test_a_larger_quota_changes_one_object(edited: Lab) -> None:
    """Another number of claims in one quota writes exactly one object, by one patch."""
    before, mark = edited.live(), edited.audit.mark()
    edit_stack(edited.shell.checkout, "local", lambda stack: stack["storage"]["quotas"][0].update(claims=11))
    report = edited.up()
    after = edited.live()
    assert report["changes"]["update"] == 1
    assert _changed(before, after, "resourceVersion") == {QUOTA}
    assert after.keys() == before.keys()
    assert {line.split(" by ")[0] for line in edited.audit.writes(mark)} == {
        "patch resourcequotas training/aifactory-storage"
    }
    edited.assert_converged()


def test_a_pool_more_adds_only_its_objects(edited: Lab) -> None:
    """A new pool adds objects that name it, replaces none, and writes none that does not list pools."""
    before, rendered = edited.live(), edited.rendered()
    edit_stack(edited.shell.checkout, "local", lambda stack: stack["pools"].append(dict(ADDED)))
    edited.up()
    after = edited.live()
    assert all("added" in key for key in after.keys() - before.keys())
    assert after.keys() > before.keys()
    assert _changed(before, after, "uid") == set()
    assert _changed(before, after, "resourceVersion") == _spec_changes(rendered, edited.rendered())
    edited.assert_converged()


def test_a_pool_less_removes_only_its_objects(edited: Lab) -> None:
    """Without the pool its objects and nodes are gone, and every other object is the same one."""
    before, rendered = edited.live(), edited.rendered()
    edit_stack(edited.shell.checkout, "local", _drop)
    edited.up()
    after = edited.live()
    assert before.keys() > after.keys()
    assert all("added" in key for key in before.keys() - after.keys())
    assert _changed(before, after, "uid") == set()
    assert _changed(before, after, "resourceVersion") == _spec_changes(rendered, edited.rendered())
    assert not [node for node in edited.cluster().list("v1", "Node") if "added" in str(node["metadata"])]
    edited.assert_converged()


def _drop(stack: dict[str, Any]) -> None:
    stack["pools"] = [pool for pool in stack["pools"] if pool["name"] != ADDED["name"]]


def test_an_immutable_field_replaces_its_object(edited: Lab) -> None:
    """What no API server changes in place, a reclaim policy and a compute domain's size, is made anew."""
    before = edited.live()

    def change(stack: dict[str, Any]) -> None:
        stack["storage"]["tiers"][0]["reclaim"] = "Retain"
        stack["pools"][2]["compute_domains"][0]["nodes"] = 1

    edit_stack(edited.shell.checkout, "local", change)
    edited.up()
    assert _changed(before, edited.live(), "uid") == {
        "storage.k8s.io/v1 StorageClass scratch",
        "resource.nvidia.com/v1beta1 ComputeDomain training/pair",
    }
    edited.assert_converged()
