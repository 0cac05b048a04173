"""Stack files to stacks: YAML in, one frozen Stack or one error with every problem out."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import yaml
from pydantic import ValidationError

from aifactory.errors import Problem, StackInvalid
from aifactory.spec.checks import problems
from aifactory.spec.explain import explain
from aifactory.spec.stack import Stack
from aifactory.spec.strict_yaml import StrictLoader, reason
from aifactory.spec.units import STACK_NAME

CONFIG_KEY = "aifactory:stack"
MAX_BYTES = 1_000_000
"""Larger than any sensible stack file; bounds what a hostile one can cost."""
_EXAMPLE = "start from stacks/Pulumi.local.yaml"


def _invalid(file: str, what: str, allowed: str, fix: str, path: str = "") -> StackInvalid:
    return StackInvalid(file, [Problem(path, what, allowed, fix)])


def stack_file(directory: Path, stack: str, instead: str = "") -> Path:
    """The file of a stack, ``<directory>/Pulumi.<stack>.yaml``.

    Args:
        directory: The folder that holds the stack files.
        stack: Name of the stack.
        instead: What could be given in the place of a name, for the message.

    Raises:
        StackInvalid: If the name is not one a stack may have, or there is no such file.
    """
    if not STACK_NAME.fullmatch(stack):
        raise _invalid(
            stack,
            "is not the name of a stack",
            "lower-case letters, digits and dashes, at most 42",
            f"name a stack such as korea-pilot{instead}",
        )
    path = directory / f"Pulumi.{stack}.yaml"
    if not path.is_file():
        files = directory.glob("Pulumi.*.yaml")
        known = sorted(file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in files)
        raise _invalid(
            str(path),
            "there is no such stack file",
            f"stacks: {', '.join(known) or 'none'}",
            "name one of them, or add the file",
        )
    return path


def _text(path: Path) -> str:
    """The text of a file, of which no more than the limit is ever read."""
    shown = str(path)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise _invalid(
            shown, f"cannot be read ({why})", "a readable file", "check its name and rights"
        ) from error
    if len(content) > MAX_BYTES:
        raise _invalid(
            shown, "the file is too large", f"at most {MAX_BYTES} bytes", "split the programme into stacks"
        )
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _invalid(
            shown, f"is not text in UTF-8 (byte {error.start})", "a file in UTF-8", "save it as UTF-8"
        ) from error


def read_yaml(path: Path) -> object:
    """What a YAML file holds.

    Args:
        path: The file.

    Raises:
        StackInvalid: If the file cannot be read, is too large, or is not YAML without traps.
    """
    text = _text(path)
    try:
        content: object = yaml.load(text, Loader=StrictLoader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise _invalid(
            str(path),
            f"is not valid YAML ({reason(error)})",
            "YAML with unique keys, without aliases and tags",
            "correct the place named",
        ) from error
    return content


def read_config(path: Path) -> dict[str, object]:
    """The ``config`` mapping of a stack file.

    Args:
        path: The stack file.

    Raises:
        StackInvalid: If the file cannot be read or is not YAML with a ``config`` mapping.
    """
    content = read_yaml(path)
    config = content.get("config") if isinstance(content, dict) else None
    if not isinstance(config, dict):
        raise _invalid(str(path), "is missing", f"a mapping with the key {CONFIG_KEY}", _EXAMPLE, "config")
    return cast("dict[str, object]", config)


def load_stack(path: Path) -> Stack:
    """The stack that a file declares.

    Args:
        path: A file in the form of ``stacks/Pulumi.local.yaml``.

    Raises:
        StackInvalid: With every problem found.
    """
    config = read_config(path)
    if CONFIG_KEY not in config:
        raise _invalid(
            str(path),
            "is missing",
            "a mapping that declares the stack",
            _EXAMPLE,
            f"config.{CONFIG_KEY}",
        )
    return stack_from_mapping(config[CONFIG_KEY], str(path))


def stack_from_mapping(raw: object, file: str) -> Stack:
    """The stack that a mapping declares, as Pulumi hands it to the program.

    Args:
        raw: The value of the configuration key ``aifactory:stack``.
        file: What to call the source in messages.

    Raises:
        StackInvalid: With every problem found.
    """
    if not isinstance(raw, Mapping):
        raise _invalid(file, "the stack is not a mapping", "a mapping of sections", _EXAMPLE)
    try:
        stack = Stack.model_validate(dict(raw))
    except ValidationError as error:
        raise StackInvalid(file, explain(Stack, error)) from error
    found = problems(stack)
    if found:
        raise StackInvalid(file, found)
    return stack
