"""Whether a port of this machine can be taken."""

import socket
import time

PORT_TIMEOUT_S = 3.0


def free(port: int) -> bool:
    """Whether nobody listens on a port; a killed process keeps it until its last thread is gone."""
    deadline = time.monotonic() + PORT_TIMEOUT_S
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("0.0.0.0", port))  # noqa: S104 - what the API server binds; nothing listens here
            except OSError:
                if time.monotonic() > deadline:
                    return False
            else:
                return True
        time.sleep(0.1)
