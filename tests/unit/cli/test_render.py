"""The command ``render`` for GitOps: what its words may be, and the root across stacks."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from aifactory.cli.inputs import find
from aifactory.cli.render_words import place
from aifactory.errors import AIFactoryError
from aifactory.spec.delivery import GitOpsEngine
from tests.support.cli import ROOT, Terminal
from tests.support.gitops import ENGINES, REPOSITORY, dangling, documents

SITES = ("korea-pilot", "thailand-bangkok", "malaysia-johor")
URL = ("--repository", REPOSITORY)


@pytest.mark.parametrize("word", ["--all", "--check", "--path=x", "--revision=x", "--repository=https://x"])
def test_words_for_trees_need_an_engine(word: str, terminal: Terminal, tmp_path: Path) -> None:
    """A word that is for GitOps trees is refused without an engine, and nothing is written."""
    done = terminal("render", "local", word, "--out", str(tmp_path / "out"))

    assert done.code == 1
    assert done.err == (
        "error: --all, --check, --repository, --revision, --path and several stacks are for GitOps trees; with"
        " --engine argocd or --engine flux they are allowed; add --engine\n"
    )
    assert not (tmp_path / "out").exists()


def test_one_cell_is_no_gitops_tree(terminal: Terminal) -> None:
    """A GitOps tree is of all cells."""
    done = terminal("render", "local", "--engine", "flux", "--cell", "0")

    assert done.err == (
        "error: a GitOps tree has all cells of a site; --cell is for a plain tree; leave out --cell, or --engine\n"
    )


def test_a_tree_needs_a_repository(terminal: Terminal, tmp_path: Path) -> None:
    """A stack that names no repository needs one from the command line."""
    done = terminal("render", "local", "--engine", "flux", "--out", str(tmp_path))

    assert (done.code, done.err) == (
        1,
        "error: no repository is known for the trees; one is needed, with its branch and folder; give --repository"
        " https://..., or delivery.repository in the stack file\n",
    )


def test_stacks_agree_on_a_repository(tmp_path: Path) -> None:
    """Stacks of different repositories are not one programme."""
    for name, stack in (("a", "malaysia-johor"), ("b", "korea-gigawatt")):
        text = (
            (ROOT / "stacks" / f"Pulumi.{stack}.yaml")
            .read_text()
            .replace("ai-factory/fleet", f"fleet-{name}")
        )
        (tmp_path / f"Pulumi.{name}.yaml").write_text(text)
    found = [find(None, tmp_path / f"Pulumi.{name}.yaml") for name in ("a", "b")]

    with pytest.raises(
        AIFactoryError, match=r"^the stacks name different repositories for the trees; one is"
    ):
        place(found, GitOpsEngine.FLUX, None, None, None)


@pytest.mark.parametrize("address", ["https://me:word@git.example/x", "https://me@git.example/x"])
def test_no_password_is_written_into_a_tree(address: str, terminal: Terminal, tmp_path: Path) -> None:
    """A repository whose address holds a user or a password is refused, without repeating it."""
    done = terminal("render", "local", "--engine", "flux", "--repository", address, "--out", str(tmp_path))

    assert (done.code, done.err) == (
        1,
        "error: --repository holds a user name or password; secrets are never in a tree, the GitOps engine has its"
        " own; remove what is before the @\n",
    )


def test_a_file_is_one_stack(terminal: Terminal, tmp_path: Path) -> None:
    """A stack file beside names, and names beside --all, are refused."""
    file = str(ROOT / "stacks" / "Pulumi.local.yaml")
    named = terminal("render", "local", "taiwan", "--file", file, "--engine", "flux", *URL)
    every = terminal("render", "local", "--all", "--engine", "flux", *URL)

    assert named.err == (
        "error: --file is for one stack; names of stacks are needed for several; leave it out\n"
    )
    assert every.err == (
        "error: --all means every stack; no name and no --file is allowed with it; leave one out\n"
    )
    assert not (tmp_path / "out").exists()


def test_a_programme_has_one_phase_of_a_site(terminal: Terminal, tmp_path: Path) -> None:
    """Of two phases of a site the first is in the root, and the other is said not to be."""
    done = terminal(
        "render", "korea-pilot", "korea-scale-out", "--engine", "flux", *URL, "--out", str(tmp_path)
    )

    assert done.code == 0, done.text
    assert done.out.endswith("not in the root, as later phases of sites that are: korea-scale-out\n")
    text = (tmp_path / "programme" / "README.md").read_text()
    assert "korea-pilot" in text
    assert "korea-scale-out" not in text


@pytest.mark.parametrize("engine", ENGINES)
def test_a_programme_rolls_out_by_phase(engine: str, terminal: Terminal, tmp_path: Path) -> None:
    """Regions wait for all pilots; each stack's tree is the same beside any others; --check knows them all."""
    words = ("render", *SITES, "--engine", engine, *URL, "--out", str(tmp_path))
    done = terminal(*words)
    root = tmp_path / "programme"
    (listed,) = documents(root / "kustomization.yaml")

    assert done.code == 0, done.text
    assert terminal(*words, "--check").code == 0
    assert dangling(root) == []
    if engine == "flux":
        waits: dict[str, Any] = {
            patch["target"]["name"]: yaml.safe_load(patch["patch"]) for patch in listed["patches"]
        }
        pilot = [{"name": "korea-pilot-wave-1", "namespace": "korea-pilot"}]
        assert waits == {
            f"{name}-wave-0": [{"op": "add", "path": "/spec/dependsOn", "value": pilot}] for name in SITES[1:]
        }
    else:
        (cells,) = documents(root / "cells.yaml")
        steps = cells["spec"]["strategy"]["rollingSync"]["steps"]
        phases = [step["matchExpressions"][0]["values"] for step in steps]
        assert phases == sorted(phases)
        assert phases[0] == ["pilot"]
        assert phases[-1] == ["regional"]
    (tmp_path / SITES[1] / "README.md").unlink()
    assert terminal(*words, "--check").code == 2


