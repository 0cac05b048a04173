"""Processes of this machine by their number."""

import os


def alive(pid: int) -> bool:
    """Whether a process of this number takes signals; one of another user does."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
