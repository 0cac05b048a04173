"""The table of this project."""

import pytest
from pydantic import ValidationError

from aifactory.lab.tools import Toolbox, default_table, tools_for
from aifactory.lab.tools.platform import Platform
from aifactory.lab.tools.recipe import ModuleFile
from tests.unit.lab_tools.harness import Bench, row


def test_engine_lane_has_every_tool() -> None:
    """The lane `engine` needs the control plane, KWOK, and Pulumi with its hosts and provider."""
    assert tools_for("engine") == (
        "etcd",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "kubectl",
        "kwok",
        "kwokctl",
        "pulumi",
        "pulumi-language-python",
        "pulumi-language-python-exec",
        "pulumi-resource-pulumi-python",
        "pulumi-resource-kubernetes",
    )
    assert tools_for("no such lane") == ()


def test_every_wrapper_is_pinned() -> None:
    """Each built tool has a wrapper with go.mod and go.sum, and its version is the one in the go.mod."""
    table = default_table()
    for spec in table.tools:
        if isinstance(spec.build, ModuleFile):
            assert spec.build.version == f"v{spec.version}"
            continue
        folder = table.modules_dir / spec.build.module
        assert (folder / "go.sum").stat().st_size > 0, spec.name
        stamped = spec.build.kind == "go-patched" or f" v{spec.version}" in (folder / "go.mod").read_text()
        assert stamped, spec.name


@pytest.mark.parametrize("platform", ["linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64"])
def test_artefacts_are_filled_in(platform: str) -> None:
    """Every artefact of every platform is https, has a checksum, and no template word is left in it."""
    for spec in default_table().tools:
        artefact = spec.artefact(Platform(*platform.split("-")))
        if artefact is None:
            assert spec.no_download_because or (
                platform.startswith("darwin") and spec.name.startswith("kube-")
            )
            continue
        assert artefact.url.startswith("https://")
        assert artefact.sha256 or artefact.checksum_url.startswith("https://")
        assert "{" not in artefact.url + artefact.checksum_url + artefact.member


def test_archives_are_named_as_their_vendors_do() -> None:
    """Vendors' own words for systems, architectures and suffixes are used."""
    table = default_table()

    mac_etcd = table.spec("etcd").artefact(Platform("darwin", "arm64"))
    host = table.spec("pulumi-language-python").artefact(Platform("linux", "amd64"))

    assert mac_etcd is not None
    assert mac_etcd.file == "etcd-v3.6.14-darwin-arm64.zip"
    assert host is not None
    assert (host.file, host.member) == (
        "pulumi-v3.259.0-linux-x64.tar.gz",
        "pulumi/pulumi-language-python",
    )


def test_download_without_checksum_is_refused(bench: Bench) -> None:
    """A row with a download that nothing verifies does not load."""
    with pytest.raises(ValidationError, match="a download needs checksum_url or sha256"):
        bench.table(row(download={"url": "https://example.test/demo"}))


def test_row_without_download_says_why(bench: Bench) -> None:
    """A row without a download has to state the reason."""
    with pytest.raises(ValidationError, match="give either download or no_download_because"):
        bench.table(row(no_download_because=""))


def test_default_folders_follow_the_environment(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """XDG_CACHE_HOME and AIFACTORY_MIRROR decide where the default toolbox looks."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(bench.root))
    monkeypatch.setenv("AIFACTORY_MIRROR", "/srv/mirror")

    box = Toolbox.default()

    assert box.cache_dir == bench.root / "aifactory" / "tools"
    assert str(box.mirror) == "/srv/mirror"
