"""A STAND-IN for the node image that kind publishes, where no registry serves the real one.

It is made from the lab's own inputs, and has only what ``kindest/node`` v1.34 has according to kind's sources: the
images of Kubernetes and of kind's storage under kind's names, four network plug-ins, kind's own configuration of
containerd, and no ipset, socat or static busybox. It differs in its Debian (12, which starts on cgroup version 1), in
the patch of Kubernetes, and in that kind's network, FUSE, NFS and iSCSI programs are left out, which the lab does not
use. What a lab on it proves is the lab's side: that it furnishes such nodes with all that they lack.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from aifactory.lab.kind.base_tree import ensure_base_tree
from aifactory.lab.kind.closure import MERGED
from aifactory.lab.kind.container_engine import ContainerEngine
from aifactory.lab.kind.docker_service import DockerService
from aifactory.lab.kind.images import IMAGES, NODE_PROGRAMS, USERLAND, kubeadm_references
from aifactory.lab.kind.kind_files import kind_files
from aifactory.lab.kind.layers import Content
from aifactory.lab.kind.machine import Machine
from aifactory.lab.kind.node_build import NodeBuild
from aifactory.lab.kind.node_choice import NODE_LANE
from aifactory.lab.kind.node_image import load
from aifactory.lab.kind.node_tree import DROPPED, make_node_tree, write_cri_base
from aifactory.lab.kind.oci import ImageSpec, write_archive
from aifactory.lab.kind.preload import preload
from aifactory.lab.kind.workshop import kind_cache
from aifactory.lab.tools import Toolbox, default_table, tools_for
from aifactory.lab.tools.platform import current_platform
from aifactory.manifests.kind_target import lab_image

STAND_IN = "AIFACTORY_KIND_STAND_IN"
"""Where this is set, the lane kind runs on nodes of the stand-in, furnished as nodes of the published image are."""
REFERENCE = "aifactory.local/stand-in-for-kindest-node:v1.34"
PLUGINS = ("host-local", "loopback", "portmap", "ptp")
ABSENT_PACKAGES = ("busybox-static", "ipset", "libipset13", "socat")
"""Debian packages of the lab's own node that kind's base image does not install (images/base/Dockerfile)."""
STORAGE_IMAGES = {
    lab_image("local-path-provisioner"): "docker.io/kindest/local-path-provisioner:stand-in",
    lab_image(USERLAND): "docker.io/kindest/local-path-helper:stand-in",
}


def provide(home: Path, work: Path) -> None:
    """The stand-in is in the engine that a lab with this state home uses; the engine runs.

    Args:
        home: The state home.
        work: An empty folder; the archive and what it is made of are removed again.
    """
    engine = DockerService(Machine.current(), home / "aifactory" / "docker").ensure_running(print)
    archive = work / "stand-in.tar"
    _write(archive, work / "made")
    load(engine, archive, REFERENCE, print)
    archive.unlink()


def looks_like_kinds(engine: ContainerEngine) -> None:
    """Fail unless the image lacks all that a lab has to bring."""

    def said(script: str) -> list[str]:
        return engine.run(["run", "--rm", "--entrypoint=/bin/sh", REFERENCE, "-c", script]).split()

    assert sorted(said("ls /opt/cni/bin")) == sorted(PLUGINS)
    assert said("for one in busybox ipset socat; do command -v $one || :; done") == []
    assert said("ls /etc/systemd/system/containerd.service.d 2>/dev/null || :") == []
    assert said("cd /var/lib/containerd && grep -rla aifactory.local . || :") == []


def _write(out: Path, work: Path) -> None:
    tools = Toolbox.default().ensure([*tools_for("kind"), *tools_for(NODE_LANE)])
    build = NodeBuild(
        kind_cache(), tools.paths, default_table(), Machine.current(), current_platform().arch, print
    )
    tree = ensure_base_tree(build.cache, build.machine, print)
    files = kind_files(build.table, build.log, print)
    version = build.table.spec("kubeadm").version
    names = kubeadm_references(build.tools["kubeadm"], version)
    node = work / "node"
    work.mkdir()
    _make_node(node, files, version, names["pause"], build.tools["ctr"])
    _forget_packages(tree, node)
    wanted = tuple(_stock_images(names))
    store = work / "images/var/lib/containerd"
    expected = [name for image in wanted for name in image.references]
    archive = build._images(tree, wanted, work)
    preload(store, archive, expected, build.tools["containerd"], build.tools["ctr"], build.log, print)
    archive.unlink()
    programs = {
        place.lstrip("/"): build.tools[tool]
        for tool, place in NODE_PROGRAMS.items()
        if not tool.startswith("cni-") or tool.removeprefix("cni-") in PLUGINS
    }
    contents = {
        "debian": Content(tree=tree, dropped=(*DROPPED, *_files_of(tree)), owners=True),
        "node": Content(tree=node, files=programs),
        "images": Content(tree=work / "images", packed=True),
    }
    image = ImageSpec(
        references=(REFERENCE,), layers=tuple(contents), entrypoint=("/usr/local/bin/entrypoint", "/sbin/init"),
        environment=("container=docker",), stop_signal="SIGRTMIN+3",
    )  # fmt: skip
    write_archive([image], build._pack(contents, work), build.architecture, out)
    shutil.rmtree(work)


def _make_node(node: Path, files: Path, version: str, pause: str, ctr: Path) -> None:
    """The lab's own node folder, and all in it that is the lab's and not kind's taken back."""
    make_node_tree(node, files, version, pause, restricted=False)
    write_cri_base(ctr, node / "etc/containerd/cri-base.json")
    shutil.rmtree(node / "etc/systemd/system/containerd.service.d")
    shutil.rmtree(node / "etc/cdi")
    config = (files / "etc/containerd/config.toml").read_text()
    # kind's own build sees to it that the image of pod sandboxes is there.
    config = re.sub(r"sandbox_image = .*", f'sandbox_image = "{pause}"', config)
    (node / "etc/containerd/config.toml").write_text(config)
    storage = node / "kind/manifests/default-storage.yaml"
    text = storage.read_text()
    for ours, kinds in STORAGE_IMAGES.items():
        text = text.replace(ours, kinds)
    storage.write_text(text)


