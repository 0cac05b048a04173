"""Which image nodes are made of: what a person says, what is there, what answers. Engines are fakes."""

from pathlib import Path

import pytest

from aifactory.errors import LabError
from aifactory.lab.kind import node_choice, pinned
from aifactory.lab.kind.container_engine import ContainerEngine
from aifactory.lab.kind.node_choice import SWITCH, NodeImage, asked, ensure_node, expected
from aifactory.lab.kind.node_image import REPOSITORY
from aifactory.lab.tools import Tools
from tests.unit.lab_kind.fakes import engine

ENGINE = """
folder={folder}
echo "$*" >> $folder/asked
case "$*" in
"info"*) echo '{{"ServerVersion": "27", "CgroupVersion": "{cgroup}", "DockerRootDir": "/data"}}' ;;
"image ls --quiet "*) cat $folder/built ;;
"image inspect"*) for word; do :; done; grep -qx "$word" $folder/images || exit 1; echo sha256:1 ;;
"pull --quiet "*) if [ -s $folder/refusal ]; then cat $folder/refusal >&2; exit 1; fi
  for word; do :; done; echo "$word" >> $folder/images ;;
esac
"""
OTHER = "registry.example:5000/mirror/node:v1.34.8"


def an_engine(folder: Path, name: str = "docker", cgroup: int = 2) -> ContainerEngine:
    """An engine that has what a file lists and pulls unless a file says why not."""
    folder.mkdir(exist_ok=True)
    for file in ("asked", "built", "images", "refusal"):
        (folder / file).touch()
    return engine(folder, ENGINE.format(folder=folder, cgroup=cgroup), name)


def pulls(used: ContainerEngine) -> list[str]:
    """What the engine was asked to pull."""
    lines = (used.program.parent / "asked").read_text().splitlines()
    return [line for line in lines if line.startswith("pull")]


@pytest.fixture(autouse=True)
def build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A build is a name alone, its tools are not obtained, the cache is empty, and nobody has decided."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv(SWITCH, raising=False)
    monkeypatch.setattr(node_choice, "tools_for", lambda lane: (lane,))
    monkeypatch.setattr(
        "aifactory.lab.tools.Toolbox.ensure", lambda _, names: Tools({names[0]: tmp_path}, tmp_path)
    )

    def built(_: ContainerEngine, tools: Tools, __: object) -> str:
        assert tools.path("kind-node") == tmp_path
        return f"{REPOSITORY}:x"

    monkeypatch.setattr(node_choice, "ensure_node_image", built)


def no_network() -> bool:
    """Nobody may ask the network."""
    raise AssertionError


BUILT = NodeImage(f"{REPOSITORY}:x", furnished=True)
PUBLISHED = NodeImage(pinned.PINNED, furnished=False)
NONE = Tools({}, Path("bin"))


@pytest.mark.parametrize("name", ["docker", "podman"])
def test_the_published_image_is_pulled_by_digest_where_its_registry_answers(
    tmp_path: Path, told: list[str], name: str
) -> None:
    """Docker and podman are given the digest alone, and the second time nothing is pulled or asked."""
    used = an_engine(tmp_path / name, name)

    assert ensure_node(used, NONE, told.append, lambda: True) == PUBLISHED
    assert pulls(used) == [f"pull --quiet {pinned.PINNED}"]
    assert pinned.PINNED.startswith("docker.io/kindest/node@sha256:")
    assert ensure_node(used, NONE, told.append, no_network) == PUBLISHED
    assert len(pulls(used)) == 1


def test_where_no_registry_answers_an_image_is_built(tmp_path: Path, told: list[str]) -> None:
    """The engine is not asked to pull, nothing fails, and nothing is said of it."""
    used = an_engine(tmp_path / "docker")

    assert ensure_node(used, NONE, told.append, lambda: False) == BUILT
    assert (pulls(used), told) == ([], [])


def test_a_built_image_is_used_without_the_network(tmp_path: Path, told: list[str]) -> None:
    """One in the engine, and one that only the cache has, is taken before a registry is thought of."""
    used = an_engine(tmp_path / "docker")
    (used.program.parent / "built").write_text("0123\n")
    assert ensure_node(used, NONE, told.append, no_network) == BUILT
    (used.program.parent / "built").write_text("")
    archive = tmp_path / "cache/aifactory/kind/images/x/image.tar"
    archive.parent.mkdir(parents=True)
    archive.touch()
    assert ensure_node(used, NONE, told.append, no_network) == BUILT


