"""The node image: built once for its inputs, loaded once, older ones gone. Engine and build are fakes."""

from pathlib import Path

import pytest

from aifactory.errors import LabError
from aifactory.lab.kind import node_image
from aifactory.lab.kind.container_engine import ContainerEngine
from aifactory.lab.kind.node_build import NodeBuild
from aifactory.lab.kind.node_image import (
    REPOSITORY,
    cached_archive,
    ensure_node_image,
    load,
    remove_older,
)
from aifactory.lab.tools import Tools, default_table
from tests.unit.lab_kind.fakes import engine, machine

DOCKER = """
case "$*" in
"image ls --quiet --filter"*) cat {folder}/nameless ;;
"image ls --quiet "*) for word; do :; done; grep -x "$word" {folder}/images ;;
"image ls --format"*) cat {folder}/images ;;
"load --input"*) echo "$3" >> {folder}/loaded; cat {folder}/brings >> {folder}/images ;;
"image rm "*) if [ "$3" = {repository}:used ]; then echo "conflict: in use" >&2; exit 1; fi
  grep -vx "$3" {folder}/images > {folder}/rest; mv {folder}/rest {folder}/images; echo "$3" >> {folder}/removed ;;
"info"*) echo '{{"ServerVersion": "20.10", "CgroupVersion": "1", "DockerRootDir": "/data"}}' ;;
esac
exit 0
"""


@pytest.fixture
def docker(tmp_path: Path) -> ContainerEngine:
    """An engine whose images are lines of a file."""
    folder = tmp_path / "docker"
    folder.mkdir()
    for name in ("images", "nameless", "brings"):
        (folder / name).touch()
    return engine(folder, DOCKER.format(folder=folder, repository=REPOSITORY))


@pytest.fixture
def build(tmp_path: Path, told: list[str]) -> NodeBuild:
    """A build whose inputs are not used."""
    return NodeBuild(
        tmp_path / "cache", {}, default_table(), machine(tmp_path / "none"), "amd64", told.append
    )


def builds(monkeypatch: pytest.MonkeyPatch, docker: ContainerEngine) -> list[str]:
    """A build that only writes a file and says which image the engine will have; the list is of builds."""
    made: list[str] = []

    def write(self: NodeBuild, reference: str, out: Path, work: Path) -> None:
        assert self.tools
        work.rmdir()
        made.append(reference)
        out.write_text("FAKE archive")
        (docker.program.parent / "brings").write_text(f"{reference}\n")

    monkeypatch.setattr(NodeBuild, "write", write)
    return made


def test_it_is_built_and_loaded_once(
    docker: ContainerEngine, tools: Tools, told: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A second call does nothing; an engine that lost it gets the file of the cache; other inputs are built anew."""
    made = builds(monkeypatch, docker)

    first = ensure_node_image(docker, tools, told.append)
    told.clear()
    assert (ensure_node_image(docker, tools, told.append), told) == (first, [])
    (docker.program.parent / "images").write_text("")
    assert ensure_node_image(docker, tools, told.append) == first
    assert made == [first]
    assert len((docker.program.parent / "loaded").read_text().split()) == 2

    tools.path("kubelet").write_text("another")
    second = ensure_node_image(docker, tools, told.append)

    assert second != first
    assert made == [first, second]
    assert (docker.program.parent / "removed").read_text().split() == [first]
    folders = list((tmp_path / "cache/aifactory/kind/images").iterdir())
    assert [f"{REPOSITORY}:{folder.name}" for folder in folders] == [second]


def test_a_failed_build_leaves_nothing(build: NodeBuild, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build that fails half-way is built again by the next run."""

    def fail(_: NodeBuild, reference: str, out: Path, work: Path) -> None:
        out.write_text(reference)
        raise LabError(str(work))

    monkeypatch.setattr(NodeBuild, "write", fail)
    monkeypatch.setattr(node_image, "NEEDED_MIB", 0)

    with pytest.raises(LabError):
        cached_archive(build, f"{REPOSITORY}:x", "x")

    assert list((build.cache / "images").iterdir()) == []


def archive(tmp_path: Path) -> Path:
    """An archive of 3 MiB."""
    file = tmp_path / "image.tar"
    file.write_bytes(bytes(3 << 20))
    return file


def test_an_engine_without_room_is_told(docker: ContainerEngine, tmp_path: Path, told: list[str]) -> None:
    """The error names the engine's data folder and what it takes."""
    text = docker.program.read_text().replace(
        'case "$*" in', 'case "$*" in\nload*) echo "write: no space left on device" >&2; exit 1;;', 1
    )
    docker.program.write_text(text)

    with pytest.raises(
        LabError,
        match=r"docker has no room for the node image of 3 MiB; it takes twice that in /data; make room there",
    ):
        load(docker, archive(tmp_path), f"{REPOSITORY}:x", told.append)


def test_an_engine_that_refuses_the_archive_is_told(
    docker: ContainerEngine, tmp_path: Path, told: list[str]
) -> None:
    """Any other refusal is told in the engine's words."""
    docker.program.write_text("#!/bin/sh\necho 'invalid tar' >&2; exit 1\n")

    with pytest.raises(
        LabError, match=r"'docker load --input .* failed: invalid tar; the engine has to accept it"
    ):
        load(docker, archive(tmp_path), f"{REPOSITORY}:x", told.append)


def test_an_archive_of_something_else_is_told(
    docker: ContainerEngine, tmp_path: Path, told: list[str]
) -> None:
    """An archive that does not bring the image is an error that says what to remove."""
    with pytest.raises(
        LabError, match=r"loaded .*image.tar and has no aifactory.local/kind-node:x; .*; remove"
    ):
        load(docker, archive(tmp_path), f"{REPOSITORY}:x", told.append)


def test_only_unused_images_are_removed(docker: ContainerEngine, told: list[str]) -> None:
    """The present image stays, older and nameless ones go, and one that a node runs on stays and is told of."""
    folder = docker.program.parent
    (folder / "images").write_text(f"{REPOSITORY}:now\n{REPOSITORY}:old\n{REPOSITORY}:used\n")
    (folder / "nameless").write_text("0123456789ab\n")

    remove_older(docker, f"{REPOSITORY}:now", told.append)

    assert (folder / "removed").read_text().split() == [f"{REPOSITORY}:old", "0123456789ab"]
    assert told[0] == f"removed the older node image {REPOSITORY}:old"
    assert (
        told[1]
        == f"the older node image {REPOSITORY}:used stays: docker does not remove what a container uses"
    )
