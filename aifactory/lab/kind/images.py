"""The container images of the kind lab, as data: which programs are in them, and what they are called.

Every image is in the node image already, and no node has a registry to ask. Kubernetes' own images have the tags
that kubeadm looks for; ours are ``aifactory.local/<name>:lab``.
"""

import subprocess
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from aifactory.errors import LabError
from aifactory.lab.kind.oci import ImageSpec

PREFIX = "aifactory.local"
"""Stands for a registry in our images' names; nothing answers there."""
TAG = "lab"
USERLAND = "userland"
"""Name of the layer with the user programs."""
PAUSE_SCRIPT = "trap 'exit 0' TERM INT; while :; do sleep 86400 & wait $!; done"
"""Waits for ever, ends at once when told to, and reaps the orphans of pods that share their processes."""


class LabImage(BaseModel):
    """An image as this project makes it."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: str
    """Last part of its name."""
    programs: dict[str, str] = Field(default_factory=dict)
    """Path in the image of each tool; each is a layer, shared by all images that have it at the same path."""
    userland: bool = True
    """Whether the user programs are below."""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    kubeadm: bool = False
    """Whether kubeadm chooses registry and tag."""

    def spec(self, reference: str) -> ImageSpec:
        """The image for the archive writer, under its full name."""
        below = (USERLAND,) if self.userland else ()
        programs = (layer_name(tool, path) for tool, path in self.programs.items())
        return ImageSpec(
            references=(reference,),
            layers=(*below, *programs),
            entrypoint=self.entrypoint,
            command=self.command,
        )


def layer_name(tool: str, path: str) -> str:
    """Name of the layer with one tool at one path."""
    return f"{tool}:{path}"


def own_reference(name: str) -> str:
    """Full name of an image of ours."""
    return f"{PREFIX}/{name}:{TAG}"


def _kubernetes(name: str, *, userland: bool = False) -> LabImage:
    return LabImage(name=name, programs={name: f"/usr/local/bin/{name}"}, userland=userland, kubeadm=True)


def _in_usr_bin(*tools: str) -> dict[str, str]:
    return {tool: f"/usr/bin/{tool}" for tool in tools}


IMAGES = (
    _kubernetes("kube-apiserver"),
    _kubernetes("kube-controller-manager"),
    _kubernetes("kube-scheduler"),
    _kubernetes("kube-proxy", userland=True),
    _kubernetes("etcd", userland=True),
    LabImage(
        name="coredns",
        programs={"coredns": "/coredns"},
        userland=False,
        entrypoint=("/coredns",),
        kubeadm=True,
    ),
    LabImage(name="pause", entrypoint=("/bin/sh", "-c", PAUSE_SCRIPT), kubeadm=True),
    LabImage(name=USERLAND, command=("/bin/sh",)),
    LabImage(name="kubectl", programs=_in_usr_bin("kubectl"), command=("/bin/sh",)),
    LabImage(
        name="kube-router",
        programs={"kube-router": "/usr/local/bin/kube-router"},
        entrypoint=("/usr/local/bin/kube-router",),
    ),
    LabImage(
        name="local-path-provisioner",
        programs=_in_usr_bin("local-path-provisioner"),
        entrypoint=("/usr/bin/local-path-provisioner",),
    ),
    LabImage(
        name="k8s-device-plugin",
        programs=_in_usr_bin(
            "nvidia-device-plugin", "gpu-feature-discovery", "config-manager", "mps-control-daemon"
        ),
        entrypoint=("/usr/bin/nvidia-device-plugin",),
    ),
    LabImage(
        name="node-feature-discovery",
        programs=_in_usr_bin("nfd-master", "nfd-worker", "nfd-gc"),
        entrypoint=("/usr/bin/nfd-master",),
    ),
    LabImage(
        name="dra-driver-nvidia-gpu",
        programs=_in_usr_bin(
            "gpu-kubelet-plugin", "compute-domain-kubelet-plugin", "compute-domain-controller"
        ),
        entrypoint=("/usr/bin/gpu-kubelet-plugin",),
    ),
)
"""Every image of the lab."""
NODE_PROGRAMS = {
    "containerd": "/usr/local/bin/containerd",
    "ctr": "/usr/local/bin/ctr",
    "containerd-shim-runc-v2": "/usr/local/bin/containerd-shim-runc-v2",
    "kubeadm": "/usr/bin/kubeadm",
    "kubelet": "/usr/bin/kubelet",
    "kubectl": "/usr/bin/kubectl",
    **{
        f"cni-{plugin}": f"/opt/cni/bin/{plugin}"
        for plugin in ("ptp", "bridge", "loopback", "host-local", "portmap")
    },
}
"""Path in the node itself of each tool that runs there outside of containers."""


def image_tools(images: Iterable[LabImage] = IMAGES) -> tuple[str, ...]:
    """The tools that the node image is made of, each once: those of the node and those of the images."""
    inside = (tool for image in images for tool in image.programs)
    return tuple(dict.fromkeys([*NODE_PROGRAMS, *inside]))


def kubeadm_references(kubeadm: Path, version: str) -> dict[str, str]:
    """The full names that kubeadm gives Kubernetes' images, by the last part of the name.

    Args:
        kubeadm: The program.
        version: Version of Kubernetes, without a ``v``.

    Raises:
        LabError: kubeadm does not say.
    """
    command = [str(kubeadm), "config", "images", "list", "--kubernetes-version", f"v{version}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise LabError(
            f"kubeadm does not list its images: {error}; it has to be the kubeadm of Kubernetes {version};"
            " see 'aifactory doctor'"
        ) from error
    references = done.stdout.split()
    return {reference.rpartition("/")[2].partition(":")[0]: reference for reference in references}


def specs(kubeadm_names: dict[str, str], images: Iterable[LabImage] = IMAGES) -> tuple[ImageSpec, ...]:
    """All images for the archive writer.

    Raises:
        LabError: kubeadm does not know an image of Kubernetes, or wants one that is not in the list.
    """
    chosen = list(images)
    ours = {image.name for image in chosen if image.kubeadm}
    if ours != set(kubeadm_names):
        raise LabError(
            f"kubeadm wants the images {', '.join(sorted(kubeadm_names))} and the lab makes"
            f" {', '.join(sorted(ours))}; they have to be the same; bring IMAGES in images.py up to date"
        )
    return tuple(
        image.spec(kubeadm_names[image.name] if image.kubeadm else own_reference(image.name))
        for image in chosen
    )
