"""A text as a file: complete, or as it was before."""

import os
import tempfile
from pathlib import Path

from aifactory.errors import AIFactoryError


def write_file(path: Path, text: str) -> None:
    """The file has the text; a reader never sees a part of it.

    Args:
        path: The file; its folder is made if it is not there.
        text: Its content, in UTF-8.

    Raises:
        AIFactoryError: If it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        staged = tempfile.NamedTemporaryFile(  # noqa: SIM115 - closed before it is renamed
            "w", encoding="utf-8", newline="\n", dir=path.parent, prefix=f".{path.name}.", delete=False
        )
        try:
            with staged:
                staged.write(text)
            Path(staged.name).chmod(0o644)
            os.replace(staged.name, path)  # noqa: PTH105 - the atomic replace is the point
        except OSError:
            Path(staged.name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise AIFactoryError(
            f"{path}: the file cannot be written ({error.strerror or error}); a file in a writable folder is needed;"
            " name another one with --out"
        ) from error
