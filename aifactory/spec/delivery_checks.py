"""Where a tree is in Git: one form for the stack file and for the words of the command line."""

import re
from collections.abc import Iterator

from aifactory.errors import Problem
from aifactory.spec.stack import Stack

_ADDRESS = re.compile(
    r"(https?|ssh)://([^\s/@]+@)?([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/\S*)?"
)
"""Scheme, user, host, port, path. Plain HTTP is for one's own machine, and a stack file does not allow it."""
_PORTS = range(1, 65536)
_STEP = re.compile(r"[A-Za-z0-9._-]+")
_BRANCH = re.compile(r"(?![-./])(?!.*(\.\.|//|@\{|/\.))[^\s~^:?*\[\\\x00-\x1f\x7f]+(?<![./])(?<!\.lock)")
"""What Git lets a branch be named."""


def place_problems(repository: str | None, revision: str, path: str) -> Iterator[Problem]:
    """Every problem with where a tree is; each names ``repository``, ``revision`` or ``path``.

    Args:
        repository: Address of the Git repository; None where none is given.
        revision: Branch that the engine follows.
        path: Folder of the trees in the repository.
    """
    if repository is not None and not _is_address(repository):
        yield Problem(
            "repository",
            "is no address of a Git repository",
            "an address with scheme and host, https:// or ssh://, without spaces",
            "write it like https://git.example/fleet or ssh://git@git.example/fleet",
        )
    if not _BRANCH.fullmatch(revision):
        yield Problem(
            "revision",
            f"{revision!r} is no name of a branch",
            "what Git allows: no spaces, no leading dash, none of ~ ^ : ? * [",
            "name the branch that the engine follows, such as main",
        )
    if not all(_STEP.fullmatch(step) and step not in {".", ".."} for step in path.split("/")):
        yield Problem(
            "path",
            f"{path!r} is no folder of the repository",
            "folders of letters, digits, dots, dashes and underscores, below the repository's root",
            "name a folder such as clusters, without a leading slash and without ..",
        )


def _is_address(repository: str) -> bool:
    parts = _ADDRESS.fullmatch(repository)
    return parts is not None and (parts[5] is None or int(parts[5][1:]) in _PORTS)


def delivery_place(stack: Stack) -> Iterator[Problem]:
    """The place of the tree in Git is one that Git and an engine can find."""
    delivery = stack.delivery
    for problem in place_problems(delivery.repository, delivery.revision, delivery.path):
        yield Problem(f"delivery.{problem.path}", problem.what, problem.allowed, problem.fix)


CHECKS = (delivery_place,)
