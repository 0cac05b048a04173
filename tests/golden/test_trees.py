"""The trees that `aifactory render` writes, byte for byte; proves nothing about a cluster taking them.

After a change that is meant: `pytest tests/golden --update-golden`, then read the difference.
"""

import shutil
from pathlib import Path

import pytest

from aifactory.deliver.tree import MARKER
from tests.support.cli import ROOT, Terminal
from tests.support.trees import STACKS, TREES, content


def test_every_stack_has_a_golden_tree() -> None:
    """The stacks and the golden trees are the same set."""
    assert sorted(folder.name for folder in TREES.glob("*")) == STACKS


@pytest.mark.parametrize("stack", STACKS)
def test_the_tree_is_the_golden_one(stack: str, tree: Path, terminal: Terminal) -> None:
    """Rendering a stack gives its golden tree: the same files with the same bytes."""
    done = terminal("render", stack, "--out", str(tree))
    assert done.code == 0, done.text
    rendered, golden = content(tree), content(TREES / stack)

    assert sorted(rendered) == sorted(golden)
    changed = [name for name in sorted(golden) if rendered[name] != golden[name]]
    assert changed == [], "if this is meant: pytest tests/golden --update-golden"


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
