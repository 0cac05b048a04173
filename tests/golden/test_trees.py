"""The trees that `aifactory render` writes, byte for byte; proves nothing about a cluster taking them.

After a change that is meant: `pytest tests/golden --update-golden`, then read the difference.
"""

import json
import shutil
from pathlib import Path

import pytest

from aifactory.deliver.tree import MARKER
from tests.support.cli import ROOT, Terminal
from tests.support.trees import DIGESTS, EVERY_STACK, OTHERS, STACKS, TREES, content, digests


def test_every_stack_has_a_golden_tree() -> None:
    """Each stack has a golden tree or the digests of one, and there is none without a stack."""
    whole = [folder.name for folder in TREES.glob("*")]
    digested = [file.stem for file in DIGESTS.glob("*")]
    assert sorted(whole + digested) == EVERY_STACK


@pytest.mark.parametrize("stack", STACKS)
def test_the_tree_is_the_golden_one(stack: str, tree: Path, terminal: Terminal) -> None:
    """Rendering a stack gives its golden tree: the same files with the same bytes."""
    done = terminal("render", stack, "--out", str(tree))
    assert done.code == 0, done.text
    rendered, golden = content(tree), content(TREES / stack)

    assert sorted(rendered) == sorted(golden)
    changed = [name for name in sorted(golden) if rendered[name] != golden[name]]
    assert changed == [], "if this is meant: pytest tests/golden --update-golden"


@pytest.mark.parametrize("stack", OTHERS)
def test_the_tree_has_the_golden_digests(stack: str, tree: Path, terminal: Terminal) -> None:
    """Rendering the first cell of a stack gives the same files with the same bytes as before."""
    done = terminal("render", stack, "--cell", "0", "--out", str(tree))
    assert done.code == 0, done.text
    golden = json.loads((DIGESTS / f"{stack}.json").read_text())

    assert digests(tree) == golden, "if this is meant: pytest tests/golden --update-golden"


@pytest.mark.parametrize("stack", STACKS)
def test_the_tree_is_made_of_plain_files(stack: str) -> None:
    """Every file is UTF-8 text with LF line ends and a final one, and the marker names all the others."""
    files = content(TREES / stack)

    for name, data in files.items():
        text = data.decode("utf-8")
        assert "\r" not in text, name
        assert text.endswith("\n"), name
    assert all(f'"{name}"' in files[MARKER].decode() for name in files if name != MARKER)


def test_a_file_option_gives_the_same_tree(tree: Path, terminal: Terminal) -> None:
    """A stack file outside the checkout renders to the same tree as the stack of that name."""
    copied = tree.parent / "Pulumi.local.yaml"
    shutil.copy(ROOT / "stacks" / copied.name, copied)

    assert terminal("render", "--file", str(copied), "--out", str(tree)).code == 0

    assert content(tree) == content(TREES / "local")
