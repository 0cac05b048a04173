"""GitOps trees in tests: where the golden ones are, how one is rendered, and what a kustomization comes to."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from aifactory.catalog.load import catalog
from aifactory.deliver.charts import chart_skip
from aifactory.manifests.model import Bundle, KubernetesObject, key_of
from aifactory.manifests.parts import bundle_of, parts_of
from aifactory.plan.cells import of_cell
from aifactory.plan.factory import plan
from aifactory.spec.load import load_stack, stack_file
from tests.support.cli import ROOT, Terminal
from tests.support.trees import content, digests

GOLDEN = ROOT / "tests" / "golden" / "gitops"
ENGINES = ("argocd", "flux")
REPOSITORY = "https://git.example/ai-factory/fleet"
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DIGITS = 12


def words(stack: str, engine: str, out: Path, *more: str) -> tuple[str, ...]:
    """The words that render a stack's tree; the repository is given, because not every stack names one."""
    return "render", stack, "--engine", engine, "--repository", REPOSITORY, "--out", str(out), *more


def rendered(terminal: Terminal, stack: str, engine: str, out: Path) -> Path:
    """The folder of a stack's tree, rendered into a folder."""
    done = terminal(*words(stack, engine, out))
    assert done.code == 0, done.text
    return out / stack


def documents(file: Path) -> list[Any]:
    """Documents of a YAML file."""
    return [item for item in yaml.load_all(file.read_text("utf-8"), LOADER) if item is not None]


def objects(folder: Path) -> list[KubernetesObject]:
    """Objects that the kustomization of a folder comes to; as here, without patches.

    Raises:
        AssertionError: If it names what is not there, or leaves out a YAML file of its folder.
    """
    (listed,) = documents(folder / "kustomization.yaml")
    found: list[KubernetesObject] = []
    for name in listed["resources"]:
        path = folder / name
        assert path.exists(), f"{folder}: {name}"
        found += objects(path) if path.is_dir() else documents(path)
    return found


def dangling(tree: Path) -> list[str]:
    """Names in kustomizations of a tree that lead to nothing."""
    return [
        f"{file.relative_to(tree)}: {name}"
        for file in sorted(tree.rglob("kustomization.yaml"))
        for name in documents(file)[0]["resources"]
        if not (file.parent / name).exists()
    ]


def brief(folder: Path) -> dict[str, dict[str, str]]:
    """Digests of a tree's files, by folder; 12 digits are enough to see a change."""
    found: dict[str, dict[str, str]] = {}
    for name, digest in digests(folder).items():
        parent, _, file = name.rpartition("/")
        found.setdefault(parent, {})[file] = digest[:_DIGITS]
    return found


def write_golden(tree: Path, stack: str, engine: str, *, whole: bool) -> None:
    """Keep a rendered tree as the golden one: all its bytes, or a digest of each file."""
    if whole:
        target = GOLDEN / "trees" / engine / stack
        for name, data in content(tree).items():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(data)
        return
    target = GOLDEN / "digests" / engine / f"{stack}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(brief(tree), indent=0, separators=(",", ":")) + "\n")


def bundles(stack: str) -> Iterator[tuple[str, Bundle]]:
    """The name and the Bundle of every cell, as direct delivery would apply it."""
    site = plan(stack, load_stack(stack_file(ROOT / "stacks", stack)), catalog())
    for cell in site.cells:
        own = of_cell(site, cell)
        yield cell.name, bundle_of(parts_of(own, chart_skip(own, None)))


def every_object(tree: Path) -> Iterator[tuple[str, KubernetesObject]]:
    """Every object of a tree, and its file; kustomizations and lists of Applications are none."""
    for file in sorted(tree.rglob("*.yaml")):
        for document in documents(file):
            if isinstance(document, dict) and "metadata" in document:
                yield file.relative_to(tree).as_posix(), document


def flux_kustomizations(tree: Path) -> dict[str, Any]:
    """Flux's Kustomizations of a tree, by name."""
    found = [
        item for _, item in every_object(tree) if str(item["apiVersion"]).startswith("kustomize.toolkit")
    ]
    return {key_of(item).name: item["spec"] for item in found}
