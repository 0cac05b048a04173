"""``aifactory drift`` names what differs from the declaration and who changed it, and writes nothing.

Does not prove that an engine of GitOps reconciles: its applies are stood in for by kubectl under its manager's name.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from aifactory.cli.lab import tools_of
from aifactory.manifests.labels import STACK
from aifactory.manifests.model import KubernetesObject, text_at
from aifactory.spec.stack import Target
from tests.support.edits import (
    EDITOR,
    delete_one_of_each_kind,
    edit_by_hand,
    edit_one_of_each_kind,
    one_of_each_kind,
    patch_by_hand,
)
from tests.support.lab import SIMULATED, Lab, lab

pytestmark = pytest.mark.engine
POLICY = "nvidia.com/v1 ClusterPolicy cluster-policy"
FLUX = {"kustomize.toolkit.fluxcd.io/name": "cell", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}
ARGO = {"argocd.argoproj.io/tracking-id": "cell:v1/ConfigMap:a/b"}


def _drift(made: Lab, code: int) -> dict[str, dict[str, Any]]:
    """The objects that drift names, by identity; fails on another exit code, or if anything was written."""
    mark = made.audit.mark()
    outcome = made.shell.run("drift", made.stack, *SIMULATED, "--json")
    assert outcome.code == code, outcome.text
    assert made.audit.writes(mark) == []
    report = json.loads(outcome.out)
    assert (report["stack"], report["target"]) == (made.stack, "simulated")
    assert report["objects"] == len(made.rendered())
    return {row["object"]: row for row in report["drift"]}


def test_an_edit_of_every_kind_is_named(pilot: Lab) -> None:
    """The field that somebody changed is named with its editor, for every kind, and the next up heals it."""
    pilot.up()
    assert _drift(pilot, 0) == {}
    edits = edit_one_of_each_kind(pilot)

    found = _drift(pilot, 2)

    assert set(found) == set(edits)
    for key, path in edits.items():
        assert found[key]["state"] == "changed", key
        (field,) = found[key]["fields"]
        assert (field["path"], field["by"], field["operation"]) == (path, EDITOR, "Update")
        assert field["at"]
        assert field["wanted"] != field["found"]
    assert set(pilot.up()["repaired"]) == set(edits)
    assert _drift(pilot, 0) == {}


def test_a_deletion_of_every_kind_is_named(pilot: Lab) -> None:
    """What somebody deleted is missing, what was in a deleted namespace too, and the next up brings it back."""
    pilot.up()
    picked = delete_one_of_each_kind(pilot)
    gone = set(pilot.rendered()) - set(pilot.live())

    found = _drift(pilot, 2)

    assert set(picked) <= gone
    assert set(found) == gone
    assert {row["state"] for row in found.values()} == {"missing"}
    pilot.up()
    assert _drift(pilot, 0) == {}


def test_removals_and_orphans(local: Lab) -> None:
    """A lost inventory label, a lost field and an object that nobody declares are told apart."""
    local.up()
    cluster, wanted = local.cluster(), local.rendered()
    policy = wanted[POLICY]
    space = next(item for item in wanted.values() if item["kind"] == "Namespace")
    name = f"v1 Namespace {text_at(space, 'metadata', 'name')}"
    patch_by_hand(cluster, policy, {"spec": {"cdi": None}})
    patch_by_hand(cluster, space, {"metadata": {"labels": {STACK: None}}})
    orphan: KubernetesObject = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "orphan", "namespace": "default", "labels": {STACK: local.stack}},
    }
    cluster.apply(orphan, manager=EDITOR)

    found = _drift(local, 2)

    assert {key: row["state"] for key, row in found.items()} == {
        POLICY: "changed",
        name: "changed",
        "v1 ConfigMap default/orphan": "unwanted",
    }
    (field,) = found[POLICY]["fields"]
    assert (field["path"], field["found"], field["by"]) == ("spec.cdi", None, None)
    (label,) = found[name]["fields"]
    assert (label["path"], label["wanted"], label["found"]) == (f"metadata.labels.{STACK}", "local", None)
    local.up()
    assert _drift(local, 0) == {}


def test_what_others_add_is_no_drift(local: Lab) -> None:
    """A label, an annotation and a status of others are not named."""
    local.up()
    cluster = local.cluster()
    for item in one_of_each_kind(local).values():
        patch_by_hand(
            cluster, item, {"metadata": {"labels": {"team": "night"}, "annotations": {"seen": "yes"}}}
        )

    assert _drift(local, 0) == {}


@pytest.fixture(scope="module")
def rolled_out(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The small stack's lab, without its objects."""
    with lab("local", tmp_path_factory.mktemp("rolled-out")) as made:
        made.shell.run("lab", "up", made.stack, *SIMULATED).succeeded()
        yield made


def _roll_out(made: Lab, folder: Path, marks: dict[str, dict[str, str]], *options: str) -> None:
    """Apply the rendered tree with marks of an engine in the metadata of every object, namespaces first."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    items = sorted(made.rendered().values(), key=lambda item: item["kind"] != "Namespace")
    for number, item in enumerate(items):
        metadata: Any = item["metadata"]
        marked = {**metadata, **{field: {**metadata.get(field, {}), **more} for field, more in marks.items()}}
        (folder / f"{number:04}.yaml").write_text(yaml.safe_dump({**item, "metadata": marked}))
    kubectl = str(tools_of(Target.SIMULATED).path("kubectl"))
    words = [kubectl, "--kubeconfig", str(made.kubeconfig), "apply", *options, "-f", str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_an_engine_rolled_out(rolled_out: Lab, tmp_path: Path) -> None:
    """Under the managers and marks of Flux and of Argo CD there is no drift, and an edit is named all the same."""
    flux = ("--server-side", "--field-manager", "kustomize-controller")
    _roll_out(rolled_out, tmp_path / "flux", {"labels": FLUX}, *flux)
    assert _drift(rolled_out, 0) == {}
    edits = edit_one_of_each_kind(rolled_out)

    found = _drift(rolled_out, 2)

    assert {key: [row["fields"][0]["path"]] for key, row in found.items()} == {
        k: [p] for k, p in edits.items()
    }
    assert {row["fields"][0]["by"] for row in found.values()} == {EDITOR}
    _roll_out(rolled_out, tmp_path / "flux", {"labels": FLUX}, *flux, "--force-conflicts")
    assert _drift(rolled_out, 0) == {}
    _roll_out(rolled_out, tmp_path / "argo", {"annotations": ARGO}, "--field-manager", "argocd-controller")
    assert _drift(rolled_out, 0) == {}


def test_without_a_lab(tmp_path: Path) -> None:
    """Where there is no lab there is nothing to compare with, and none is made."""
    with lab("local", tmp_path / "home") as made:
        made.shell.run("drift", made.stack, *SIMULATED).refused(
            "the lab of local (a real control plane with simulated nodes) is absent: there is nothing to compare with",
            "a running lab is needed; start it with: aifactory up local --target simulated",
        )
        assert not made.directory.exists()


def test_for_people(local: Lab) -> None:
    """Without a terminal each field is one line with its editor, and the command that writes it back is named."""
    local.up()
    edited = one_of_each_kind(local)[POLICY]
    path = edit_by_hand(local.cluster(), edited)

    outcome = local.shell.run("drift", local.stack, *SIMULATED)

    assert outcome.code == 2
    assert f"changed  {POLICY}" in outcome.out
    assert f"  {path}: wanted " in outcome.out
    assert f"changed by {EDITOR} (Update) at 20" in outcome.out
    assert "next: aifactory up local --target simulated   (writes it back)" in outcome.out
    local.up()
