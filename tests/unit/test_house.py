"""Laws of the house that no other tool checks: sizes, import contracts, words that stay out, honest skips."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
PACKAGES = ("aifactory", "components")
BANNED = (
    *("proxy." + "golang.org", "sum." + "golang.org", "go" + "proxy.io"),
    *("py" + "pi.org", "python" + "hosted.org", "registry." + "npmjs", "registry." + "yarnpkg"),
    *("crates" + ".io", "maven" + ".org", "ruby" + "gems.org"),
    "/wo" + "rk/",
    "uv" + ".lock",
)
"""Hosts of package registries, paths of one machine, and lock formats that record download addresses."""


@cache
def tracked() -> tuple[str, ...]:
    """The files of the repository, those that are about to be added too."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        return ()
    command = [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return tuple(name for name in listed.split("\0") if name and (ROOT / name).is_file())


def files(*patterns: str) -> Iterator[Path]:
    """The project's files of some patterns."""
    for pattern in patterns:
        yield from sorted(ROOT.glob(pattern))


def lines(path: Path) -> int:
    """How many lines a file has."""
    return len(path.read_text("utf-8").splitlines())


def too_long(limit: int, *patterns: str) -> dict[str, int]:
    """Files with more lines than the limit."""
    found = list(files(*patterns))
    assert found, patterns
    return {str(path.relative_to(ROOT)): lines(path) for path in found if lines(path) > limit}


@pytest.mark.parametrize(
    ("limit", "pattern"),
    [(40, "__main__.py"), (200, "components/*.py"), (80, "templates/**/*.j2")],
)
def test_files_stay_small(limit: int, pattern: str) -> None:
    """The program has 40 lines at most, a component's module 200, a template 80; there are no exceptions."""
    assert too_long(limit, pattern) == {}


def test_the_readme_stays_short() -> None:
    """Where there is a README it has 150 lines at most."""
    readme = ROOT / "README.md"

    assert not readme.is_file() or lines(readme) <= 150


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Every function of a module, with its lines."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def test_functions_stay_short() -> None:
    """No function of the product has more than 60 lines, constructors included."""
    found = {
        f"{path.relative_to(ROOT)}: {name}": count
        for path in files("__main__.py", *(f"{package}/**/*.py" for package in PACKAGES))
        for name, count in functions(path)
        if count > 60
    }

    assert found == {}


def test_import_contracts_are_kept() -> None:
    """Every contract of .importlinter is kept."""
    done = subprocess.run(
        [str(BIN / "lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, check=False, text=True
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_component_is_under_the_contract_of_independence() -> None:
    """Each module that defines a component is named in the contract, and no other one is; the factory wires them."""
    content = (ROOT / ".importlinter").read_text("utf-8")
    named = {line.strip() for line in content.splitlines() if line.strip().startswith("components.")}
    there = {
        f"components.{path.stem}"
        for path in files("components/*.py")
        if "(FactoryComponent):" in path.read_text("utf-8") and path.stem != "factory"
    }

    assert named == there


def test_some_words_are_in_no_file() -> None:
    """No file of the repository names a package registry's host, a path of one machine, or such a lock."""
    if not tracked():
        pytest.skip("not a git checkout: which files are of the repository is not known")
    found = {
        f"{name}: {word}"
        for name in tracked()
        for word in BANNED
        if word in name or word.encode() in (ROOT / name).read_bytes()
    }

    assert found == set()


def test_no_secret_file_is_in_the_repository() -> None:
    """No kubeconfig, key or environment file is among the files of the repository."""
    if not tracked():
        pytest.skip("not a git checkout: which files are of the repository is not known")
    endings = (".pem", ".key", ".p12", ".env", "kubeconfig", "id_rsa", "id_ed25519")

    assert [name for name in tracked() if name.endswith(endings)] == []


SKIPS = {"skip", "skipif", "xfail", "importorskip"}


def silent_skips(path: Path) -> Iterator[int]:
    """Lines that skip a test without saying why."""
    tree = ast.parse(path.read_text("utf-8"))
    called = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or node.attr not in SKIPS:
            continue
        if not ast.unparse(node.value).startswith("pytest"):
            continue
        call = called.get(id(node))
        told = call is not None and (
            any(keyword.arg == "reason" for keyword in call.keywords) or (node.attr == "skip" and call.args)
        )
        if not told:
            yield node.lineno


def test_no_test_is_skipped_without_a_reason() -> None:
    """Every skip and expected failure says why."""
    found = {
        f"{path.relative_to(ROOT)}:{line}" for path in files("tests/**/*.py") for line in silent_skips(path)
    }

    assert found == set()


def test_a_silent_skip_is_found(tmp_path: Path) -> None:
    """The search for silent skips finds one, and lets an explained one pass."""
    module = tmp_path / "test_x.py"
    module.write_text(
        "@pytest.mark.skip\ndef a(): ...\ndef b():\n    pytest.skip()\n    pytest.skip('no disk')\n"
    )

    assert sorted(silent_skips(module)) == [1, 4]


def test_every_test_says_what_must_hold() -> None:
    """Each test has a docstring, and no test module is longer than 250 lines."""
    silent = {
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in files("tests/**/test_*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef)
        if node.name.startswith("test_") and not ast.get_docstring(node)
    }

    assert silent == set()
    assert too_long(250, "tests/**/test_*.py") == {}
