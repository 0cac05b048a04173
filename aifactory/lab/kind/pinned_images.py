"""The lab's own images as one archive, for nodes of a published image, which has none of them."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from aifactory.lab.kind import pinned_tree
from aifactory.lab.kind.closure import TRIPLETS, check_loadable
from aifactory.lab.kind.container_engine import ContainerEngine
from aifactory.lab.kind.image_inputs import fingerprint
from aifactory.lab.kind.images import IMAGES, USERLAND, LabImage, layer_name, own_reference
from aifactory.lab.kind.layers import Content, write_layer
from aifactory.lab.kind.logged import Notify
from aifactory.lab.kind.oci import write_archive
from aifactory.lab.kind.userland import make_userland
from aifactory.lab.kind.workshop import kind_cache, remove_tree, told_of_full_disk, unfinished
from aifactory.lab.tools import Tools
from aifactory.lab.tools.lock import exclusive
from aifactory.lab.tools.platform import current_platform

SOURCES = (
    "closure.py", "elf.py", "images.py", "layers.py", "oci.py", "pinned_images.py", "pinned_tree.py", "userland.py",
)  # fmt: skip
"""Our own files that decide what is in the archive."""
STOCK = frozenset({"local-path-provisioner"})
"""Images of ours that a published node image has a like of: kind's own storage runs there."""
NEEDED_MIB = 1000
"""Largest size while the archive is made, in the cache."""


def own_images() -> tuple[LabImage, ...]:
    """The images that are put onto nodes; those of Kubernetes are there, at the node's own version."""
    return tuple(image for image in IMAGES if not image.kubeadm and image.name not in STOCK)


def own_references() -> tuple[str, ...]:
    """Their full names."""
    return tuple(own_reference(image.name) for image in own_images())


def ensure_archive(engine: ContainerEngine, image: str, tools: Tools, notify: Notify) -> Path:
    """The archive of the lab's own images, from the cache or made; archives of other inputs are gone then.

    Args:
        engine: The engine, which has the node image.
        image: Full name of the published node image, whose user programs are taken.
        tools: The tools of the lane ``kind``.
        notify: Told of every longer step.

    Raises:
        LabError: A step fails, or a disk is full.
        UnknownToolError: A tool was not resolved.
    """
    programs = {tool: tools.path(tool) for own in own_images() for tool in own.programs}
    home = kind_cache() / "own-images"
    folder = home / _hash(engine, image, programs)
    waiting = "waiting for another run that makes the lab's images (pid {})"
    with exclusive(home.with_suffix(".lock"), lambda pid: notify(waiting.format(pid or "unknown"))):
        if not folder.is_dir():
            with told_of_full_disk(home.parent, "the lab's images", NEEDED_MIB), unfinished(folder) as draft:
                work = draft / "work"
                work.mkdir()
                _write(engine, image, programs, work, draft / "images.tar", notify)
                remove_tree(work)
            for old in home.iterdir():
                if old != folder:
                    remove_tree(old)
    return folder / "images.tar"


def _write(
    engine: ContainerEngine, image: str, programs: dict[str, Path], work: Path, out: Path, notify: Notify
) -> None:
    architecture = current_platform().arch
    triplet = TRIPLETS[architecture]
    tree, below = work / "tree", work / USERLAND
    pinned_tree.take_tree(engine, image, triplet, tree, kind_cache() / "logs" / "own-images.log", notify)
    make_userland(tree, below, triplet)
    wanted = own_images()
    notify(f"packing {len(wanted)} container images")
    contents = {USERLAND: Content(tree=below)}
    for own in wanted:
        for tool, path in own.programs.items():
            check_loadable(programs[tool], below if own.userland else None, triplet)
            contents[layer_name(tool, path)] = Content(files={path.lstrip("/"): programs[tool]})
    with ThreadPoolExecutor() as pool:
        layers = dict(
            zip(
                contents, pool.map(lambda content: write_layer(content, work), contents.values()), strict=True
            )
        )
    write_archive([own.spec(own_reference(own.name)) for own in wanted], layers, architecture, out)


def _hash(engine: ContainerEngine, image: str, programs: dict[str, Path]) -> str:
    here = Path(__file__).parent
    inputs = {
        # Its id and not its name: a tag can be moved.
        "image": engine.run(["image", "inspect", "--format", "{{.Id}}", image]).strip(),
        "recipe": pinned_tree.recipe(),
        "programs": {name: fingerprint(path) for name, path in sorted(programs.items())},
        "sources": {name: (here / name).read_text("utf-8") for name in SOURCES},
    }
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:12]
