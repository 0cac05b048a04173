"""The commands that only read stack files."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from aifactory.cli import stacks
from aifactory.spec.schema import evidence_schema_text, schema_text
from tests.support.cli import ROOT, Terminal, run
from tests.support.stacks import minimal_stack, pool
from tests.support.trees import STACKS

SCHEMA = ROOT / "stacks" / "stack.schema.json"
BAD: dict[str, Any] = {
    "a typo": minimal_stack(pools=[pool(racs=2)]),
    "three problems": minimal_stack(phase="pilott", pools=[pool(name="A B"), pool(service="trainig")]),
    "no pools": minimal_stack(pools=[]),
    "not a mapping": ["a"],
    "nothing": None,
}
REFUSED = minimal_stack(pools=[pool(system="gpu-9000")])


def written(folder: Path, content: object, name: str = "test") -> Path:
    """A stack file."""
    file = folder / f"Pulumi.{name}.yaml"
    file.write_text(yaml.safe_dump({"config": {"aifactory:stack": content}}))
    return file


@pytest.mark.parametrize("stack", STACKS)
def test_the_stacks_of_this_project_are_valid(stack: str, terminal: Terminal) -> None:
    """Every stack file of the project is valid, and named as the user would name it."""
    done = terminal("validate", stack)

    assert done.code == 0, done.text
    assert f"stacks/Pulumi.{stack}.yaml: valid; " in done.out
    assert done.err == ""


def test_a_name_and_its_file_give_the_same_text(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """`validate local` and `validate --file stacks/Pulumi.local.yaml` print the same."""
    monkeypatch.chdir(ROOT)

    assert terminal("validate", "local") == terminal("validate", "--file", "stacks/Pulumi.local.yaml")


def test_a_bad_name_and_its_bad_file_give_the_same_text(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The problems of a stack are the same text whether it is named or its file is given."""
    written(tmp_path, BAD["three problems"])
    monkeypatch.setattr("aifactory.cli.inputs.STACKS", tmp_path)
    monkeypatch.chdir(tmp_path)

    named, given = terminal("validate", "test"), terminal("validate", "--file", "Pulumi.test.yaml")

    assert named == given
    assert named.code == 1
    assert len(named.err.splitlines()) == 3


@pytest.mark.parametrize("case", BAD)
def test_a_bad_stack_is_refused_by_every_reading_command(
    case: str, terminal: Terminal, tmp_path: Path
) -> None:
    """A bad stack ends with exit code 1, each problem on a line with file, place and remedy, and no output."""
    file = written(tmp_path, BAD[case])
    out = tmp_path / "out"

    for words in (["validate"], ["validate", "--json"], ["render", "--out", str(out)]):
        done = terminal(*words, "--file", str(file))

        assert (done.code, done.out) == (1, ""), done.text
        lines = done.err.removeprefix("error: ").splitlines()
        assert all(line.startswith(f"{file}: ") and line.count("; ") >= 2 for line in lines), done.err
    assert not out.exists()


def test_a_refused_plan_is_exit_code_2(terminal: Terminal, tmp_path: Path) -> None:
    """A stack that is valid but cannot be planned ends with 2, naming field, choices and remedy."""
    file = written(tmp_path, REFUSED)

    done = terminal("validate", "--file", str(file))

    assert done.code == 2
    assert done.err.startswith(f"error: {file}: pools.0.system: ")
    assert "dgx-b200" in done.err


def test_json_is_one_object(terminal: Terminal) -> None:
    """With --json standard output is one JSON object and nothing else."""
    done = terminal("validate", "korea-pilot", "--json")

    found = json.loads(done.out)
    assert found["stack"] == "korea-pilot"
    assert found["valid"] is True
    assert found["file"].endswith("stacks/Pulumi.korea-pilot.yaml")
    assert isinstance(found["findings"], list)


