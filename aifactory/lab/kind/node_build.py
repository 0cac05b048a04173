"""Builds the node image as one archive, from a Debian tree, kind's files, the tools and the lab's images."""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from aifactory.lab.kind.base_tree import ensure_base_tree
from aifactory.lab.kind.closure import TRIPLETS, check_loadable
from aifactory.lab.kind.images import (
    IMAGES,
    NODE_PROGRAMS,
    USERLAND,
    kubeadm_references,
    layer_name,
    specs,
)
from aifactory.lab.kind.kind_files import kind_files
from aifactory.lab.kind.layers import Content, Layer, write_layer
from aifactory.lab.kind.logged import Notify
from aifactory.lab.kind.machine import Machine
from aifactory.lab.kind.node_tree import DROPPED, make_node_tree, write_cri_base
from aifactory.lab.kind.oci import ImageSpec, write_archive
from aifactory.lab.kind.preload import preload
from aifactory.lab.kind.userland import make_userland
from aifactory.lab.kind.workshop import remove_tree
from aifactory.lab.tools.table import Table

LABELS = {"aifactory.image": "kind-node"}
"""Marks our node images, also those that lost their name."""
_ENTRYPOINT = ("/usr/local/bin/entrypoint", "/sbin/init")


@dataclass(frozen=True)
class NodeBuild:
    """What a build needs.

    Attributes:
        cache: Folder of the kind lab's cache.
        tools: File of each tool, by name.
        table: The tools' versions.
        machine: This machine.
        architecture: ``amd64`` or ``arm64``.
        notify: Told of every longer step.
    """

    cache: Path
    tools: Mapping[str, Path]
    table: Table
    machine: Machine
    architecture: str
    notify: Notify

    @property
    def log(self) -> Path:
        """Log of containerd and its client."""
        return self.cache / "logs" / "node-image.log"

    def write(self, reference: str, out: Path, work: Path) -> None:
        """Write the archive of the node image; the caller holds the lock of the cache.

        Args:
            reference: Full name of the image.
            out: The archive.
            work: An empty folder for what is made on the way; removed.

        Raises:
            LabError: An input is missing or a step fails.
        """
        tree = ensure_base_tree(self.cache, self.machine, self.notify)
        self.log.unlink(missing_ok=True)
        files = kind_files(self.table, self.log, self.notify)
        version = self.table.spec("kubeadm").version
        names = kubeadm_references(self.tools["kubeadm"], version)
        wanted = specs(names)
        self.notify(f"packing {len(wanted)} container images")
        archive = self._images(tree, wanted, work)
        node = work / "node"
        make_node_tree(node, files, version, names["pause"], restricted=not self.machine.sys_resource)
        write_cri_base(self.tools["ctr"], node / "etc/containerd/cri-base.json")
        self.notify("loading them into the store of the node")
        expected = [name for image in wanted for name in image.references]
        store = work / "images/var/lib/containerd"
        preload(store, archive, expected, self.tools["containerd"], self.tools["ctr"], self.log, self.notify)
        archive.unlink()
        self.notify("packing the node image")
        programs = {path.lstrip("/"): self.tools[tool] for tool, path in NODE_PROGRAMS.items()}
        for program in programs.values():
            check_loadable(program, tree, TRIPLETS[self.architecture])
        layers = self._pack(
            {
                "debian": Content(tree=tree, dropped=DROPPED, owners=True),
                "node": Content(tree=node, files=programs),
                "images": Content(tree=work / "images", packed=True),
            },
            work,
        )
        image = ImageSpec(
            references=(reference,), layers=("debian", "node", "images"), entrypoint=_ENTRYPOINT,
            environment=("container=docker",), stop_signal="SIGRTMIN+3", labels=LABELS,
        )  # fmt: skip
        write_archive([image], layers, self.architecture, out)
        remove_tree(work)

    def _images(self, tree: Path, wanted: tuple[ImageSpec, ...], work: Path) -> Path:
        userland = work / USERLAND
        make_userland(tree, userland, TRIPLETS[self.architecture])
        contents = {USERLAND: Content(tree=userland)}
        for image in IMAGES:
            for tool, path in image.programs.items():
                check_loadable(
                    self.tools[tool], userland if image.userland else None, TRIPLETS[self.architecture]
                )
                contents[layer_name(tool, path)] = Content(files={path.lstrip("/"): self.tools[tool]})
        layers = self._pack(contents, work)
        archive = work / "images.tar"
        write_archive(wanted, layers, self.architecture, archive)
        for layer in layers.values():
            layer.blob.unlink()
        return archive

    @staticmethod
    def _pack(contents: Mapping[str, Content], folder: Path) -> dict[str, Layer]:
        """Write layers, as many at a time as there are processors; zlib works outside of Python's lock."""
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            written = pool.map(lambda content: write_layer(content, folder), contents.values())
            return dict(zip(contents, written, strict=True))