def _stock_images(names: dict[str, str]) -> Iterator[ImageSpec]:
    """The images of Kubernetes, and those of storage under kind's names."""
    for image in IMAGES:
        if image.kubeadm:
            yield image.spec(names[image.name])
        elif lab_image(image.name) in STORAGE_IMAGES:
            yield image.spec(STORAGE_IMAGES[lab_image(image.name)])


def _files_of(tree: Path) -> Iterator[str]:
    """Paths of the absent packages' files, below the root, where they lie behind links such as /bin."""
    for package in ABSENT_PACKAGES:
        yield f"var/lib/dpkg/info/{package}.*"
        yield f"var/lib/dpkg/info/{package}:*"
        for listed in (tree / "var/lib/dpkg/info").glob(f"{package}[.:]*list"):
            for line in listed.read_text().splitlines():
                name = line.lstrip("/")
                if name.split("/")[0] in MERGED:
                    name = f"usr/{name}"
                if (tree / name).is_file() or (tree / name).is_symlink():
                    yield name


def _forget_packages(tree: Path, node: Path) -> None:
    """The package manager's list, laid over the tree's, does not know the absent packages."""
    status = (tree / "var/lib/dpkg/status").read_text().split("\n\n")
    kept = [
        one for one in status if not one.startswith(tuple(f"Package: {name}\n" for name in ABSENT_PACKAGES))
    ]
    assert len(status) - len(kept) == len(ABSENT_PACKAGES)
    (node / "var/lib/dpkg").mkdir(parents=True)
    (node / "var/lib/dpkg/status").write_text("\n\n".join(kept))