def test_the_readme_says_what_is_simulated(terminal: Terminal, tmp_path: Path) -> None:
    """A tree for a lab says that its nodes are not real, and which charts are not in it."""
    done = terminal(
        "render", "local", "--target", "simulated", "--engine", "flux", *URL, "--out", str(tmp_path)
    )
    text = (tmp_path / "local" / "README.md").read_text()

    assert "The target is simulated: the nodes are not real, and operators are not installed." in text
    assert "- chart `gpu-operator`: the target is simulated: operators are present as APIs only" in text
    assert "not in the tree: chart gpu-operator: the target is simulated" in done.out
    assert list((tmp_path / "local").glob("cells/*/*-charts")) == []


def test_an_engine_in_one_of_several_cells_is_refused(terminal: Terminal, tmp_path: Path) -> None:
    """The engine of several cells runs on a management cluster, or the stack is refused."""
    read: Any = yaml.safe_load((ROOT / "stacks" / "Pulumi.malaysia-johor.yaml").read_text())
    read["config"]["aifactory:stack"]["delivery"]["engine_in"] = "cell"
    file = tmp_path / "Pulumi.johor.yaml"
    file.write_text(yaml.safe_dump(read))

    done = terminal("render", "--file", str(file), "--engine", "flux", "--out", str(tmp_path / "out"))

    assert (done.code, done.err) == (
        1,
        "error: johor: delivery.engine_in is 'cell', and 3 cells, or clusters that are to be made, need an engine"
        " outside of them; 'management' is allowed, or nothing; remove engine_in\n",
    )
    assert not (tmp_path / "out").exists()


def test_an_engine_on_a_management_cluster_reaches_an_only_cell(terminal: Terminal, tmp_path: Path) -> None:
    """With engine_in: management the steps of an only cell name its kubeconfig, in the namespace of the stack."""
    read: Any = yaml.safe_load((ROOT / "stacks" / "Pulumi.local.yaml").read_text())
    read["config"]["aifactory:stack"]["delivery"] = {"engine_in": "management", "namespace": "fleet"}
    file = tmp_path / "Pulumi.local.yaml"
    file.write_text(yaml.safe_dump(read))

    done = terminal("render", "--file", str(file), "--engine", "flux", *URL, "--out", str(tmp_path / "out"))

    assert done.code == 0, done.text
    rollout = documents(tmp_path / "out" / "local" / "management" / "rollout" / "local-c000.yaml")
    steps = {item["metadata"]["name"]: item for item in rollout}
    assert {item["metadata"]["namespace"] for item in rollout} == {"fleet"}
    assert steps["local-c000-foundation"]["spec"]["kubeConfig"] == {
        "secretRef": {"name": "local-c000-kubeconfig"}
    }


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--repository", "foo bar", "is no address of a Git repository; an address with scheme and host,"),
        ("--repository", "https://[::1/x", "is no address of a Git repository; an address with scheme"),
        ("--repository", "git@git.example:x/y", "is no address of a Git repository; an address with scheme"),
        ("--repository", "https://git.example:99999/x", "is no address of a Git repository; an address"),
        ("--path", "../x", "'../x' is no folder of the repository; folders of letters, digits, dots,"),
        ("--path", "", "'' is no folder of the repository; folders of letters, digits, dots, dashes"),
        ("--revision", "-a b", "'-a b' is no name of a branch; what Git allows: no spaces, no leading"),
    ],
)
def test_a_place_that_no_engine_finds_is_refused(
    option: str, value: str, said: str, terminal: Terminal, tmp_path: Path
) -> None:
    """Repository, branch and folder are of a form that Git knows, and nothing is written before."""
    words = ("render", "local", "--engine", "flux", *URL, option, value, "--out", str(tmp_path / "out"))

    done = terminal(*words)

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"error: {option}: {said}")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["...yaml", "Pulumi.Ünï cøde.yaml", f"{'a' * 43}.yaml"])
def test_the_name_of_a_file_is_that_of_a_stack(name: str, terminal: Terminal, tmp_path: Path) -> None:
    """The name is a folder and a label: a file of another name is refused, and nothing is written."""
    file = tmp_path / name
    file.write_text((ROOT / "stacks" / "Pulumi.local.yaml").read_text())
    out = tmp_path / "out" / "deep"

    done = terminal("render", "--file", str(file), "--engine", "flux", *URL, "--out", str(out))

    assert done.code == 1
    assert done.err.startswith(f"error: {file}: the file's name gives the stack the name ")
    assert done.err.endswith("at most 42; name the file Pulumi.<stack>.yaml\n")
    assert not out.parent.exists()
