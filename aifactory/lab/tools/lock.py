"""One builder a tool at a time, across processes."""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def exclusive(lock_file: Path, on_wait: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of a file for the block.

    The lock is the kernel's (``flock``), so it ends with its holder however the holder ends, and there is no
    stale lock to clean up. The holder's pid inside the file is for people only.

    Args:
        lock_file: The file; made if missing, never removed (removing it would let two holders in).
        on_wait: Called once, with the holder's pid (empty if unknown), when the lock is not free.
    """
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait(os.pread(descriptor, 32, 0).decode(errors="replace").strip())
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        # A full disk must not fail the lock: the pid is for people only.
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
