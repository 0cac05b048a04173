"""The GitOps trees of every stack, byte for byte; proves nothing about an engine taking them.

After a change that is meant: `make golden UPDATE=1`, then read the difference.
"""

import json
from pathlib import Path

import pytest

from tests.support.cli import Terminal, run
from tests.support.gitops import ENGINES, GOLDEN, brief, dangling, rendered, words
from tests.support.trees import EVERY_STACK, OTHERS, STACKS, content

SURROUNDINGS = (
    {"PYTHONHASHSEED": "0", "LC_ALL": "C", "TZ": "UTC", "PYTHONUTF8": "0", "KUBECONFIG": "/nonexistent"},
    {"PYTHONHASHSEED": "4711", "LC_ALL": "tr_TR.UTF-8", "TZ": "America/St_Johns", "HOME": "/nonexistent"},
)


def test_every_stack_has_a_golden_tree() -> None:
    """Each stack has a golden tree, or the digests of one, for each engine; there is none without a stack."""
    for engine in ENGINES:
        whole = [folder.name for folder in (GOLDEN / "trees" / engine).iterdir()]
        digested = [file.stem for file in (GOLDEN / "digests" / engine).iterdir()]
        assert sorted(whole + digested) == EVERY_STACK


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("stack", STACKS)
def test_the_tree_is_the_golden_one(stack: str, engine: str, tmp_path: Path, terminal: Terminal) -> None:
    """Rendering a stack gives its golden tree: the same files with the same bytes."""
    found = content(rendered(terminal, stack, engine, tmp_path))
    golden = content(GOLDEN / "trees" / engine / stack)

    assert sorted(found) == sorted(golden)
    changed = [name for name in sorted(golden) if found[name] != golden[name]]
    assert changed == [], "if this is meant: make golden UPDATE=1"


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("stack", OTHERS)
def test_the_tree_has_the_golden_digests(stack: str, engine: str, tmp_path: Path, terminal: Terminal) -> None:
    """Rendering a stack gives the same files with the same bytes as before, and no kustomization dangles."""
    tree = rendered(terminal, stack, engine, tmp_path)
    golden = json.loads((GOLDEN / "digests" / engine / f"{stack}.json").read_text())

    assert brief(tree) == golden, "if this is meant: make golden UPDATE=1"
    assert dangling(tree) == []


@pytest.mark.parametrize("number", range(len(SURROUNDINGS)))
@pytest.mark.parametrize("engine", ENGINES)
def test_the_tree_is_the_same_in_any_surroundings(engine: str, number: int, tmp_path: Path) -> None:
    """A process with another seed, locale, time zone, home and kubeconfig writes the golden bytes."""
    folder = tmp_path / "földer with spaces"
    folder.mkdir()

    done = run(*words("korea-pilot", engine, Path("out")), cwd=folder, environment=SURROUNDINGS[number])

    assert done.code == 0, done.text
    assert content(folder / "out" / "korea-pilot") == content(GOLDEN / "trees" / engine / "korea-pilot")
