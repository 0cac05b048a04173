"""The command line as a module, where its script is not on the PATH."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cli import run


@pytest.mark.parametrize("module", ["aifactory", "aifactory.cli.main"])
@pytest.mark.parametrize(("words", "code"), [(["validate", "local"], 0), (["validate", "nowhere"], 1)])
def test_the_module_is_the_command(module: str, words: list[str], code: int, tmp_path: Path) -> None:
    """`python -m` prints what the script prints, and ends with its code."""
    command = [sys.executable, "-m", module, *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, text=True)
    script = run(*words, cwd=tmp_path)

    assert (done.returncode, done.stdout, done.stderr) == (code, script.out, script.err)
    assert script.code == code
    assert done.stdout + done.stderr


def test_the_module_says_how_it_is_called() -> None:
    """Wrong words are told under the name of the script, whichever way it was called."""
    command = [sys.executable, "-m", "aifactory", "vlidate"]
    done = subprocess.run(command, capture_output=True, check=False, text=True)

    assert done.returncode == 1
    assert done.stderr.startswith("error: aifactory: no such command 'vlidate' (did you mean 'validate'?); ")