@pytest.mark.parametrize("words", [[], ["local", "--file", "stacks/Pulumi.local.yaml"]])
@pytest.mark.parametrize("command", ["validate", "render"])
def test_exactly_one_of_name_and_file_is_needed(
    command: str, words: list[str], terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither and both are refused, with an example."""
    monkeypatch.chdir(tmp_path)

    done = terminal(command, *words)

    assert done.code == 1
    assert done.err == (
        "error: which stack is meant: a name or --file is needed, not both; for example: aifactory validate"
        " korea-pilot\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("korea-pilott", "there is no such stack file; stacks: india-mumbai, indonesia-batam, japan-tokyo,"),
        ("../secret", "is not the name of a stack"),
        ("Korea Pilot", "is not the name of a stack"),
        ("", "is not the name of a stack"),
        ("a" * 300, "is not the name of a stack"),
        ("x[/bold]", "is not the name of a stack"),
    ],
)
def test_a_name_that_is_no_stack(name: str, what: str, terminal: Terminal) -> None:
    """A name that no stack has, or that none may have, says which there are or which may be."""
    done = terminal("validate", name)

    assert done.code == 1
    assert what in done.err
    assert done.out == ""


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"config: [", b"config: {a: 1}", b"a: &a [*a]", None])
def test_a_file_that_is_no_stack_file(content: bytes | None, terminal: Terminal, tmp_path: Path) -> None:
    """Files that are absent, empty, binary or torn are named, with one message each."""
    file = tmp_path / "Pulumi.[red]x.yaml"
    if content is not None:
        file.write_bytes(content)

    done = terminal("validate", "--file", str(file))

    assert done.code == 1
    assert done.err.startswith(f"error: {file}: ")
    assert len(done.err.splitlines()) == 1


def test_render_says_what_it_wrote(terminal: Terminal, tmp_path: Path) -> None:
    """`render --out` names folder, objects and layers, and makes the folders above."""
    out = tmp_path / "a" / "b"

    done = terminal("render", "local", "--out", str(out))

    assert done.code == 0, done.text
    assert done.out.startswith(f"{out}: ")
    objects = len(list((out / "manifests").rglob("*.yaml")))
    assert f"{objects} objects in 9 layers" in done.out


def test_render_of_a_simulated_target_says_that_charts_are_skipped(
    terminal: Terminal, tmp_path: Path
) -> None:
    """Charts of a simulated target are written with the reason why they are not installed."""
    done = terminal("render", "local", "--target", "simulated", "--out", str(tmp_path / "out"))

    assert done.code == 0, done.text
    for file in (tmp_path / "out" / "charts").rglob("*.yaml"):
        assert yaml.safe_load(file.read_text())["skipped"].startswith("the target is simulated")


def test_the_schema_file_is_fresh(terminal: Terminal) -> None:
    """The schemas of stack and evidence files are what `aifactory schema` writes."""
    assert terminal("schema", "--check").code == 0
    assert SCHEMA.read_text("utf-8") == schema_text()
    assert SCHEMA.with_name("evidence.schema.json").read_text("utf-8") == evidence_schema_text()


@pytest.mark.parametrize("stale", [None, "{}\n"])
def test_a_stale_schema_is_a_finding(
    stale: str | None, terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A schema file that is old or absent is exit code 2, changes nothing, and `schema` writes it."""
    file = tmp_path / "stack.schema.json"
    if stale is not None:
        file.write_text(stale)
    monkeypatch.setattr(stacks, "SCHEMAS", {file: schema_text})

    done = terminal("schema", "--check")

    assert (done.code, done.out) == (2, f"{file}: stale; run aifactory schema\n")
    assert (file.read_text() if file.exists() else None) == stale
    assert terminal("schema").code == 0
    assert terminal("schema", "--check").code == 0


@pytest.mark.parametrize("stack", STACKS)
def test_stack_files_are_valid_against_the_schema(stack: str) -> None:
    """What editors check a stack file with accepts the project's own files."""
    content = yaml.safe_load((ROOT / "stacks" / f"Pulumi.{stack}.yaml").read_text("utf-8"))
    content = json.loads(json.dumps(content, default=str))

    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text("utf-8"))).validate(content)


@pytest.mark.parametrize("case", ["a typo", "three problems", "no pools", "not a mapping"])
def test_the_schema_refuses_what_validate_refuses(case: str) -> None:
    """An editor marks the same files that `validate` refuses for their shape."""
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))

    assert not validator.is_valid({"config": {"aifactory:stack": BAD[case]}})


def test_the_installed_command_runs(tmp_path: Path) -> None:
    """The console script validates a stack from any folder, and fails with 1 and one line on a bad name."""
    good, bad = run("validate", "local", cwd=tmp_path), run("validate", "nowhere", cwd=tmp_path)

    assert (good.code, good.err) == (0, "")
    assert (bad.code, bad.out) == (1, "")
    assert len(bad.err.splitlines()) == 1
    assert "Traceback" not in bad.text
