"""One run at a time changes a lab."""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from aifactory.errors import LabError

LOCK_TIMEOUT_S = 300.0


@contextmanager
def exclusive(file: Path, notify: Callable[[str], None]) -> Iterator[None]:
    """Hold a lock file; the kernel releases it when the process ends, however it ends.

    Args:
        file: The lock file; made if it is not there.
        notify: Told once when another run has to be waited for.

    Raises:
        LabError: If another run holds it for five minutes.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + LOCK_TIMEOUT_S
    told = False
    with file.open("w") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise LabError(
                        f"another run holds {file} for more than {LOCK_TIMEOUT_S:.0f} s;"
                        " one run at a time may change a lab; wait for it or end it"
                    ) from error
                if not told:
                    notify("waiting for another run that changes this lab")
                    told = True
                time.sleep(0.2)
        yield
