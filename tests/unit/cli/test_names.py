"""Names on the command line that lead to no stack, or to no folder: what is advised is what the command has."""

from pathlib import Path

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


GITOPS = ("--engine", "flux", "--repository", "https://git.example/fleet")


@pytest.mark.parametrize("words", [(), GITOPS, (*GITOPS, "--check")], ids=["plain", "tree", "check"])
@pytest.mark.parametrize("inner", ["", "folder"])
def test_a_file_is_no_folder_for_a_tree(
    words: tuple[str, ...], inner: str, terminal: Terminal, tmp_path: Path
) -> None:
    """A file in the place of the folder is one error of every kind of render, --check too, and stays as it is."""
    file = tmp_path / "file"
    file.write_text("mine")

    done = terminal("render", "local", *words, "--out", str(file / inner))

    assert (done.code, done.out) == (1, "")
    assert done.err == (
        f"error: {file}: is a file, and a tree is a folder; a folder, or a name that nothing has yet, is allowed;"
        " name another one with --out\n"
    )
    assert file.read_text() == "mine"


def test_a_file_in_the_place_of_a_stack_s_folder_is_refused(terminal: Terminal, tmp_path: Path) -> None:
    """So is a file where the folder of one stack's tree has to be."""
    (tmp_path / "local").write_text("mine")

    done = terminal("render", "local", *GITOPS, "--check", "--out", str(tmp_path))

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"error: {tmp_path / 'local'}: is a file, and a tree is a folder; ")
