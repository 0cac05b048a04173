"""The command ``aifactory policy``, with its exit codes and all that it says."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.cli import Terminal
from tests.support.gitops import rendered
from tests.support.policy_objects import bare, place
from tests.support.stacks import minimal_stack


@pytest.fixture
def stack_file(tmp_path: Path) -> Path:
    """A stack whose namespace has no quota."""
    file = tmp_path / "Pulumi.small.yaml"
    file.write_text(yaml.safe_dump({"config": {"aifactory:stack": minimal_stack()}}))
    return file


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with one object that is right, a folder's kustomization, and a file that is no object."""
    folder = tmp_path / "tree"
    folder.mkdir()
    right = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "right"}}
    (folder / "right.yaml").write_text(yaml.safe_dump(right))
    (folder / "values.yaml").write_text("replicas: 1\n")
    (folder / "kustomization.yaml").write_text(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [right.yaml]\n"
    )
    return folder


def test_a_shipped_stack_passes_and_its_exceptions_are_shown(terminal: Terminal) -> None:
    """Exit code 0; what an exception covers is printed with its reason, and what is not seen is said."""
    ran = terminal("policy", "local")

    assert ran.code == 0, ran.text
    assert (
        "v1 Namespace inference: quota-present: accepted, the stack of one engineer's own machine" in ran.out
    )
    assert "15 rules: 0 violations, 1 accepted; what charts and operators make is not seen" in ran.out


def test_a_violation_ends_with_code_2(terminal: Terminal, stack_file: Path) -> None:
    """Each violation is a line with the object, the rule, what is wrong, what is allowed and how to fix it."""
    ran = terminal("policy", "--file", str(stack_file))

    assert ran.code == 2, ran.text
    assert (
        "v1 Namespace training: quota-present: people run work in it, and no ResourceQuota limits them; every namespace"
        " of a service or a tenant has a ResourceQuota; give it one in storage.quotas of the stack file, or to its"
        " tenant\n"
    ) in ran.out
    assert "1 violations, 0 accepted" in ran.out


def test_json_has_everything(terminal: Terminal, stack_file: Path) -> None:
    """One JSON object: whether it passed, and for each cell the rules, the violations and what was accepted."""
    ran = terminal("policy", "--file", str(stack_file), "--json")
    said: dict[str, Any] = json.loads(ran.out)

    assert ran.code == 2
    (cell,) = said["checked"]
    assert (said["passed"], cell["passed"], cell["what"]) == (False, False, "small")
    assert [violation["rule"] for violation in cell["violations"]] == ["quota-present"]
    assert len(cell["rules"]) == 15
    assert cell["accepted"] == []


def test_each_cell_of_a_site_is_checked(terminal: Terminal) -> None:
    """A site of several cells is judged cell by cell, and one cell by itself where it is named."""
    said = json.loads(terminal("policy", "malaysia-johor", "--json").out)
    one = json.loads(terminal("policy", "malaysia-johor", "--cell", "1", "--json").out)

    assert [cell["what"] for cell in said["checked"]] == [
        f"malaysia-johor malaysia-johor-c{index:03d}" for index in range(3)
    ]
    assert [cell["what"] for cell in one["checked"]] == ["malaysia-johor malaysia-johor-c001"]


def test_images_need_a_digest_where_that_is_asked_for(terminal: Terminal) -> None:
    """With --digests an image that has a tag alone is a violation."""
    ran = terminal("policy", "korea-pilot", "--digests")

    assert ran.code == 2
    assert "image-digest: the container device-plugin runs" in ran.out


def test_a_tree_is_checked_as_it_is(terminal: Terminal, tree: Path) -> None:
    """A folder of manifests passes, until a file with something wrong is in it."""
    assert terminal("policy", "--tree", str(tree)).code == 0
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"key": "x"}}
    (tree / "secret.yaml").write_text(yaml.safe_dump(secret))

    ran = terminal("policy", "--tree", str(tree))

    assert ran.code == 2
    assert (
        "v1 Secret s: secret-with-data: it holds values of key; a secret is named, never written" in ran.out
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("--tree", "nowhere"),
            "nowhere: there is no such folder; one with manifests is needed; make it with: aifactory render",
        ),
        (
            ("--tree", "stacks", "--file", "stack.yaml"),
            "--tree and --file cannot both be given; one of them says what is checked; leave one out",
        ),
        ((), "which stack is meant: a name or --file is needed, not both"),
    ],
)
def test_words_that_name_nothing_are_refused(terminal: Terminal, words: tuple[str, ...], said: str) -> None:
    """The command fails with one line that says what is needed."""
    ran = terminal("policy", *words)

    assert ran.code == 1
    assert said in " ".join(ran.err.split())


@pytest.mark.parametrize("word", ["--target=kind", "--cell=0"])
def test_a_tree_has_no_target_and_no_cell(terminal: Terminal, tree: Path, word: str) -> None:
    """A word that would change nothing is refused."""
    ran = terminal("policy", "--tree", str(tree), word)

    assert ran.code == 1
    assert ran.err.startswith("error: --target and --cell are for a stack: a tree is checked as it is;")


def test_cells_of_a_tree_do_not_cover_for_each_other(terminal: Terminal, tmp_path: Path) -> None:
    """A namespace that one cell closes and another does not is found, in the cell that does not."""
    for cell in ("a", "b"):
        folder = tmp_path / "fleet" / "cells" / cell
        folder.mkdir(parents=True)
        objects = place() if cell == "a" else bare("NetworkPolicy")
        (folder / "all.yaml").write_text(yaml.safe_dump_all(objects))

    ran = terminal("policy", "--tree", str(tmp_path), "--json")
    said = json.loads(ran.out)

    assert ran.code == 2
    assert {one["what"]: [found["rule"] for found in one["violations"]] for one in said["checked"]} == {
        f"{tmp_path}/fleet/cells/a": [],
        f"{tmp_path}/fleet/cells/b": ["default-deny"],
    }


def test_a_rendered_tree_has_the_verdict_of_its_stack(terminal: Terminal, tmp_path: Path) -> None:
    """Each cell of a rendered tree has no violation, and the same exceptions as the stack that it is of."""
    rendered(terminal, "malaysia-johor", "argocd", tmp_path)

    tree = json.loads(terminal("policy", "--tree", str(tmp_path), "--json").out)
    stack = json.loads(terminal("policy", "malaysia-johor", "--json").out)

    assert tree["passed"]
    accepted = [[one["violation"] for one in cell["accepted"]] for cell in stack["checked"]]
    assert [[one["violation"] for one in cell["accepted"]] for cell in tree["checked"][:3]] == accepted
    assert tree["checked"][3]["what"] == f"{tmp_path}/malaysia-johor, besides its cells"
