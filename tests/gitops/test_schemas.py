"""Every rendered object against the schemas of the real APIs. Does not prove what admission and operators want."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from aifactory.deliver.cluster import ApiProblem, at_once
from aifactory.deliver.manifest_files import objects_below
from aifactory.lab.tools import Tools
from aifactory.manifests.model import KubernetesObject, key_of
from tests.support.cli import ROOT
from tests.support.fleet import Fleet
from tests.support.flux import MANAGER, install_crds

pytestmark = pytest.mark.gitops
ENGINES = ("flux", "argocd")
DATA = r"(/\.aifactory-|/applications?\.yaml$)"
"""Files that are no manifests: the list of a tree's files, and what Argo CD's generators read."""
FLUX_AND_ARGO = ("toolkit.fluxcd.io", "argoproj.io")


@pytest.fixture(scope="module")
def schemas(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Schemas of the API server's kinds, and of the real CRDs."""
    out = tmp_path_factory.mktemp("schemas")
    words = ("--kubeconfig", str(fleet.lab.kubeconfig), "--out", str(out))
    fleet.lab.shell.run("manifest-schemas", *words).succeeded()
    return out


@pytest.fixture(scope="module")
def trees(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree of every stack of a real site for each engine, and the plain one of the stack `local`."""
    out = tmp_path_factory.mktemp("trees")
    for engine in ENGINES:
        words = (
            "--engine",
            engine,
            "--repository",
            "https://git.example/fleet.git",
            "--out",
            str(out / engine),
        )
        fleet.lab.shell.run("render", "--all", *words).succeeded()
    fleet.lab.shell.run("render", "local", "--out", str(out / "local")).succeeded()
    return out


class Kubeconform:
    """kubeconform, as the pipelines in docs/examples run it."""

    def __init__(self, program: Path, schemas: Path) -> None:
        self._words = (
            str(program),
            *("-strict", "-output", "json", "-summary", "-n", "4"),
            *("-skip", "kustomize.config.k8s.io/v1beta1/Kustomization"),
            *("-ignore-filename-pattern", DATA),
            *(
                "-schema-location",
                f"{schemas}/{{{{.Group}}}}/{{{{.ResourceKind}}}}_{{{{.ResourceAPIVersion}}}}.json",
            ),
        )

    def __call__(self, folder: Path) -> tuple[int, list[str], dict[str, int]]:
        """Exit code, what is wrong, and how many objects of which outcome."""
        done = subprocess.run(
            [*self._words, str(folder)], capture_output=True, check=False, text=True, timeout=300
        )
        said: dict[str, Any] = json.loads(done.stdout)
        wrong = [f"{one['filename']}: {one['kind']} {one['name']}: {one['msg']}" for one in said["resources"]]
        return done.returncode, wrong, said["summary"]


@pytest.fixture(scope="module")
def kubeconform(tools: Tools, schemas: Path) -> Kubeconform:
    """The program with its schemas."""
    return Kubeconform(tools.path("kubeconform"), schemas)


@pytest.mark.parametrize(("tree", "fewest"), [("flux", 2000), ("argocd", 2000), ("local/manifests", 40)])
def test_every_object_of_every_stack_is_valid(
    kubeconform: Kubeconform, trees: Path, tree: str, fewest: int
) -> None:
    """No object has an unknown field, a wrong type or a missing field, and the kind of each has a schema."""
    code, wrong, counted = kubeconform(trees / tree)

    assert wrong == []
    assert (code, counted["invalid"], counted["errors"]) == (0, 0, 0)
    assert counted["valid"] > fewest


def test_every_stack_is_among_them(trees: Path) -> None:
    """Each stack file has a tree here: those of real sites for both engines, and `local` as plain files."""
    stacks = {file.name.split(".")[1] for file in (ROOT / "stacks").glob("Pulumi.*.yaml")}

    for engine in ENGINES:
        assert {file.name for file in (trees / engine).iterdir()} == (stacks - {"local"}) | {"programme"}


def set_at(*path: str, value: object) -> Any:
    """A change of one field of an object."""

    def change(item: Any) -> None:
        for step in path[:-1]:
            item = item[int(step)] if isinstance(item, list) else item[step]
        item[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("kind", "change", "told"),
    [
        (
            "daemonset",
            set_at("spec", "template", "spec", "containers", "0", "imagePolicy", value="x"),
            "imagePolicy",
        ),
        ("networkpolicy", set_at("spec", "policyTypes", value="Egress"), "/spec/policyTypes"),
        ("job", set_at("spec", "backoffLimit", value="3"), "/spec/backoffLimit"),
        ("clusterpolicy", set_at("spec", "driver", "enabeld", value=True), "enabeld"),
        ("nvidiadriver", set_at("spec", "driverType", value="quantum"), "/spec/driverType"),
        ("computedomain", set_at("spec", "numNodes", value="18"), "/spec/numNodes"),
        ("configmap", set_at("metadata", "label", value={}), "label"),
        ("namespace", set_at("kind", value="Namespaze"), "could not find schema for Namespaze"),
    ],
)
def test_a_broken_object_is_found(
    kubeconform: Kubeconform, trees: Path, tmp_path: Path, kind: str, change: Any, told: str
) -> None:
    """A misspelt field, a wrong type, a value outside a list and an unknown kind are told, with the file."""
    (file, *_) = sorted((trees / "flux" / "korea-pilot" / "cells").rglob(f"{kind}-*.yaml"))
    content = yaml.safe_load(file.read_text())
    change(content)
    (tmp_path / file.name).write_text(yaml.safe_dump(content))

    code, wrong, _ = kubeconform(tmp_path)

    assert code == 1
    assert len(wrong) == 1
    assert file.name in wrong[0]
    assert told in wrong[0]


def _objects_of_engines(trees: Path, stack: str) -> Iterator[KubernetesObject]:
    for engine in ENGINES:
        for item in objects_below(trees / engine / stack):
            if key_of(item).api_version.split("/")[0].endswith(FLUX_AND_ARGO):
                yield item


@pytest.mark.parametrize("stack", ["korea-pilot", "korea-scale-out"])
def test_the_api_server_takes_the_objects_of_both_engines(fleet: Fleet, trees: Path, stack: str) -> None:
    """A strict dry run of every object of Flux and Argo CD is accepted, rules in CEL included.

    This is all that is tried of Argo CD, which does not run here, and of HelmReleases, whose charts are not there.
    """
    cluster = fleet.lab.cluster()
    install_crds(cluster, "argo-cd")
    objects = list(_objects_of_engines(trees, stack))
    for name in sorted({key_of(item).namespace or "default" for item in objects}):
        cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, manager=MANAGER)

    def refusal(item: KubernetesObject) -> str | None:
        try:
            cluster.apply(item, manager=MANAGER, force=True, dry_run=True)
        except ApiProblem as problem:
            return f"{key_of(item)}: {problem.reason}"
        return None

    assert [text for text in at_once(refusal, objects) if text] == []
    kinds = {str(item["kind"]) for item in objects}
    assert kinds >= {
        "Kustomization",
        "GitRepository",
        "HelmRelease",
        "OCIRepository",
        "AppProject",
        "ApplicationSet",
    }
