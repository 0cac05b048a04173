"""Hosts that do not answer cost seconds, once."""

import socket
import threading
import time
from pathlib import Path

import pytest

from aifactory.lab.tools.download import DownloadStep
from aifactory.lab.tools.platform import current_platform
from aifactory.lab.tools.reach import Reach
from aifactory.lab.tools.step import StepFailedError
from tests.unit.lab_tools.harness import TOOL, Bench, row


@pytest.mark.usefixtures("vendor")
def test_hanging_connection_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name look-up or connection that hangs is given up at the timeout, and not tried again."""
    released = threading.Event()

    def hang(*_: object, **__: object) -> None:
        released.wait(5)
        raise OSError("too late")

    monkeypatch.setattr(socket, "create_connection", hang)
    reach = Reach(timeout_s=0.1)

    begun_s = time.monotonic()
    first, second = (reach.refusal(f"http://vendor.test/{name}") for name in "ab")
    elapsed_s = time.monotonic() - begun_s
    released.set()

    assert first == "vendor.test is unreachable (no connection within 0.1 s)"
    assert second == ("vendor.test skipped, it failed before in this run (no connection within 0.1 s)")
    assert elapsed_s < 1


@pytest.mark.usefixtures("vendor")
def test_silent_host_is_given_up(bench: Bench, tmp_path: Path) -> None:
    """A host that takes the connection and says nothing is given up, and left out for the rest of the run."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        base = f"http://127.0.0.1:{silent.getsockname()[1]}"
        spec = bench.table(row(download={"url": f"{base}/demo", "checksum_url": f"{base}/sums"})).spec(TOOL)
        reach = Reach()
        step = DownloadStep(current_platform(), bench.progress, reach, timeout_s=0.2)

        with pytest.raises(StepFailedError, match=r"/sums failed \(timed out\)"):
            step.obtain(spec, tmp_path / "target")

        assert reach.refusal(base) == "127.0.0.1 skipped, it failed before in this run (timed out)"
