"""Commands in the pods of a live probe, through kubectl."""

import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from aifactory.errors import LabError
from aifactory.lab.kind.probe_script import CONNECT_S, TOTAL_S
from aifactory.lab.kind.probe_seats import Seat

EXEC_TIMEOUT_S = 120.0
EXECS = 4
"""Sources that open connections at once; more does not help on two cores."""
ResultT = TypeVar("ResultT")


def run_in(seat: Seat, script: str, kubectl: Path, kubeconfig: Path) -> str:
    """Run a shell script in a seat's pod; what it prints.

    Args:
        seat: A seat with a pod.
        script: The script, for the pod's ``sh``.
        kubectl: The kubectl program.
        kubeconfig: The lab's kubeconfig.

    Raises:
        LabError: If it cannot be run, or does not end.
    """
    command = [
        str(kubectl),
        f"--kubeconfig={kubeconfig}",
        f"--namespace={seat.pod_namespace}",
    ]
    command += ["exec", "--stdin", str(seat.pod), "--container=probe", "--", "sh", "-s"]
    try:
        done = subprocess.run(
            command,
            input=script,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=EXEC_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise LabError(
            f"the probe in {seat.endpoint.name} does not end within {EXEC_TIMEOUT_S:.0f} s; connections take"
            f" {CONNECT_S} to {TOTAL_S} s each; see whether the lab's machine is overloaded, and run it again"
        ) from error
    if done.returncode != 0:
        said = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
        raise LabError(
            f"the probe in {seat.endpoint.name} cannot run: {said}; its pod has to run; look at it with kubectl,"
            " and run the probe again"
        )
    return done.stdout


def each(work: Callable[[int], ResultT], sources: Sequence[int]) -> list[ResultT]:
    """Do one thing for every source, some at once; results in their order."""
    with ThreadPoolExecutor(max_workers=EXECS) as pool:
        return list(pool.map(work, sources))
