"""A terminal that knows ASCII alone gets plain characters in the place of others, and no command fails for it."""

import json
from pathlib import Path

import pytest
import yaml

from tests.support.cli import Ran, run
from tests.support.stacks import minimal_stack

ASCII = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "COLUMNS": "60"}
"""The environment of such a terminal; it is narrow, so that tables are cut."""
LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": ""}
"""The same where nothing but the locale says so."""
KOREAN = "\uc6b8\uc0b0"


def plain(*words: str, code: int = 0, environment: dict[str, str] = ASCII) -> Ran:
    """What a command prints, which is ASCII and no defect, and its exit code the usual one."""
    done = run(*words, environment=environment)
    assert done.text.isascii()
    assert "defect" not in done.text
    assert done.code == code, done.text
    return done


@pytest.fixture
def stack_file(tmp_path: Path) -> Path:
    """A valid stack whose repository has letters of other scripts in its path."""
    delivery = {"repository": f"https://git.example/{KOREAN}\u2265caf\u00e9\U0001f3ed"}
    file = tmp_path / "Pulumi.small.yaml"
    content = yaml.safe_dump(
        {"config": {"aifactory:stack": minimal_stack(delivery=delivery)}}, allow_unicode=True
    )
    file.write_text(content, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("plan", "korea-pilot"), 0),
        (("plan", "korea-pilot", "--compare", "korea-scale-out"), 0),
        (("catalog",), 0),
        (("catalog", "throughput"), 0),
        (("gates", "korea-pilot"), 2),
        (("promote", "korea-pilot", "korea-scale-out"), 2),
        (("lab", "status"), 0),
        (("plan", "--help"), 0),
        (("validate", f"{KOREAN}"), 1),
        (("validate", f"--{KOREAN}"), 1),
        (("validate", "--file", f"{KOREAN}.yaml"), 1),
    ],
)
def test_no_command_fails_for_a_character(words: tuple[str, ...], code: int, tmp_path: Path) -> None:
    """Commands for people print ASCII alone, with the same exit code as everywhere."""
    plain(*words, code=code, environment={**ASCII, "XDG_STATE_HOME": str(tmp_path)})


@pytest.mark.parametrize(("words", "code"), [(("gates", "korea-pilot"), 2), (("validate", KOREAN), 1)])
def test_a_locale_alone_is_enough(words: tuple[str, ...], code: int) -> None:
    """So it is where the locale names ASCII, and nothing says so to Python."""
    plain(*words, code=code, environment=LOCALE)


def test_signs_are_replaced_by_like_ones(stack_file: Path) -> None:
    """Comparisons stay readable, letters lose their accents, other scripts become question marks."""
    shown = plain("show", "--file", str(stack_file)).out

    assert "repository: https://git.example/??>=cafe?" in shown
    assert ">= 72 h" in plain("gates", "korea-pilot", code=2, environment={**ASCII, "COLUMNS": "200"}).out
    assert "\u2265 72 h" in run("gates", "korea-pilot", environment={"PYTHONIOENCODING": "utf-8"}).out


def test_data_are_whole(stack_file: Path) -> None:
    """JSON is escaped where the encoding lacks a character, so that a program reads what is in the file."""
    words = ("show", "--file", str(stack_file), "--json")
    ascii_text, utf8_text = plain(*words).out, run(*words, environment={"PYTHONIOENCODING": "utf-8"}).out

    assert json.loads(ascii_text) == json.loads(utf8_text)
    assert KOREAN in json.loads(ascii_text)["values"]["delivery.repository"]["value"]
    assert KOREAN in utf8_text


def test_a_wrong_stack_is_told(stack_file: Path) -> None:
    """The refusal of a stack file is its usual line."""
    stack_file.write_text(stack_file.read_text("utf-8").replace("phase: pilot", f"phase: {KOREAN}"), "utf-8")

    assert f"{stack_file}: phase: " in plain("validate", "--file", str(stack_file), code=1).err
