"""What `aifactory mirror` prints, and how it refuses words."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from aifactory.spec.load import CONFIG_KEY
from tests.support.cli import Terminal
from tests.support.stacks import minimal_stack

PROGRAMS = ("--platform", "linux-amd64")


@pytest.fixture
def mirrored(tmp_path: Path) -> Path:
    """The file of a stack with a registry."""
    registry = {"mirror": "registry.example/site", "node_os": ["rhel9.6"]}
    file = tmp_path / "Pulumi.site.yaml"
    file.write_text(yaml.safe_dump({"config": {CONFIG_KEY: minimal_stack(registry=registry)}}))
    return file


def test_the_list_for_people(terminal: Terminal) -> None:
    """Images, charts, CRDs and programs are listed, an unknown digest is said, and what to set is named."""
    ran = terminal("mirror", "local", *PROGRAMS)
    assert ran.code == 0
    assert "  nvcr.io/nvidia/gpu-operator:v26.7.0  not known\n" in ran.out
    assert "  nvcr.io/nvidia/cloud-native/dcgm:4.6.0-1-ubuntu24.04  not known  off\n" in ran.out
    assert "  gpu-operator  v26.7.0  not known  https://helm.ngc.nvidia.com/nvidia\n" in ran.out
    crd = (
        "nodefeaturerules.nfd.k8s-sigs.io  https://github.com/kubernetes-sigs/node-feature-discovery v0.19.0"
    )
    assert f"  {crd}  chart gpu-operator\n" in ran.out
    assert (
        "  kubectl  1.34.4  https://dl.k8s.io/release/v1.34.4/bin/linux/amd64/kubectl  listed in " in ran.out
    )
    assert "  kwok  0.8.0  built from Go modules: none is published that can be verified\n" in ran.out
    assert "image digests are not known here: these images are pinned by tag alone" in ran.out
    assert "no registry is set in local: everything is pulled from where it is published;" in ran.out


def test_the_list_for_machines(terminal: Terminal, mirrored: Path) -> None:
    """Each image has its source, its digest if known, and the place the stack pulls it from."""
    ran = terminal("mirror", "--file", str(mirrored), "--json", *PROGRAMS)
    said: dict[str, Any] = json.loads(ran.out)
    assert ran.code == 0
    assert said["registries"]["site"]["mirror"] == "registry.example/site"
    images = {image["source"]: image for image in said["images"]}
    driver = next(source for source in images if "/nvidia/driver:" in source)
    assert driver.endswith("-rhel9.6")
    assert images[driver]["destination"] == f"registry.example/site/{driver}"
    assert images[driver]["digest"] is None
    assert images[driver]["needed_by"] == ["nvidia.com/v1alpha1 NVIDIADriver train spec"]
    assert said["charts"][0]["destination"] == "oci://registry.example/site/charts"
    assert all(row["url"] or row["name"] in ("kwok", "kwokctl") for row in said["binaries"])
    assert not any("no registry is set" in line for line in said["remarks"])


@pytest.mark.parametrize("tool", ["hauler", "skopeo"])
def test_a_file_for_a_tool(terminal: Terminal, mirrored: Path, tmp_path: Path, tool: str) -> None:
    """What goes to a file is what goes to standard output, and nothing else is printed there."""
    words = ("mirror", "--file", str(mirrored), "--format", tool, *PROGRAMS)
    printed = terminal(*words)
    file = tmp_path / "made" / "list.yaml"
    written = terminal(*words, "--out", str(file))
    assert (printed.code, written.code, written.out) == (0, 0, "")
    assert file.read_text() == printed.out
    assert "nvidia/driver" in printed.out
    assert list(yaml.safe_load_all(printed.out))


def test_all_stacks(terminal: Terminal) -> None:
    """With --all the images of every stack are listed once, with the stacks that need them."""
    said = json.loads(terminal("mirror", "--all", "--json", *PROGRAMS).out)
    assert {"korea-pilot", "local", "taiwan"} <= set(said["stacks"])
    sources = [(image["source"], image["destination"]) for image in said["images"]]
    assert len(sources) == len(set(sources))
    operator = next(image for image in said["images"] if "/gpu-operator:" in image["source"])
    assert any(need.startswith("taiwan: ") for need in operator["needed_by"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("local", "--out", "x"),
            "--out: there is no file to write without --format; formats: hauler, skopeo;",
        ),
        (("local", "--all"), "--all: a stack is named too; one stack or all of them can be listed;"),
        (
            ("local", "--platform", "plan9-mips"),
            "--platform: 'plan9-mips' is no platform that the programs are",
        ),
        ((), "which stack is meant: a name or --file is needed, not both;"),
    ],
)
def test_words_that_do_not_fit(terminal: Terminal, words: tuple[str, ...], message: str) -> None:
    """Words that contradict each other, or name nothing, are refused with what is allowed."""
    ran = terminal("mirror", *words)
    assert ran.code == 1
    assert message in " ".join(ran.err.split())


def test_one_form_of_output(terminal: Terminal) -> None:
    """A tool's file and JSON are not both printed: nothing is, and the message says what to leave out."""
    ran = terminal("mirror", "local", "--format", "hauler", "--json")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "error: --json: with --format hauler the input file of a tool is printed; one of the two is allowed; leave"
        " one out\n"
    )
