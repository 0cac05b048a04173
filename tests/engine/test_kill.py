"""Runs that are killed at random moments converge by the same command. Does not prove anything about hardware."""

import contextlib
import ctypes
import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from aifactory.deliver.cluster import at_once
from aifactory.manifests.model import KubernetesObject
from tests.support.lab import SIMULATED, Lab, copied_checkout, edit_stack, lab
from tests.support.processes import children_of, kill_all, wait

pytestmark = pytest.mark.engine
KILLS = 20
PR_SET_CHILD_SUBREAPER = 36
"""Linux: orphans below this process become its children."""
HOW = ("everything", "the command alone", "the engine alone")


@dataclass
class Killer:
    """Kills runs at moments that a seed decides, and counts what it hit."""

    lab: Lab
    chance: random.Random
    log: list[str] = field(default_factory=list)
    early: int = 0
    """Kills that landed while the run was under way."""

    def strike(self, command: str, before_s: float, how: str) -> None:
        """Kill one run of the command within a time; a run that ended before is counted as a miss."""
        delay_s = self.chance.uniform(0.2, before_s)
        process = self.lab.shell.start(command, self.lab.stack, *SIMULATED)
        try:
            process.communicate(timeout=delay_s)
            hit = "missed: it had ended"
        except subprocess.TimeoutExpired:
            family = [process.pid, *children_of(process.pid)]
            kill_all(_victims(family, how))
            if how == "the engine alone":
                process.communicate()
            hit = "hit"
            self.early += 1
        finally:
            _close(process)
        self.log.append(f"{command} after {delay_s:.2f} s, {how}: {hit}")


def _victims(family: list[int], how: str) -> list[int]:
    if how == "everything":
        return family
    if how == "the command alone":
        return family[:1]
    return [pid for pid in family if _name(pid) == "pulumi"] or family[:1]


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def _close(process: "subprocess.Popen[str]") -> None:
    """Reap the command; an orphaned engine goes on, without anybody who reads its output."""
    if process.poll() is None:
        os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=30)
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


@pytest.fixture(scope="module")
def killer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killer]:
    """One lab of the small stack, from a checkout whose stacks may be edited."""
    seed = int(os.environ.get("AIFACTORY_TEST_SEED", time.time_ns() % 100_000))
    checkout = copied_checkout(tmp_path_factory.mktemp("checkout"))
    with lab("local", tmp_path_factory.mktemp("kill"), checkout) as made:
        made.shell.run("lab", "up", "local").succeeded()
        killer = Killer(made, random.Random(seed))  # noqa: S311 - moments of kills, not secrets
        yield killer
        print(f"\nAIFACTORY_TEST_SEED={seed}; {killer.early} of {len(killer.log)} kills hit a run:")  # noqa: T201
        print("\n".join(killer.log))  # noqa: T201


def _start_over(made: Lab) -> None:
    """As before the first up, but for the namespaces, whose removal takes five seconds a layer."""
    cluster = made.cluster()
    at_once(cluster.delete, [item for item in made.live().values() if item["kind"] != "Namespace"])
    shutil.rmtree(made.directory / "pulumi", ignore_errors=True)


def _timed_up(made: Lab) -> float:
    began = time.monotonic()
    made.up()
    return time.monotonic() - began


def test_a_killed_up_converges(killer: Killer) -> None:
    """After each of many kills of up, some of them in a row, the same command makes all objects, each once."""
    made = killer.lab
    takes_s = _timed_up(made)
    while len(killer.log) < KILLS:
        _start_over(made)
        for _ in range(min(killer.chance.choice((1, 2, 3)), KILLS - len(killer.log))):
            killer.strike("up", takes_s, HOW[len(killer.log) % len(HOW)])
        takes_s = (takes_s + _timed_up(made)) / 2
        made.assert_converged()
    assert killer.early >= KILLS // 2, killer.log


def test_a_killed_update_converges(killer: Killer) -> None:
    """After a killed update, up makes what the stack file says now and nothing of what it said before."""
    made = killer.lab
    takes_s = _timed_up(made)

    def other(stack: dict[str, Any]) -> None:
        stack["pools"] = [pool for pool in stack["pools"] if pool["name"] != "whole"]
        stack["storage"]["quotas"][0]["claims"] = 11
        stack["pools"][0]["name"] = "renamed"

    edit_stack(made.shell.checkout, made.stack, other)
    killer.strike("up", takes_s, "everything")
    made.up()
    made.assert_converged()
    assert made.up()["engine_ran"] is False


def test_an_engine_without_its_driver_is_waited_for(killer: Killer) -> None:
    """Where not process 1 but another one adopts orphans, an engine that lost its driver is waited for too."""
    made = killer.lab
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    try:
        made.up()
        _start_over(made)
        process = made.shell.start("up", made.stack, *SIMULATED)
        locks = made.directory / "pulumi" / "state" / ".pulumi" / "locks"
        wait(lambda: any(locks.rglob("*.json")), 60, lambda: list(locks.rglob("*")))
        kill_all([process.pid])
        _close(process)
        made.up()
        made.assert_converged()
    finally:
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 0)
        _reap()


def _reap() -> None:
    """Forget the adopted processes that have ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def test_a_lost_state_is_taken_over(killer: Killer) -> None:
    """Without the engine's state, up takes the live objects over, drops fields and replaces what it must."""
    made, extra = killer.lab, "example.com/dropped"
    storage_class: KubernetesObject = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "scratch"},
    }

    def labelled(stack: dict[str, Any]) -> None:
        stack["pools"][0]["labels"] = {extra: "yes"}

    def reclaimed(stack: dict[str, Any]) -> None:
        del stack["pools"][0]["labels"]
        stack["storage"]["tiers"][0]["reclaim"] = "Retain"

    edit_stack(made.shell.checkout, made.stack, labelled)
    made.up()
    assert extra in json.dumps(list(made.live().values()))
    shutil.rmtree(made.directory / "pulumi")
    edit_stack(made.shell.checkout, made.stack, reclaimed)
    made.up()
    made.assert_converged()
    live = {key: {**item, "metadata": None} for key, item in made.live().items()}
    assert extra not in json.dumps(live)
    assert (made.cluster().get(storage_class) or {})["reclaimPolicy"] == "Retain"


def test_a_killed_destroy_converges(killer: Killer) -> None:
    """After killed runs of destroy, destroy leaves nothing in the cluster and nothing in the engine's state."""
    made = killer.lab
    made.up()
    for how in HOW[:2]:
        killer.strike("destroy", 8.0, how)
    made.destroy()
    assert made.live() == {}
    assert made.recorded() == []
