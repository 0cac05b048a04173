"""Fixtures of the golden trees."""

import json
import shutil
from pathlib import Path

import pytest

from tests.support.cli import Terminal, run
from tests.support.gitops import ENGINES, GOLDEN, rendered, words, write_golden
from tests.support.trees import DIGESTS, EVERY_STACK, OTHERS, STACKS, TREES, digests


@pytest.fixture(scope="session", autouse=True)
def rewritten(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> None:
    """With --update-golden every golden tree and digest is made anew before the first test."""
    if not request.config.getoption("--update-golden"):
        return
    shutil.rmtree(TREES, ignore_errors=True)
    for stack in STACKS:
        done = run("render", stack, "--out", str(TREES / stack))
        assert done.code == 0, done.text
    shutil.rmtree(DIGESTS, ignore_errors=True)
    DIGESTS.mkdir()
    for stack in OTHERS:
        tree = tmp_path_factory.mktemp(stack) / "tree"
        done = run("render", stack, "--cell", "0", "--out", str(tree))
        assert done.code == 0, done.text
        (DIGESTS / f"{stack}.json").write_text(json.dumps(digests(tree), indent=1) + "\n")
    _rewrite_gitops(tmp_path_factory.mktemp("gitops"))


def _rewrite_gitops(folder: Path) -> None:
    shutil.rmtree(GOLDEN, ignore_errors=True)
    for engine in ENGINES:
        for stack in EVERY_STACK:
            done = run(*words(stack, engine, folder / engine))
            assert done.code == 0, done.text
            write_golden(folder / engine / stack, stack, engine, whole=stack in STACKS)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    """The command line inside this process."""
    return Terminal(monkeypatch, capsys)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Where a test renders to; not there yet."""
    return tmp_path / "tree"


@pytest.fixture(scope="session")
def trees() -> dict[tuple[str, str], Path]:
    """GitOps trees that were rendered before in this session, by stack and engine."""
    return {}


@pytest.fixture
def shown(
    request: pytest.FixtureRequest,
    trees: dict[tuple[str, str], Path],
    tmp_path_factory: pytest.TempPathFactory,
    terminal: Terminal,
) -> tuple[str, Path]:
    """A stack and its GitOps tree; the parameter is the stack and the engine."""
    stack, engine = request.param
    if request.param not in trees:
        trees[request.param] = rendered(terminal, stack, engine, tmp_path_factory.mktemp(engine))
    return stack, trees[request.param]
