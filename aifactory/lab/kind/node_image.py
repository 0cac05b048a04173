"""The image of the lab's nodes: built once for its inputs, kept in the engine and, as a file, in the cache."""

from pathlib import Path

from aifactory.errors import LabError
from aifactory.lab.kind.container_engine import ContainerEngine
from aifactory.lab.kind.image_inputs import image_hash
from aifactory.lab.kind.images import image_tools
from aifactory.lab.kind.logged import DISK_FULL, Notify
from aifactory.lab.kind.machine import Machine
from aifactory.lab.kind.node_build import LABELS, NodeBuild
from aifactory.lab.kind.workshop import kind_cache, remove_tree, told_of_full_disk, unfinished
from aifactory.lab.tools import Tools, default_table
from aifactory.lab.tools.lock import exclusive
from aifactory.lab.tools.platform import current_platform

REPOSITORY = "aifactory.local/kind-node"
NODE_TOOLS = image_tools()
"""Names of the tools that have to be resolved before: all that is in the image."""
NEEDED_MIB = 2500
"""Largest size while the image is made, in the cache."""
LOAD_TIMEOUT_S = 900.0


def ensure_node_image(engine: ContainerEngine, tools: Tools, notify: Notify) -> str:
    """The node image is in the engine afterwards; older ones of ours that no container uses are gone.

    The file in the cache has the size of the image and is worth it: an engine with a new data folder loads it in
    seconds, where a build takes minutes.

    Args:
        engine: The engine.
        tools: The tools of `NODE_TOOLS`, resolved.
        notify: Told of every longer step.

    Returns:
        Its full name; the tag is a hash over everything it is made of.

    Raises:
        LabError: It cannot be built here, a step fails, or a disk is full.
        UnknownToolError: A tool was not resolved.
    """
    cache = kind_cache()
    machine = Machine.current()
    table = default_table()
    files = {name: tools.path(name) for name in NODE_TOOLS}
    architecture = current_platform().arch
    kind = table.spec("kind").version
    tag = image_hash(files, kind, architecture, restricted=not machine.sys_resource)
    reference = f"{REPOSITORY}:{tag}"
    if present(engine, reference):
        return reference
    waiting = "waiting for another run that builds the node image (pid {})"
    with exclusive(cache / "image.lock", lambda pid: notify(waiting.format(pid or "unknown"))):
        # Another run may have built it while this one waited.
        if not present(engine, reference):
            build = NodeBuild(cache, files, table, machine, architecture, notify)
            load(engine, cached_archive(build, reference, tag), reference, notify)
            remove_older(engine, reference, notify)
    return reference


def present(engine: ContainerEngine, reference: str) -> bool:
    """Whether the engine has an image."""
    return bool(engine.run(["image", "ls", "--quiet", reference]).strip())


def cached_archive(build: NodeBuild, reference: str, tag: str) -> Path:
    """The archive of the image, from the cache or built; archives of other inputs are removed after a build."""
    folder = build.cache / "images" / tag
    if not folder.is_dir():
        build.notify(f"building the node image {reference}")
        with told_of_full_disk(build.cache, "the node image", NEEDED_MIB), unfinished(folder) as draft:
            work = draft / "work"
            work.mkdir()
            build.write(reference, draft / "image.tar", work)
        for old in folder.parent.iterdir():
            if old != folder:
                remove_tree(old)
    return folder / "image.tar"


def load(engine: ContainerEngine, archive: Path, reference: str, notify: Notify) -> None:
    """Load an archive into the engine.

    Raises:
        LabError: The engine refuses it, has no room, or does not have the image afterwards.
    """
    notify(f"loading the node image into {engine.name} ({archive.stat().st_size >> 20} MiB)")
    try:
        engine.run(["load", "--input", str(archive)], timeout_s=LOAD_TIMEOUT_S)
    except LabError as error:
        if DISK_FULL not in str(error).lower():
            raise
        raise LabError(
            f"{engine.name} has no room for the node image of {archive.stat().st_size >> 20} MiB; it takes twice that"
            f" in {engine.info().data_root}; make room there, for example with '{engine.name} image prune'"
        ) from error
    if not present(engine, reference):
        raise LabError(
            f"{engine.name} loaded {archive} and has no {reference}; the archive has to hold it;"
            f" remove {archive.parent} and run again"
        )


def remove_older(engine: ContainerEngine, reference: str, notify: Notify) -> None:
    """Remove our node images of other inputs, and nameless ones; those a container uses stay."""
    listed = engine.run(["image", "ls", "--format", "{{.Repository}}:{{.Tag}}", REPOSITORY]).split()
    label = ",".join(f"{name}={value}" for name, value in LABELS.items())
    nameless = engine.run(
        ["image", "ls", "--quiet", "--filter", "dangling=true", "--filter", f"label={label}"]
    )
    for image in dict.fromkeys([*listed, *nameless.split()]):
        if image == reference:
            continue
        try:
            engine.run(["image", "rm", image])
        except LabError:
            notify(f"the older node image {image} stays: {engine.name} does not remove what a container uses")
        else:
            notify(f"removed the older node image {image}")
