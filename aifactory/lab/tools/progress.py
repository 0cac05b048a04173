"""Progress of long steps: one line a state change, and a heartbeat while a build runs."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

HEARTBEAT_S = 15.0
"""Seconds between two heartbeat lines: rare enough for a CI log, often enough not to look hung."""


class Progress(Protocol):
    """Whoever wants to know what happens."""

    def step(self, tool: str, message: str) -> None:
        """A tool entered a new state; called from any thread."""


class StderrProgress:
    """Writes one line to standard error for each step."""

    def step(self, tool: str, message: str) -> None:
        """Write the line."""
        # One write call, so that lines of two threads never mix.
        sys.stderr.write(f"{tool}: {message}\n")
        sys.stderr.flush()


class SilentProgress:
    """Says nothing."""

    def step(self, tool: str, message: str) -> None:
        """Drop the line."""


@contextmanager
def heartbeat(progress: Progress, tool: str, doing: str, interval_s: float = HEARTBEAT_S) -> Iterator[None]:
    """Report every ``interval_s`` seconds that something is still going on, with the seconds elapsed."""
    begun_s = time.monotonic()
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(interval_s):
            progress.step(tool, f"{doing}, {time.monotonic() - begun_s:.0f} s so far")

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
