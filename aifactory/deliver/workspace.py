"""Where the engine works: project, configuration, state and passphrase of one stack on one target."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from aifactory.errors import EngineError
from aifactory.spec.load import CONFIG_KEY

PROJECT = "aifactory"
DRIVER = "AIFACTORY_DRIVER"
"""Process that started the engine: an engine with another parent has lost it."""
_SECRET_SOURCES = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE", "PULUMI_ACCESS_TOKEN")
PROGRAM = Path(__file__).resolve().parents[2]
"""Folder of __main__.py."""


class Workspace(BaseModel):
    """One stack on one target, as the engine needs it."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    stack: str
    directory: Path
    """Folder with the Pulumi project the engine runs in."""
    environment: dict[str, str]
    """Environment of the engine: backend, passphrase, tools."""
    state: Path | None
    """Folder of the file state; None for a backend of the user's own."""
    cli_root: Path | None
    """Folder whose ``bin/pulumi`` is the engine; None means the one on PATH."""


def _tool_environment(bin_dir: Path | None) -> dict[str, str]:
    environment = {
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_PYTHON_CMD": sys.executable,
        DRIVER: str(os.getpid()),
        # Safety comes from idempotent server-side apply and the inventory label, not from the checkpoint that
        # a file state rewrites twice for every step (docs/adr/0003).
        "PULUMI_SKIP_CHECKPOINTS": "true",
        "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
        # Providers from 4.29 on create instead of applying; a run after a killed one must adopt.
        "PULUMI_K8S_UPSERT_EXISTING_OBJECTS": "true",
        # The provider replaces a ConfigMap for a new value otherwise: pods that start meanwhile find none.
        "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE": "true",
        # Engine and provider live for seconds: collecting garbage less often saves a tenth of their time.
        "GOGC": os.environ.get("GOGC", "400"),
    }
    if bin_dir is not None:
        environment["PATH"] = f"{bin_dir}{os.pathsep}{os.environ.get('PATH', '')}"
        environment["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
    return environment


def _write(path: Path, text: str) -> None:
    """Replace a file at once: a torn configuration would lose the salt of the stack's secrets."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(text)
    temporary.replace(path)


def _json_default(value: object) -> str:
    return str(value)


def write_project(
    work: Path, stack: str, config: Mapping[str, object], settings: Mapping[str, object] | None = None
) -> None:
    """A folder holds a Pulumi project of our program and a stack's configuration; its secrets' salt is kept.

    Args:
        work: The folder; it exists.
        stack: Name of the Pulumi stack.
        config: Its configuration, all of it.
        settings: Other settings of the stack, where the folder has none yet.
    """
    project = {"name": PROJECT, "runtime": "python", "main": str(PROGRAM)}
    _write(work / "Pulumi.yaml", yaml.safe_dump(project, sort_keys=False))
    file = work / f"Pulumi.{stack}.yaml"
    found = yaml.safe_load(file.read_text()) if file.is_file() else None
    kept = found if isinstance(found, dict) else dict(settings or {})
    kept["config"] = json.loads(json.dumps(config, default=_json_default))
    _write(file, yaml.safe_dump(kept, sort_keys=False))


def lab_state(directory: Path) -> Path:
    """Folder of the file state of a lab.

    Args:
        directory: Folder of the lab.
    """
    return directory / "pulumi" / "state"


def lab_workspace(
    directory: Path,
    stack: str,
    raw: object,
    *,
    target: str,
    kubeconfig: Path,
    bin_dir: Path,
    more: Mapping[str, str] | None = None,
) -> Workspace:
    """The workspace of a lab: state and configuration below the lab's folder, gone with the lab.

    The passphrase protects nothing: the state of a lab holds no secret, and is removed with it.

    Args:
        directory: Folder of the lab.
        stack: Name of the stack.
        raw: Value of the configuration key ``aifactory:stack``.
        target: Target that the program is told.
        kubeconfig: Kubeconfig of the lab.
        bin_dir: Folder with the resolved tools.
        more: More configuration of the project, by key.
    """
    work, temporary = (directory / "pulumi" / name for name in ("work", "tmp"))
    state = lab_state(directory)
    for folder in (work, state, temporary):
        folder.mkdir(parents=True, exist_ok=True)
    config = {
        CONFIG_KEY: raw,
        f"{PROJECT}:target": target,
        f"{PROJECT}:kubeconfig": str(kubeconfig),
        **{f"{PROJECT}:{key}": value for key, value in (more or {}).items()},
    }
    write_project(work, stack, config)
    environment = {
        **_tool_environment(bin_dir),
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PULUMI_CONFIG_PASSPHRASE": f"lab-{directory.name}",  # one for all stacks of the lab
        "PULUMI_HOME": str(directory / "pulumi" / "home"),
        "TMPDIR": str(temporary),  # the provider leaves copies of the kubeconfig there
    }
    return Workspace(
        stack=stack, directory=work, environment=environment, state=state, cli_root=bin_dir.parent
    )


def user_workspace(stack: str, bin_dir: Path | None) -> Workspace:
    """The workspace of a real cluster: the user's own backend, passphrase and stack file.

    Args:
        stack: Name of the stack.
        bin_dir: Folder with resolved tools; None means those on PATH.

    Raises:
        EngineError: If a file state has no passphrase.
    """
    backend = os.environ.get("PULUMI_BACKEND_URL", "")
    if not any(name in os.environ for name in _SECRET_SOURCES):
        raise EngineError(
            "the state has no passphrase: PULUMI_CONFIG_PASSPHRASE is not set; a passphrase, a passphrase file or"
            " a Pulumi access token is needed; set PULUMI_CONFIG_PASSPHRASE_FILE to a file that only you can read"
        )
    state = Path(backend.removeprefix("file://")).expanduser() if backend.startswith("file://") else None
    return Workspace(
        stack=stack,
        directory=PROGRAM,
        environment=_tool_environment(bin_dir),
        state=state,
        cli_root=None if bin_dir is None else bin_dir.parent,
    )
