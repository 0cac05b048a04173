"""What counts as drift, against a server of ours that answers lists and dry runs."""

import copy
from pathlib import Path
from typing import Any

import pytest

from aifactory.deliver.cluster import ApiProblem, Cluster
from aifactory.deliver.drift_report import HIDDEN, DriftReport, State, drift_report, fields_of
from aifactory.errors import ClusterError
from aifactory.manifests.labels import STACK
from aifactory.manifests.model import Bundle, Layer, LayerName
from tests.unit.deliver.api_server import ApiServer

OURS = "pulumi-kubernetes-1a2b"
KEY = "v1 ConfigMap training/a"
LIST = "GET /api/v1/configmaps"
PATH = "/api/v1/namespaces/training/configmaps/a"


def wanted(**data: str) -> dict[str, Any]:
    """A declared object."""
    metadata = {"name": "a", "namespace": "training", "labels": {STACK: "site"}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def owning(*names: str) -> dict[str, Any]:
    """A set of fields: the label and some data."""
    return {
        "f:metadata": {"f:labels": {f"f:{STACK}": {}}},
        "f:data": {f"f:{name}": {} for name in names},
    }


def live(item: dict[str, Any], *entries: dict[str, Any], **data: str) -> dict[str, Any]:
    """The live object of a declared one, with other data and the managers of its fields."""
    made = copy.deepcopy(item)
    made["metadata"].update(resourceVersion="7", managedFields=list(entries))
    made["data"].update(data)
    return made


def manager(name: str, fields: dict[str, Any], operation: str = "Update") -> dict[str, Any]:
    """An entry of managedFields."""
    return {"manager": name, "operation": operation, "time": "2027-01-01T00:00:00Z", "fieldsV1": fields}


def report(api: ApiServer, folder: Path, *objects: dict[str, Any]) -> DriftReport:
    """The drift of a bundle of these objects."""
    layer = Layer(name=LayerName.FOUNDATION, needs=(), objects=objects)
    return drift_report(Cluster(api.kubeconfig(folder)), Bundle(stack="site", layers=(layer,)))


def serve(api: ApiServer, *items: dict[str, Any], dry_run: tuple[int, Any] | None = None) -> None:
    """Answer the list, and the dry run of the one object."""
    api.answers[LIST] = [(200, {"items": list(items)})]
    api.answers["GET /api/v1/namespaces"] = [(200, {"items": []})]
    if dry_run is not None:
        api.answers[f"PATCH {PATH}"] = [dry_run]


def test_nothing_is_asked_twice_where_all_is_well(api: ApiServer, tmp_path: Path) -> None:
    """Objects that show every wanted field cost their list and no dry run; fields of others are no drift."""
    item = wanted(x="1")
    there = live(item, manager(OURS, owning("x"), "Apply"), manager("flux", owning("y")), y="theirs")
    there["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"] = "cell"
    there["status"] = {"ready": True}
    serve(api, there)

    found = report(api, tmp_path, item)

    assert (found.drift, found.objects, found.tried) == ((), 1, 0)
    assert {method for method, _, _ in api.asked} == {"GET"}


def test_an_edit_is_named_with_its_editor(api: ApiServer, tmp_path: Path) -> None:
    """The field is given with what is wanted, what is there, and who wrote it when; the dry run is one."""
    item = wanted(x="1", z="2")
    there = live(item, manager(OURS, owning("z"), "Apply"), manager("kubectl-edit", owning("x")), x="changed")
    serve(api, there, dry_run=(200, live(item)))

    (row,) = report(api, tmp_path, item).drift

    assert (row.object, row.state) == (KEY, State.CHANGED)
    (field,) = row.fields
    assert (field.path, field.wanted, field.found) == ("data.x", "1", "changed")
    assert field.editor is not None
    assert (field.editor.manager, field.editor.at) == ("kubectl-edit", "2027-01-01T00:00:00Z")
    (patch,) = [path for method, path, _ in api.asked if method == "PATCH"]
    assert "dryRun=All" in patch
    assert f"fieldManager={OURS}" in patch


def test_another_way_to_write_a_value_is_no_drift(api: ApiServer, tmp_path: Path) -> None:
    """1000m is 1: what the API server would leave as it is has not drifted."""
    item = wanted(cpu="1000m")
    there = live(item, manager(OURS, owning("cpu"), "Apply"), cpu="1")
    serve(api, there, dry_run=(200, there))

    found = report(api, tmp_path, item)

    assert (found.drift, found.tried) == ((), 1)


def test_only_what_really_differs_is_named(api: ApiServer, tmp_path: Path) -> None:
    """Of an object with an edit, a value that is only written differently is not a field of the drift."""
    item = wanted(cpu="1000m", x="1")
    there = live(item, manager("hand", owning("x")), cpu="1", x="2")
    serve(api, there, dry_run=(200, {**there, "data": {"cpu": "1", "x": "1"}}))

    (row,) = report(api, tmp_path, item).drift

    assert [field.path for field in row.fields] == ["data.x"]


def test_what_is_no_longer_declared(api: ApiServer, tmp_path: Path) -> None:
    """A field that an earlier up brought and that the stack dropped is drift; one of others is not."""
    item = wanted(x="1")
    there = live(item, manager(OURS, owning("x", "old"), "Apply"), old="here", other="theirs")
    serve(api, there, dry_run=(200, live(item, other="theirs")))

    (row,) = report(api, tmp_path, item).drift

    assert [(f.path, f.wanted, f.found, f.editor and f.editor.manager) for f in row.fields] == [
        ("data.old", None, "here", OURS)
    ]


def test_a_field_that_cannot_be_changed_in_place(api: ApiServer, tmp_path: Path) -> None:
    """Where the API server refuses the change as such, the declared value is what is wanted."""
    item = wanted(x="1")
    serve(api, live(item, x="2"), dry_run=(422, {"message": "field is immutable"}))

    (row,) = report(api, tmp_path, item).drift

    assert [(field.path, field.wanted, field.found) for field in row.fields] == [("data.x", "1", "2")]


def test_missing_and_unwanted(api: ApiServer, tmp_path: Path) -> None:
    """What is declared and gone is missing, being deleted included; what nobody declares is unwanted."""
    orphan = {**wanted(), "metadata": {"name": "b", "namespace": "training", "labels": {STACK: "site"}}}
    going = live(wanted())
    going["metadata"]["deletionTimestamp"] = "2027-01-01T00:00:00Z"
    serve(api, orphan, going)
    api.answers[f"GET {PATH}"] = [(200, going)]

    found = report(api, tmp_path, wanted(x="1"))

    assert [(row.object, row.state, row.fields) for row in found.drift] == [
        (KEY, State.MISSING, ()),
        ("v1 ConfigMap training/b", State.UNWANTED, ()),
    ]


def test_a_lost_inventory_label_is_a_change(api: ApiServer, tmp_path: Path) -> None:
    """An object without the label is not in the list, but it is there: its label is what is missing."""
    item = wanted(x="1")
    there = live(item)
    del there["metadata"]["labels"][STACK]
    serve(api, dry_run=(200, live(item)))
    api.answers[f"GET {PATH}"] = [(200, there)]

    (row,) = report(api, tmp_path, item).drift

    assert row.state is State.CHANGED
    assert [(f.path, f.wanted, f.found) for f in row.fields] == [(f"metadata.labels.{STACK}", "site", None)]


def test_a_kind_that_is_not_served(api: ApiServer, tmp_path: Path) -> None:
    """Objects of a kind that the cluster lost are missing; that is no failure."""
    item = {**wanted(), "apiVersion": "nvidia.com/v1", "kind": "ClusterPolicy"}
    serve(api)

    (row,) = report(api, tmp_path, item).drift

    assert row.state is State.MISSING


def test_rights(api: ApiServer, tmp_path: Path) -> None:
    """Without the right to patch, even a dry run is refused: the message says which rights are needed."""
    serve(api, live(wanted(x="1"), x="2"), dry_run=(403, {"message": "no patch"}))

    with pytest.raises(
        ClusterError,
        match=r"the user of the kubeconfig may not look for drift: no patch; the rights get, list and patch are"
        r" needed \(a dry run asks for patch and writes nothing\); ask for a role",
    ):
        report(api, tmp_path, wanted(x="1"))


def test_other_refusals_are_passed_on(api: ApiServer, tmp_path: Path) -> None:
    """What the API server says of anything else is the message."""
    serve(api, live(wanted(x="1"), x="2"), dry_run=(500, {"message": "etcd is gone"}))
    with pytest.raises(ApiProblem, match="etcd is gone"):
        report(api, tmp_path, wanted(x="1"))


def test_values_of_secrets_are_hidden() -> None:
    """The values of a Secret are neither given as wanted nor as found, its labels are."""
    one = {**wanted(key="b2xk"), "kind": "Secret"}
    other = {**live(wanted(key="bmV3", more="x")), "kind": "Secret"}
    other["metadata"]["labels"][STACK] = "other"
    fields = fields_of({**one, "stringData": {"token": "t0k3n"}}, other, None)

    shown = {field.path: (field.wanted, field.found) for field in fields}
    assert shown["data.key"] == (HIDDEN, HIDDEN)
    assert shown["stringData"] == (HIDDEN, None)
    assert shown[f"metadata.labels.{STACK}"] == ("site", "other")
    assert not any(secret in str(fields) for secret in ("b2xk", "bmV3", "t0k3n"))
