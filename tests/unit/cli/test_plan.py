"""`aifactory plan` and `aifactory show`, as a user meets them."""

import json
from pathlib import Path

import pytest
import yaml

from aifactory.cli import plan as command
from aifactory.errors import ToolError
from tests.support.cli import ROOT, Terminal
from tests.support.trees import EVERY_STACK


@pytest.mark.parametrize("stack", EVERY_STACK)
def test_every_stack_is_planned_for_people(stack: str, terminal: Terminal) -> None:
    """Each stack's plan is accepted, and its table has every pool, cell count and a section for tokens."""
    done = terminal("plan", stack)
    pools = yaml.safe_load((ROOT / "stacks" / f"Pulumi.{stack}.yaml").read_text())["config"][
        "aifactory:stack"
    ]["pools"]

    assert done.code == 0, done.text
    assert done.out.startswith(f"{stack}: ")
    assert [pool["name"] for pool in pools if pool["name"] not in done.out] == []
    assert "Cells: " in done.out
    assert "Tokens and cost" in done.out
    assert "\x1b" not in done.out


def test_json_is_the_contract_and_the_details(terminal: Terminal) -> None:
    """--json is one object; beyond the contract there is one key."""
    made = json.loads(terminal("plan", "korea-pilot", "--json").out)

    assert made["stack"] == "korea-pilot"
    assert made["compute"]["gpus"] == 600
    assert {"details", "findings", "economics"} < set(made)


def test_a_refused_plan_is_printed_and_ends_with_2(terminal: Terminal, tmp_path: Path) -> None:
    """A plan with an error is shown with the reason and the nearest choice, and ends with 2."""
    content = yaml.safe_load((ROOT / "stacks" / "Pulumi.local.yaml").read_text())
    content["config"]["aifactory:stack"]["pools"][0]["system"] = "rubin-cpx"
    file = tmp_path / "Pulumi.local.yaml"
    file.write_text(yaml.safe_dump(content))

    done = terminal("plan", "--file", str(file))

    assert done.code == 2
    assert "withdrawn-system at pools.0.system" in done.out
    assert "Refused: 1 error" in done.out


def test_a_comparison_says_what_a_phase_adds(terminal: Terminal) -> None:
    """--compare names pools that are added and that grow."""
    done = terminal("plan", "korea-pilot", "--compare", "korea-scale-out")
    made = json.loads(terminal("plan", "korea-pilot", "--compare", "korea-scale-out", "--json").out)

    assert done.code == 0, done.text
    assert "train-vr" in done.out
    assert set(made) == {"a", "b", "difference"}
    assert made["b"]["compute"]["gpus"] > made["a"]["compute"]["gpus"]


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("plan", "korea-pilot", "--compare", "nowhere"), "there is no such stack file"),
        (("plan", "korea-pilot", "--file", "x.yaml"), "a name or --file is needed, not both"),
        (("show", "korea-pilot", "--file", "x.yaml"), "a name or --file is needed, not both"),
        (("plan",), "which stack is meant"),
    ],
)
def test_words_that_do_not_fit_are_one_message(words: tuple[str, ...], what: str, terminal: Terminal) -> None:
    """Unknown stacks and names beside files are said once, and end with 1."""
    done = terminal(*words)

    assert done.code == 1
    assert what in done.err
    assert done.out == ""


def test_simulated_tokens_need_the_extra(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """--simulate-tokens asks the performance model, whose failure is one message; the model is a function here."""

    def absent(*_words: object) -> None:
        raise ToolError("AIConfigurator is not installed")

    monkeypatch.setattr(command, "simulated_rows", absent)
    done = terminal("plan", "korea-pilot", "--simulate-tokens")

    assert done.code == 1
    assert done.err == "error: AIConfigurator is not installed\n"


@pytest.mark.parametrize("stack", EVERY_STACK)
def test_what_show_prints_is_the_stack(stack: str, terminal: Terminal, tmp_path: Path) -> None:
    """The hydrated stack is a stack file with the same plan, and marks what the file does not give."""
    done = terminal("show", stack)
    assert done.code == 0, done.text
    assert "# default" in done.out
    file = tmp_path / f"Pulumi.{stack}.yaml"
    file.write_text(done.out)

    again = json.loads(terminal("plan", "--file", str(file), "--json").out)

    assert again["compute"] == json.loads(terminal("plan", stack, "--json").out)["compute"]


def test_show_as_json_says_where_each_value_is_from(terminal: Terminal) -> None:
    """--json has each value by its path, with its origin."""
    values = json.loads(terminal("show", "korea-pilot", "--json").out)["values"]

    assert values["site.name"] == {"value": "korea-ulsan", "from": "file"}
    assert values["cluster.max_nodes"] == {"value": 5000, "from": "default"}
    assert values["power.pue"]["from"] == "catalogue"
