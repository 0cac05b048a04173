"""The engine's place for one cell of a site on a real cluster."""

from pathlib import Path

import pytest
import yaml

from aifactory.deliver.cell_workspace import cell_workspace
from aifactory.deliver.workspace import PROGRAM, Workspace
from aifactory.errors import EngineError
from aifactory.spec.load import CONFIG_KEY

STACK = {"phase": "pilot"}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The stack file of a user with a passphrase and a backend of files."""
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "right")
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}/backend")
    found = tmp_path / "Pulumi.site.yaml"
    config = {CONFIG_KEY: STACK, "aifactory:context": "admin"}
    found.write_text(yaml.safe_dump({"config": config, "encryptionsalt": "v1:salt"}))
    return found


def made(file: Path, home: str, cell: str) -> Workspace:
    """The workspace of a cell."""
    folder = file.parent / "cells" / home
    return cell_workspace(folder, file, home, cell=cell, target="cluster", bin_dir=None)


def settings(workspace: Workspace) -> dict[str, object]:
    """What the engine reads of the Pulumi stack."""
    found: dict[str, object] = yaml.safe_load(
        (workspace.directory / f"Pulumi.{workspace.stack}.yaml").read_text()
    )
    return found


def test_a_cell_has_a_pulumi_stack_of_its_own(file: Path) -> None:
    """A later cell has its own Pulumi stack and secrets in the user's backend, and the stack file's configuration."""
    before = file.read_text()
    workspace = made(file, "site-c001", "site-c001")

    assert workspace.stack == "site-c001"
    assert workspace.state == file.parent / "backend"
    assert settings(workspace) == {
        "config": {
            CONFIG_KEY: STACK,
            "aifactory:context": "admin",
            "aifactory:cell": "site-c001",
            "aifactory:target": "cluster",
        }
    }
    project = yaml.safe_load((workspace.directory / "Pulumi.yaml").read_text())
    assert project == {"name": "aifactory", "runtime": "python", "main": str(PROGRAM)}
    assert file.read_text() == before


def test_the_first_cell_goes_on_with_the_state_of_the_stack(file: Path) -> None:
    """The first cell has the stack's own Pulumi stack, with the salt of its secrets."""
    workspace = made(file, "site", "site-c000")

    assert workspace.stack == "site"
    assert settings(workspace)["encryptionsalt"] == "v1:salt"


def test_what_the_engine_wrote_is_kept(file: Path) -> None:
    """A second run keeps the salt that the engine made, and takes the configuration of the stack file anew."""
    first = made(file, "site-c001", "site-c001")
    written = first.directory / "Pulumi.site-c001.yaml"
    written.write_text(yaml.safe_dump({"config": {"old": "x"}, "encryptionsalt": "v1:own"}))

    found = settings(made(file, "site-c001", "site-c001"))

    assert found["encryptionsalt"] == "v1:own"
    assert "old" not in str(found["config"])


def test_a_cell_needs_the_passphrase_too(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a passphrase the run is refused, and no folder is made."""
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE_FILE", raising=False)
    monkeypatch.delenv("PULUMI_ACCESS_TOKEN", raising=False)

    with pytest.raises(EngineError, match="PULUMI_CONFIG_PASSPHRASE is not set"):
        made(file, "site-c001", "site-c001")
    assert not (file.parent / "cells").exists()
