"""Writes container images as one archive, without a container engine or a registry.

The archive is an OCI image layout (OCI image specification 1.0) that also carries docker's manifest.json: containerd
imports it, and so does ``docker load``. Equal input gives equal digests; a layer of several images is in it once.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from aifactory.lab.kind.layers import Layer

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
INDEX = "application/vnd.oci.image.index.v1+json"
PATH_VARIABLE = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class ImageSpec(BaseModel):
    """One image of an archive."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    references: tuple[str, ...]
    """Full names with tag, ``registry/name:tag``."""
    layers: tuple[str, ...]
    """Names of its layers, the lowest first."""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    """``NAME=value``; PATH is always set."""
    stop_signal: str = ""
    labels: dict[str, str] = Field(default_factory=dict)


def write_archive(
    images: Sequence[ImageSpec], layers: Mapping[str, Layer], architecture: str, out: Path
) -> None:
    """Write images and their layers as one tar file.

    Args:
        images: The images.
        layers: Every layer that an image names.
        architecture: ``amd64`` or ``arm64``.
        out: The file; whole when this returns.
    """
    blobs: dict[str, bytes | Path] = {}
    index, docker = [], []
    for image in images:
        used = [layers[name] for name in image.layers]
        blobs.update((layer.digest, layer.blob) for layer in used)
        config = _put(blobs, _config(image, used, architecture))
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, **config},
            "layers": [{"mediaType": LAYER, "digest": one.digest, "size": one.size_bytes} for one in used],
        }
        described = {
            "mediaType": MANIFEST,
            **_put(blobs, manifest),
            "platform": {"architecture": architecture, "os": "linux"},
        }
        for reference in image.references:
            names = {
                "io.containerd.image.name": reference,
                "org.opencontainers.image.ref.name": reference.rpartition(":")[2],
            }
            index.append({**described, "annotations": names})
        docker.append(
            {
                "Config": _blob_name(str(config["digest"])),
                "RepoTags": list(image.references),
                "Layers": [_blob_name(layer.digest) for layer in used],
            }
        )
    with tarfile.open(out, "w", format=tarfile.GNU_FORMAT) as tar:
        _member(tar, "oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
        _member(tar, "index.json", _json({"schemaVersion": 2, "mediaType": INDEX, "manifests": index}))
        _member(tar, "manifest.json", _json(docker))
        for digest in sorted(blobs):
            _member(tar, _blob_name(digest), blobs[digest])


def _config(image: ImageSpec, layers: Sequence[Layer], architecture: str) -> dict[str, object]:
    config: dict[str, object] = {"Env": [PATH_VARIABLE, *image.environment], "WorkingDir": "/"}
    if image.entrypoint:
        config["Entrypoint"] = list(image.entrypoint)
    if image.command:
        config["Cmd"] = list(image.command)
    if image.stop_signal:
        config["StopSignal"] = image.stop_signal
    if image.labels:
        config["Labels"] = image.labels
    return {
        "architecture": architecture,
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
    }


def _put(blobs: dict[str, bytes | Path], content: dict[str, object]) -> dict[str, object]:
    """Add a JSON blob; its digest and size as a descriptor has them."""
    data = _json(content)
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    blobs[digest] = data
    return {"digest": digest, "size": len(data)}


def _json(content: object) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def _blob_name(digest: str) -> str:
    return f"blobs/sha256/{digest.removeprefix('sha256:')}"


def _member(tar: tarfile.TarFile, name: str, content: bytes | Path) -> None:
    info = tarfile.TarInfo(name)
    if isinstance(content, bytes):
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    else:
        info.size = content.stat().st_size
        with content.open("rb") as file:
            tar.addfile(info, file)
