"""An OCI runtime that asks runc for nothing this machine's root cannot give.

Where root lacks CAP_SYS_RESOURCE, runc cannot grant that capability, raise a hard resource limit or lower an OOM
score, and refuses the whole container. This program takes these three wishes out of the container's files and
becomes runc. It is on the path of every start and every exec, hence: the standard library's lightest modules
only. It is copied out of the package before use, so that it stays when the package goes.
"""

from __future__ import annotations

import json
import os
import sys

TYPE_CHECKING = False  # importing typing takes longer than the work
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, NoReturn

CAPABILITY = "CAP_SYS_RESOURCE"
GLOBAL_VALUES = frozenset({"--log", "--log-format", "--root", "--criu", "--rootless"})
"""Options before runc's command that take a value (runc 1.1)."""
RUNC = ("/usr/local/sbin/runc", "/usr/sbin/runc", "/usr/local/bin/runc", "/usr/bin/runc")


def without(process: dict[str, Any]) -> None:
    """Take capability, limits and a lowered OOM score out of the description of a process."""
    for names in (process.get("capabilities") or {}).values():
        if CAPABILITY in names:
            names.remove(CAPABILITY)
    process.pop("rlimits", None)
    if (process.get("oomScoreAdj") or 0) < 0:
        del process["oomScoreAdj"]


def without_in_bundle(config: dict[str, Any]) -> None:
    """The same for the process of a container's ``config.json``."""
    if config.get("process"):
        without(config["process"])


def command(arguments: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The runc command, and what follows it; empty where there is none."""
    at = 0
    while at < len(arguments):
        word = arguments[at]
        if not word.startswith("-"):
            return word, arguments[at + 1 :]
        at += 2 if word in GLOBAL_VALUES else 1
    return "", ()


def option(arguments: Sequence[str], long: str, short: str) -> str | None:
    """Value of an option in either spelling; None where it is not given."""
    for at, word in enumerate(arguments):
        if word in {long, short} and at + 1 < len(arguments):
            return arguments[at + 1]
        if word.startswith(f"{long}="):
            return word.partition("=")[2]
    return None


def edit(path: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Change a JSON file, by a rename, so that it is never half written."""
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - importing pathlib doubles the time of a start
        content = json.load(file)
    change(content)
    new = f"{path}.new"
    with open(new, "w", encoding="utf-8") as file:  # noqa: PTH123
        json.dump(content, file)
    os.replace(new, path)  # noqa: PTH105


def prepare(arguments: Sequence[str]) -> None:
    """Change the files that a runc command line names."""
    name, rest = command(arguments)
    if name in {"create", "run", "restore"}:
        edit(f"{option(rest, '--bundle', '-b') or '.'}/config.json", without_in_bundle)
    elif name == "exec":
        process = option(rest, "--process", "-p")
        if process is not None:
            edit(process, without)


def main() -> NoReturn:
    """Change the files and become runc."""
    prepare(sys.argv[1:])
    runc = next((path for path in RUNC if os.access(path, os.X_OK)), "runc")
    os.execvp(runc, [runc, *sys.argv[1:]])  # noqa: S606 - becoming another program is the point


if __name__ == "__main__":
    main()
