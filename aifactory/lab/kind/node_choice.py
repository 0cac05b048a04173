"""Which image the nodes of a lab are made of: the published one where its registry answers, else our own."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aifactory.errors import LabError
from aifactory.lab.kind import pinned
from aifactory.lab.kind.container_engine import ContainerEngine
from aifactory.lab.kind.logged import DISK_FULL, Notify, NotifyProgress
from aifactory.lab.kind.node_image import REPOSITORY, ensure_node_image
from aifactory.lab.kind.workshop import kind_cache
from aifactory.lab.tools import Toolbox, Tools, tools_for
from aifactory.lab.tools.progress import heartbeat

SWITCH = "AIFACTORY_KIND_NODE"
"""Names the variable with which a person decides."""
AUTO, BUILT, PUBLISHED = "auto", "built", "pinned"
NODE_LANE = "kind-node"
"""The lane of the tools that only a node image of our own is made of."""
PULL_TIMEOUT_S = 1800.0
PULLED_MIB = 1500
"""Room that the published image takes in an engine, about."""
_IMAGE = re.compile(r"[a-z0-9][\w.:-]*/[\w./-]+(:[\w.-]+|@sha256:[0-9a-f]{64})")


@dataclass(frozen=True)
class NodeImage:
    """The image of a lab's nodes.

    Attributes:
        reference: Its full name.
        furnished: Whether the lab's own images and programs are in it; if not, they are put onto each node.
    """

    reference: str
    furnished: bool


def asked(environ: Mapping[str, str] = os.environ) -> str:
    """What a person decided: ``auto``, ``built``, ``pinned``, or the full name of another image of kind's.

    Raises:
        LabError: The variable has any other value.
    """
    value = environ.get(SWITCH, "").strip() or AUTO
    if value in {AUTO, BUILT, PUBLISHED} or _IMAGE.fullmatch(value):
        return value
    raise LabError(
        f"{SWITCH} is '{value}'; {AUTO}, {BUILT}, {PUBLISHED}, or the full name of a node image of kind's with its tag"
        f" or digest, such as registry.example/kindest/node:v1.34.8, are allowed; set it to one of them, or unset it"
    )


def ensure_node(
    engine: ContainerEngine,
    tools: Tools,
    notify: Notify,
    answers: Callable[[], bool] = pinned.registry_answers,
) -> NodeImage:
    """An image for nodes is in the engine afterwards: pulled, or built here.

    Args:
        engine: The engine.
        tools: The tools of the lane ``kind``; what only a build needs is obtained for a build alone.
        notify: Told of every longer step.
        answers: Says whether the registry of the published image answers; asked only where nobody decided and
            nothing is there.

    Raises:
        LabError: A person decided for an image that cannot be had; or it cannot be built here.
    """
    wanted = asked()
    if wanted == AUTO:
        found = _published(engine, notify, answers)
    else:
        found = None if wanted == BUILT else _demanded(engine, wanted, notify)
    if found is not None:
        return NodeImage(found, furnished=False)
    more = Toolbox.default().ensure(tools_for(NODE_LANE))
    every = Tools({**tools.paths, **more.paths}, tools.bin_dir)
    return NodeImage(ensure_node_image(engine, every, notify), furnished=True)


def expected(engine: ContainerEngine | None, answers: Callable[[], bool] = pinned.registry_answers) -> str:
    """What the next cluster's nodes would be made of, and why, in a line; nothing is pulled or built.

    Raises:
        LabError: The variable has a value that is not allowed.
    """
    wanted = asked()
    if wanted != AUTO:
        return f"{wanted}, as {SWITCH} says"
    if engine is not None and _built_before(engine):
        return f"{BUILT}, as one was built before"
    if engine is not None and present(engine, pinned.PINNED):
        return f"{PUBLISHED}, which is there"
    if engine is not None and engine.info().cgroup_version < pinned.CGROUP:
        return f"{BUILT}, as this machine has cgroup version 1"
    return f"{PUBLISHED}, its registry answers" if answers() else f"{BUILT}, as no registry answers"


def present(engine: ContainerEngine, reference: str) -> bool:
    """Whether an engine has an image by its full name, tag or digest."""
    try:
        return bool(engine.run(["image", "inspect", "--format", "{{.Id}}", reference]).strip())
    except LabError:
        return False  # an engine that fails for another reason fails again in the next command, and says so


def _published(engine: ContainerEngine, notify: Notify, answers: Callable[[], bool]) -> str | None:
    """The published image where it is there or can be had; None where one is to be built."""
    if _built_before(engine):
        return None
    if present(engine, pinned.PINNED):
        return pinned.PINNED
    if engine.info().cgroup_version < pinned.CGROUP or not answers():
        return None
    try:
        _pull(engine, pinned.PINNED, notify)
    except LabError as error:
        notify(f"the published node image cannot be had, so one is built: {error}")
        return None
    return pinned.PINNED


def _demanded(engine: ContainerEngine, wanted: str, notify: Notify) -> str:
    reference = pinned.PINNED if wanted == PUBLISHED else wanted
    if wanted == PUBLISHED and engine.info().cgroup_version < pinned.CGROUP:
        raise LabError(
            f"{SWITCH} is '{wanted}' and {engine.name} runs on cgroup version {engine.info().cgroup_version}; the"
            f" published node image starts on version {pinned.CGROUP} only; set {SWITCH} to {BUILT}"
        )
    if not present(engine, reference):
        _pull(engine, reference, notify)
    return reference


def _built_before(engine: ContainerEngine) -> bool:
    """Whether a node image of ours is in the engine, or its file in the cache."""
    return bool(
        any((kind_cache() / "images").glob("*/image.tar"))
        or engine.run(["image", "ls", "--quiet", REPOSITORY]).strip()
    )


def _pull(engine: ContainerEngine, reference: str, notify: Notify) -> None:
    notify(f"pulling {reference}")
    try:
        with heartbeat(NotifyProgress(notify), f"{engine.name} pull", "still running"):
            engine.run(["pull", "--quiet", reference], timeout_s=PULL_TIMEOUT_S)
    except LabError as error:
        if DISK_FULL in str(error).lower():
            raise LabError(
                f"{engine.name} has no room for {reference}; it takes about {PULLED_MIB} MiB in"
                f" {engine.info().data_root}; make room there, for example with '{engine.name} image prune'"
            ) from error
        raise LabError(
            f"{reference} cannot be pulled: {error}; a registry has to serve it to {engine.name}; see whether it does,"
            f" or set {SWITCH} to {BUILT}"
        ) from error
