"""A name that is no stack: what is advised is what the command has."""

import pytest

from tests.support.cli import Terminal

EVIDENCE = ("a-gate", "--tool", "t", "--tool-version", "1", "--who", "w")
NAMES_ONLY = [
    *(["lab", "up"], ["up"], ["destroy"], ["preview"], ["gates"], ["promote", "korea-pilot"], ["evidence"]),
]


@pytest.mark.parametrize("words", NAMES_ONLY, ids=" ".join)
def test_no_message_names_an_option_that_is_not_there(words: list[str], terminal: Terminal) -> None:
    """A command without `--file` does not advise it, and says what a name may be."""
    done = terminal(*words, "stacks/Pulumi.local.yaml", *(EVIDENCE if words == ["evidence"] else ()))

    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "error: stacks/Pulumi.local.yaml: is not the name of a stack; lower-case letters, digits and dashes, at most"
        " 42; name a stack such as korea-pilot\n"
    )
    assert "--file" not in terminal(*words, "--help").out


@pytest.mark.parametrize(
    "command", ["validate", "show", "plan", "render", "probe", "drift", "policy", "mirror"]
)
def test_a_file_in_the_place_of_a_name_is_shown_its_option(command: str, terminal: Terminal) -> None:
    """A command with `--file` advises it where a path is given as a name."""
    done = terminal(command, "stacks/Pulumi.local.yaml")

    assert done.code == 1
    assert done.err.endswith("name a stack such as korea-pilot, or give a file with --file\n")
    assert "--file" in terminal(command, "--help").out
