"""Input files for hauler and skopeo, and how a file is written."""

import errno
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from aifactory.deliver.mirror_file import write_file
from aifactory.deliver.mirror_formats import MirrorBinary, MirrorCrd, Parcel, hauler_text, skopeo_text
from aifactory.errors import AIFactoryError
from aifactory.manifests.mirror import MirrorChart, MirrorFile, MirrorImage, MirrorList

DIGEST = "sha256:" + "b" * 64
SITE = "registry.example:5000/site"


def image(source: str, *, mirrored: bool = False) -> MirrorImage:
    """An image of the list."""
    digest = source.partition("@")[2] or None
    there = f"{SITE}/{source}" if mirrored else None
    return MirrorImage(source=source, digest=digest, destination=there, needed_by=("x",), off=False)


def parcel(*images: MirrorImage, mirrored: bool = False) -> Parcel:
    """Something of everything."""
    chart = MirrorChart(
        name="gpu-operator",
        version="v26.7.0",
        source="https://charts.example/nvidia",
        digest=None,
        destination=f"oci://{SITE}/charts" if mirrored else None,
    )
    file = MirrorFile(name="node.raw", url="https://images.example/node.raw", checksum=None, needed_by=("p",))
    crd = {"repository": "https://code.example/snap", "ref": "v8", "sha256": "0" * 64}
    url = "https://bin.example/kubectl"
    known = {"name": "kubectl", "version": "1.34.4", "checksum_url": f"{url}.sha256"}
    return Parcel(
        content=MirrorList(images=images, charts=(chart,), files=(file,)),
        crds=(MirrorCrd(name="a", chart=None, **crd), MirrorCrd(name="b", chart="gpu-operator", **crd)),
        binaries=(
            MirrorBinary(url=url, sha256=None, **known),
            MirrorBinary(name="kwok", version="0.8.0", url=None, sha256=None, checksum_url=None),
        ),
    )


def test_hauler_reads_three_documents() -> None:
    """Images, Charts and Files are documents of hauler's content manifest, in its own words."""
    documents = list(yaml.safe_load_all(hauler_text(parcel(image("nvcr.io/nvidia/driver:1")))))

    assert [(item["apiVersion"], item["kind"]) for item in documents] == [
        ("content.hauler.cattle.io/v1", kind) for kind in ("Images", "Charts", "Files")
    ]
    images, charts, files = (item["spec"] for item in documents)
    assert images == {"images": [{"name": "nvcr.io/nvidia/driver:1"}]}
    assert charts == {
        "charts": [{"name": "gpu-operator", "repoURL": "https://charts.example/nvidia", "version": "v26.7.0"}]
    }
    assert files["files"] == [
        {"name": "kubectl-1.34.4-kubectl", "path": "https://bin.example/kubectl"},
        {"name": "kubectl-1.34.4-kubectl.sha256", "path": "https://bin.example/kubectl.sha256"},
        {"name": "snap-v8.tar.gz", "path": "https://code.example/snap/archive/v8.tar.gz"},
        {"name": "node.raw", "path": "https://images.example/node.raw"},
    ]


def test_hauler_rewrites_to_where_the_stack_pulls_from() -> None:
    """With a registry, images and charts get the names under which the stack pulls them, with their tags."""
    made = parcel(image(f"nvcr.io/nvidia/driver:1@{DIGEST}", mirrored=True), mirrored=True)
    images, charts, _ = yaml.safe_load_all(hauler_text(made))

    assert images["spec"]["images"] == [
        {"name": f"nvcr.io/nvidia/driver:1@{DIGEST}", "rewrite": f"{SITE}/nvcr.io/nvidia/driver:1"}
    ]
    assert charts["spec"]["charts"][0]["rewrite"] == f"{SITE}/charts/gpu-operator:v26.7.0"


def test_skopeo_reads_tags_by_repository() -> None:
    """Images are grouped by registry and repository; one of known digest goes by its digest."""
    names = ("nvcr.io/a/b:2", "nvcr.io/a/b:1", f"nvcr.io/a/c:1@{DIGEST}", "other.example:5000/d:1")

    assert yaml.safe_load(skopeo_text(map(image, names))) == {
        "nvcr.io": {"images": {"a/b": ["1", "2"], "a/c": [DIGEST]}},
        "other.example:5000": {"images": {"d": ["1"]}},
    }


def test_tags_stay_text() -> None:
    """A tag that looks like a number is still a text, as skopeo needs it."""
    assert yaml.safe_load(skopeo_text([image("a.example/b:1.10")])) == {
        "a.example": {"images": {"b": ["1.10"]}}
    }


def test_a_file_is_complete(tmp_path: Path) -> None:
    """The file has the text, in a folder that is made, and nothing else is left."""
    file = tmp_path / "new" / "list.yaml"
    for text in ("one\n", "two\n"):
        write_file(file, text)
        assert file.read_text() == text
    assert [path.name for path in file.parent.iterdir()] == ["list.yaml"]


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    """A place that is a folder, or is below a file, is named; nothing is left beside it."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "folder", tmp_path / "file" / "list.yaml"):
        with pytest.raises(AIFactoryError, match=r"the file cannot be written \(.+\); a file in a writable"):
            write_file(place, "x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_a_file_that_does_not_fit_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full while the text is written, the old file stays and no part of the new one is left."""
    file = tmp_path / "list.yaml"
    file.write_text("old")
    real = tempfile.NamedTemporaryFile

    def full(*words: Any, **more: Any) -> Any:
        made = real(*words, **more)
        monkeypatch.setattr(made, "write", lambda _text: _no_space(), raising=False)
        return made

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", full)
    with pytest.raises(
        AIFactoryError, match=r"the file cannot be written \(No space left on device\); a file in"
    ):
        write_file(file, "new")

    assert {entry.name: entry.read_text() for entry in tmp_path.iterdir()} == {"list.yaml": "old"}


def _no_space() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
