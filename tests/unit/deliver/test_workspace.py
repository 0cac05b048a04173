"""Where the engine works: what is written for it, and what is never written."""

from pathlib import Path

import pytest
import yaml

from aifactory.deliver.workspace import PROGRAM, Workspace, lab_workspace, user_workspace
from aifactory.errors import EngineError

SECRETS = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE", "PULUMI_ACCESS_TOKEN")


@pytest.fixture(autouse=True)
def no_pulumi_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No backend and no secret of the caller."""
    for name in (*SECRETS, "PULUMI_BACKEND_URL"):
        monkeypatch.delenv(name, raising=False)


def made(directory: Path, raw: object = None, target: str = "simulated") -> Workspace:
    """The workspace of a lab."""
    return lab_workspace(
        directory,
        "local",
        {"phase": "pilot"} if raw is None else raw,
        target=target,
        kubeconfig=directory / "kubeconfig",
        bin_dir=directory / "tools" / "bin",
    )


def settings(workspace: Workspace) -> dict[str, object]:
    """The stack's settings file."""
    content = yaml.safe_load((workspace.directory / "Pulumi.local.yaml").read_text())
    assert isinstance(content, dict)
    return content


def test_everything_of_a_lab_is_below_its_folder(tmp_path: Path) -> None:
    """Project, state, home and temporary files of the engine are below the lab's folder."""
    workspace = made(tmp_path)

    environment = workspace.environment
    assert workspace.directory.is_relative_to(tmp_path)
    assert environment["PULUMI_BACKEND_URL"] == f"file://{workspace.state}"
    assert workspace.state is not None
    assert workspace.state.is_relative_to(tmp_path)
    assert Path(environment["PULUMI_HOME"]).is_relative_to(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["pulumi"]


def test_the_program_is_this_one(tmp_path: Path) -> None:
    """The project's program is the folder with this project's __main__.py."""
    project = yaml.safe_load((made(tmp_path).directory / "Pulumi.yaml").read_text())

    assert project == {"name": "aifactory", "runtime": "python", "main": str(PROGRAM)}
    assert (PROGRAM / "__main__.py").is_file()


def test_the_configuration_is_what_the_program_is_told(tmp_path: Path) -> None:
    """Stack, target and kubeconfig are configuration; a date is written as text."""
    raw = yaml.safe_load("live: 2027-12-31\npools: [{name: a}]")

    assert settings(made(tmp_path, raw))["config"] == {
        "aifactory:stack": {"live": "2027-12-31", "pools": [{"name": "a"}]},
        "aifactory:target": "simulated",
        "aifactory:kubeconfig": str(tmp_path / "kubeconfig"),
    }


def test_what_the_engine_keeps_is_kept(tmp_path: Path) -> None:
    """The salt of the stack's secrets survives another run; the configuration is the new one."""
    workspace = made(tmp_path)
    file = workspace.directory / "Pulumi.local.yaml"
    file.write_text(yaml.safe_dump({**settings(workspace), "encryptionsalt": "v1:abc=:v1:def"}))

    again = made(tmp_path, {"phase": "scale-out"})

    assert settings(again)["encryptionsalt"] == "v1:abc=:v1:def"
    config = settings(again)["config"]
    assert isinstance(config, dict)
    assert config["aifactory:stack"] == {"phase": "scale-out"}


@pytest.mark.parametrize("content", ["", "[]", "null", "text"])
def test_settings_without_content_are_written_anew(content: str, tmp_path: Path) -> None:
    """A settings file that holds nothing is no obstacle."""
    file = made(tmp_path).directory / "Pulumi.local.yaml"
    file.write_text(content)

    assert set(settings(made(tmp_path))) == {"config"}


def test_no_secret_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the passphrase of the lab nor one of the user's is in any file, and the user's is not used."""
    for name in SECRETS:
        monkeypatch.setenv(name, "hunter2-hunter2")

    workspace = made(tmp_path)

    texts = [file.read_text() for file in tmp_path.rglob("*") if file.is_file()]
    assert not [text for text in texts if "hunter2" in text or f"lab-{tmp_path.name}" in text]
    assert workspace.environment["PULUMI_CONFIG_PASSPHRASE"] == f"lab-{tmp_path.name}"
    assert "hunter2-hunter2" not in workspace.environment.values()


def test_a_workspace_leaves_no_temporary_file(tmp_path: Path) -> None:
    """Files are replaced at once, and what they were made from is gone."""
    names = sorted(entry.name for entry in made(tmp_path).directory.iterdir())

    assert names == ["Pulumi.local.yaml", "Pulumi.yaml"]


def test_a_real_cluster_needs_a_passphrase() -> None:
    """Without passphrase and token the engine is not started, and the message says what to set."""
    with pytest.raises(
        EngineError, match=r"^the state has no passphrase: .* set PULUMI_CONFIG_PASSPHRASE_FILE"
    ):
        user_workspace("local", None)


@pytest.mark.parametrize("name", SECRETS)
def test_a_real_cluster_uses_what_the_user_has(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any of the user's secrets will do; it stays where it is, and backend and project are the user's."""
    monkeypatch.setenv(name, "hunter2-hunter2")

    workspace = user_workspace("local", None)

    assert workspace.directory == PROGRAM
    assert workspace.state is None
    assert "hunter2" not in workspace.model_dump_json()
    assert not {"PULUMI_BACKEND_URL", "PULUMI_HOME", "PULUMI_CONFIG_PASSPHRASE"} & set(workspace.environment)


def test_a_file_state_of_the_user_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of a file backend is the state whose locks are looked at; a home is expanded."""
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "x")
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file://~/states")

    assert user_workspace("local", None).state == Path.home() / "states"


def test_tools_of_the_lab_come_first(tmp_path: Path) -> None:
    """The engine finds the lab's tools before others, and fetches no plugin by itself."""
    environment = made(tmp_path).environment

    assert environment["PATH"].startswith(f"{tmp_path / 'tools' / 'bin'}:")
    assert environment["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] == "true"
