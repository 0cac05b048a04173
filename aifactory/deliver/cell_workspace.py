"""Where the engine works for one cell of a larger site on a real cluster: each cell has a Pulumi stack of its own."""

from pathlib import Path

from aifactory.deliver.workspace import PROJECT, Workspace, user_workspace, write_project
from aifactory.spec.load import read_config, read_yaml


def cell_workspace(
    directory: Path, file: Path, home: str, *, cell: str, target: str, bin_dir: Path | None
) -> Workspace:
    """The workspace of one cell: the user's backend and passphrase, and a project that knows the cell.

    The stack file is never written to: it is one for all cells. Configuration is copied from it at every run.

    Args:
        directory: Folder for the project; made if it is not there.
        file: The stack file.
        home: Name of the cell's Pulumi stack.
        cell: Full name of the cell.
        target: Target that the program is told.
        bin_dir: Folder with resolved tools; None means those on PATH.

    Raises:
        EngineError: If a file state has no passphrase.
    """
    own = user_workspace(home, bin_dir)
    directory.mkdir(parents=True, exist_ok=True)
    config = {**read_config(file), f"{PROJECT}:cell": cell, f"{PROJECT}:target": target}
    # The first cell goes on with the stack's own state, so with the settings of its secrets too.
    settings = read_yaml(file) if file.name == f"Pulumi.{home}.yaml" else None
    write_project(directory, home, config, settings if isinstance(settings, dict) else None)
    return own.model_copy(update={"directory": directory})
