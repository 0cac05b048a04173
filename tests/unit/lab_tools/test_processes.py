"""Several runs at once, and runs that are killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.lab_tools.harness import TOOL, Bench

PROGRAM = """
import sys
from pathlib import Path
from aifactory.lab.tools import Toolbox, load_table
Toolbox(Path(sys.argv[1]), table=load_table(Path(sys.argv[2]))).ensure([sys.argv[3]])
"""
ROOT = Path(__file__).parents[3]


def run(bench: Bench, stderr: Path) -> subprocess.Popen[bytes]:
    """Start another process that wants the tool; its report goes to a file."""
    environ = {**bench.environ(), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PROGRAM, str(bench.cache), str(bench.table_file()), TOOL]
    with stderr.open("wb") as out:
        return subprocess.Popen(command, env=environ, stderr=out, start_new_session=True)


def wait_for(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    """Wait until a condition holds."""
    end_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end_s, "the condition did not come true in time"
        time.sleep(0.02)


def test_two_processes_build_once(bench: Bench) -> None:
    """The second process says whom it waits for, and then uses what the first has built."""
    bench.go_env["FAKE_GO_WAIT"] = str(bench.root / "go-on")
    first_report, second_report = bench.root / "first", bench.root / "second"
    first = run(bench, first_report)
    wait_for(lambda: bench.go_calls == 1)
    second = run(bench, second_report)
    message = f"{TOOL}: waiting for another run that builds {TOOL} (pid {first.pid})"
    wait_for(lambda: message in second_report.read_text())

    (bench.root / "go-on").touch()

    assert (first.wait(10), second.wait(10)) == (0, 0)
    assert bench.go_calls == 1
    assert bench.entry.stat().st_mode & 0o111


@pytest.mark.parametrize("whole_group", [True, False], ids=["with its go", "alone"])
def test_killed_run_leaves_no_harm(bench: Bench, whole_group: bool) -> None:
    """After kill -9 in the middle of a build, the next run is not locked out and gives a whole tool."""
    go_on = bench.root / "go-on"
    bench.go_env["FAKE_GO_WAIT"] = str(go_on)
    killed = run(bench, bench.root / "report")
    wait_for(lambda: bench.go_calls == 1 and bool(bench.leftovers()))
    if whole_group:
        os.killpg(killed.pid, signal.SIGKILL)
    else:
        killed.kill()
    killed.wait(10)
    bench.go_env.clear()

    tools = bench.box().ensure([TOOL])

    go_on.touch()
    done = subprocess.run([tools.path(TOOL)], capture_output=True, text=True, check=True)
    assert done.stdout == "demo 1.2.3\n"
    assert bench.go_calls == 2
    assert "waiting" not in bench.progress.text
