"""What is laid over Debian to make a node."""

import json
import tomllib
from pathlib import Path

import pytest

from aifactory.errors import LabError
from aifactory.lab.kind.kind_files import kind_files, module_sum
from aifactory.lab.kind.node_tree import ENABLED_UNITS, containerd_config, make_node_tree, write_cri_base
from aifactory.lab.tools import default_table
from tests.unit.lab_kind.fakes import program

CONFIG = """version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "registry.k8s.io/pause:3.10"
  restrict_oom_score_adj = false
"""
PAUSE = "registry.k8s.io/pause:3.10.1"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder like that of kind's base image, without run bits, as Go's module cache has it."""
    folder = tmp_path / "files"
    texts = {
        "etc/containerd/config.toml": CONFIG,
        "usr/local/bin/entrypoint": "#!/bin/bash\n",
        "kind/bin/mount-product-files.sh": "#!/bin/bash\n",
        "kind/README.txt": "",
        "LICENSES/README.txt": "",
        "LICENSES/other": "",
        **{f"etc/systemd/system/{unit}": "[Unit]\n" for unit in ENABLED_UNITS},
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
        (folder / name).chmod(0o444)
    return folder


@pytest.mark.parametrize("restricted", [True, False])
def test_containerd_is_told_of_pause_cdi_and_scores(*, restricted: bool) -> None:
    """The sandbox image is kubeadm's, CDI folders are read, and OOM scores are left alone only where they must be."""
    plugin = tomllib.loads(containerd_config(CONFIG, PAUSE, restricted=restricted))["plugins"][
        "io.containerd.grpc.v1.cri"
    ]

    assert plugin == {
        "sandbox_image": PAUSE,
        "enable_cdi": True,
        "cdi_spec_dirs": ["/etc/cdi", "/var/run/cdi"],
        "restrict_oom_score_adj": restricted,
    }


@pytest.mark.parametrize("text", [CONFIG.replace("sandbox_image", "image"), CONFIG + CONFIG])
def test_a_configuration_of_another_kind_is_told(text: str) -> None:
    """A line that is not there exactly once is an error, not a node with another image."""
    with pytest.raises(
        LabError,
        match=r"has [02] lines 'sandbox_image = .*'; exactly one is expected; bring node_tree.py up to date",
    ):
        containerd_config(text, PAUSE, restricted=True)


def test_a_node_is_kinds_files_and_ours(tmp_path: Path, files: Path) -> None:
    """Scripts can run, units are enabled, version, storage and CDI's folder are there; licences and notes are not."""
    node = tmp_path / "node"
    node.mkdir()

    make_node_tree(node, files, "1.34.4", PAUSE, restricted=False)

    assert (node / "usr/local/bin/entrypoint").stat().st_mode & 0o777 == 0o755
    assert (node / "kind/bin/mount-product-files.sh").stat().st_mode & 0o777 == 0o755
    assert (node / "etc/systemd/system/kubelet.service").stat().st_mode & 0o777 == 0o644
    for unit in ENABLED_UNITS:
        assert (node / "etc/systemd/system/multi-user.target.wants" / unit).resolve().is_file()
    assert (node / "kind/version").read_text() == "v1.34.4\n"
    assert "rancher.io/local-path" in (node / "kind/manifests/default-storage.yaml").read_text()
    assert not (node / "kind/manifests/default-cni.yaml").exists()
    assert (node / "etc/cdi").is_dir()
    assert PAUSE in (node / "etc/containerd/config.toml").read_text()
    assert sorted(path.name for path in node.iterdir()) == ["etc", "kind", "opt", "usr", "var"]
    assert not (node / "kind/README.txt").exists()


def test_another_kind_is_told(tmp_path: Path, files: Path) -> None:
    """A kind whose base image lacks a unit is an error before anything is built."""
    (files / "etc/systemd/system/kubelet.service").unlink()

    with pytest.raises(
        LabError, match=r"kind's module has no kubelet.service in .*; its base image has to have them"
    ):
        make_node_tree(tmp_path / "node", files, "1.34.4", PAUSE, restricted=False)


def test_containers_start_from_containerds_specification(tmp_path: Path) -> None:
    """Kind's hook is added to those there are, and limits are taken out."""
    spec = {"process": {"rlimits": [1], "args": []}, "hooks": {"createContainer": [{"path": "/first"}]}}
    ctr = program(tmp_path, "ctr", f"echo '{json.dumps(spec)}'")

    write_cri_base(ctr, tmp_path / "base.json")

    assert json.loads((tmp_path / "base.json").read_text()) == {
        "process": {"args": []},
        "hooks": {"createContainer": [{"path": "/first"}, {"path": "/kind/bin/mount-product-files.sh"}]},
    }


@pytest.mark.parametrize("script", ["exit 1", "echo no JSON"])
def test_a_ctr_without_a_specification_is_told(tmp_path: Path, script: str) -> None:
    """A ctr that fails or prints something else is an error."""
    with pytest.raises(
        LabError, match=r"'ctr oci spec' gives no specification: .*; it has to be containerd's own"
    ):
        write_cri_base(program(tmp_path, "ctr", script), tmp_path / "base.json")


def test_kinds_module_is_only_used_with_a_known_hash() -> None:
    """The hash of kind's own version is taken, not that of its go.mod; another version has none."""
    text = "sigs.k8s.io/kind v0.32.0/go.mod h1:mod=\nsigs.k8s.io/kind v0.32.0 h1:all=\n"

    assert module_sum(text, "0.32.0") == "h1:all="
    with pytest.raises(
        LabError, match=r"no hash of sigs.k8s.io/kind v0.33.0; .* bring the go.sum .* up to date"
    ):
        module_sum(text, "0.33.0")


def test_the_tables_kind_has_a_known_hash() -> None:
    """The wrapper module of the kind in the table has the hash of that version."""
    table = default_table()
    spec = table.spec("kind")

    assert module_sum((table.modules_dir / "kind" / "go.sum").read_text("utf-8"), spec.version).startswith(
        "h1:"
    )


def test_without_go_kinds_files_cannot_be_had(tmp_path: Path, programs: Path, told: list[str]) -> None:
    """A machine without Go is told so, with the version that is needed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(programs))
        with pytest.raises(
            LabError, match=r"there is no Go toolchain on PATH; go >= 1.26 is needed; install it from"
        ):
            kind_files(default_table(), tmp_path / "log", told.append)