def test_a_pull_that_is_refused_leads_to_a_build(tmp_path: Path, told: list[str]) -> None:
    """Nobody asked for the published image: why it cannot be had is said, and one is built."""
    used = an_engine(tmp_path / "docker")
    (used.program.parent / "refusal").write_text("toomanyrequests: rate limit")

    assert ensure_node(used, NONE, told.append, lambda: True) == BUILT
    assert "the published node image cannot be had, so one is built" in told[-1]
    assert "toomanyrequests: rate limit" in told[-1]


def test_a_machine_with_cgroup_version_1_builds(tmp_path: Path, told: list[str]) -> None:
    """The published image does not start there: it is not even asked for."""
    used = an_engine(tmp_path / "docker", cgroup=1)

    assert ensure_node(used, NONE, told.append, no_network) == BUILT
    assert pulls(used) == []


@pytest.mark.parametrize(
    ("value", "found", "pulled"),
    [
        ("built", BUILT, None),
        ("pinned", PUBLISHED, pinned.PINNED),
        (OTHER, NodeImage(OTHER, furnished=False), OTHER),
    ],
)
def test_a_person_decides(
    tmp_path: Path,
    told: list[str],
    monkeypatch: pytest.MonkeyPatch,
    value: str,
    found: NodeImage,
    pulled: str | None,
) -> None:
    """The variable forces a build, the published image, or another one of kind's, whatever is there."""
    monkeypatch.setenv(SWITCH, value)
    used = an_engine(tmp_path / "docker")
    if value != "built":
        (used.program.parent / "built").write_text("0123\n")

    assert ensure_node(used, NONE, told.append, no_network) == found
    assert pulls(used) == ([f"pull --quiet {pulled}"] if pulled else [])


@pytest.mark.parametrize("value", ["publish", "node:v1", "a/b", "Registry/x:1 y", "a/b@sha256:12"])
def test_another_value_is_refused(value: str) -> None:
    """The message has the value, what is allowed, and what to do."""
    with pytest.raises(
        LabError,
        match=rf"^{SWITCH} is '{value}'; auto, built, pinned, or the full name of .* are allowed; set it",
    ):
        asked({SWITCH: value})
    assert asked({SWITCH: "  "}) == "auto"


@pytest.mark.parametrize(
    ("refusal", "message"),
    [
        (
            "manifest unknown",
            r"cannot be pulled: 'docker pull .* manifest unknown; .* a registry has to serve it to dock",
        ),
        (
            "write: no space left on device",
            r"docker has no room for docker.io/kindest.* in /data; make room there",
        ),
    ],
)
def test_an_image_that_is_demanded_and_cannot_be_had_is_told(
    tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch, refusal: str, message: str
) -> None:
    """Nothing else is taken in its place."""
    monkeypatch.setenv(SWITCH, "pinned")
    used = an_engine(tmp_path / "docker")
    (used.program.parent / "refusal").write_text(refusal)

    with pytest.raises(LabError, match=message):
        ensure_node(used, NONE, told.append, no_network)


def test_the_published_image_cannot_be_forced_on_cgroup_version_1(
    tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would not start: the message says what does."""
    monkeypatch.setenv(SWITCH, "pinned")

    with pytest.raises(
        LabError, match=r"runs on cgroup version 1; .* starts on version 2 only; set .* to built"
    ):
        ensure_node(an_engine(tmp_path / "docker", cgroup=1), NONE, told.append, no_network)


def test_the_choice_is_told_beforehand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the doctor says is what the next cluster does, with the reason, and changes nothing."""
    used = an_engine(tmp_path / "docker")
    assert expected(used, lambda: True) == "pinned, its registry answers"
    assert expected(None, lambda: False) == "built, as no registry answers"
    assert (
        expected(an_engine(tmp_path / "old", cgroup=1), no_network)
        == "built, as this machine has cgroup version 1"
    )
    (used.program.parent / "images").write_text(f"{pinned.PINNED}\n")
    assert expected(used, no_network) == "pinned, which is there"
    (used.program.parent / "built").write_text("0123\n")
    assert expected(used, no_network) == "built, as one was built before"
    monkeypatch.setenv(SWITCH, "pinned")
    assert expected(used, no_network) == f"pinned, as {SWITCH} says"
    assert pulls(used) == []
