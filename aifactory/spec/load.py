"""Stack files to stacks: YAML in, one frozen Stack or one error with every problem out."""

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import cast

import yaml
from pydantic import ValidationError

from aifactory.errors import Problem, StackInvalid
from aifactory.spec.checks import problems
from aifactory.spec.explain import explain
from aifactory.spec.stack import Stack
from aifactory.spec.units import STACK_NAME

CONFIG_KEY = "aifactory:stack"
MAX_BYTES = 1_000_000
"""Larger than any sensible stack file; bounds what a hostile one can cost."""


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML's safe loader without its two traps: silently dropped duplicate keys, and alias bombs."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.events.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.constructor.ConstructorError(None, None, "aliases are not allowed", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:  # noqa: FBT001, FBT002 - PyYAML's signature
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(None, None, "a key is not text", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key '{key}' is given twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def stack_file(directory: Path, stack: str) -> Path:
    """The file of a stack, ``<directory>/Pulumi.<stack>.yaml``.

    Args:
        directory: The folder that holds the stack files.
        stack: Name of the stack.

    Raises:
        StackInvalid: If the name is not one a stack may have, or there is no such file.
    """
    if not STACK_NAME.match(stack):
        raise StackInvalid(
            stack,
            [
                Problem(
                    "",
                    "is not the name of a stack",
                    "lower-case letters, digits and dashes, at most 42",
                    "name a stack such as korea-pilot, or give a file with --file",
                )
            ],
        )
    path = directory / f"Pulumi.{stack}.yaml"
    if not path.is_file():
        known = sorted(
            file.name.removeprefix("Pulumi.").removesuffix(".yaml")
            for file in directory.glob("Pulumi.*.yaml")
        )
        raise StackInvalid(
            str(path),
            [
                Problem(
                    "",
                    "there is no such stack file",
                    f"stacks: {', '.join(known) or 'none'}",
                    "name one of them, or add the file",
                )
            ],
        )
    return path


def read_config(path: Path) -> dict[str, object]:
    """The ``config`` mapping of a stack file.

    Args:
        path: The stack file.

    Raises:
        StackInvalid: If the file cannot be read or is not YAML with a ``config`` mapping.
    """
    shown = str(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise StackInvalid(
                shown,
                [
                    Problem(
                        "",
                        "the file is too large",
                        f"at most {MAX_BYTES} bytes",
                        "split the programme into stacks",
                    )
                ],
            )
        text = path.read_text(encoding="utf-8")
        content = yaml.load(text, Loader=_UniqueKeyLoader)  # noqa: S506 - a SafeLoader
    except (OSError, UnicodeDecodeError) as error:
        raise StackInvalid(
            shown,
            [
                Problem(
                    "", f"cannot be read ({error})", "a readable file in UTF-8", "check its name and rights"
                )
            ],
        ) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise StackInvalid(
            shown,
            [
                Problem(
                    "",
                    f"is not valid YAML ({reason})",
                    "YAML with unique keys and no aliases",
                    "correct the place named",
                )
            ],
        ) from error
    config = content.get("config") if isinstance(content, dict) else None
    if not isinstance(config, dict):
        raise StackInvalid(
            shown,
            [
                Problem(
                    "config",
                    "is missing",
                    f"a mapping with the key {CONFIG_KEY}",
                    "start from stacks/Pulumi.local.yaml",
                )
            ],
        )
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
        raise StackInvalid(
            str(path),
            [
                Problem(
                    f"config.{CONFIG_KEY}",
                    "is missing",
                    "a mapping that declares the stack",
                    "start from stacks/Pulumi.local.yaml",
                )
            ],
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
        raise StackInvalid(
            file,
            [
                Problem(
                    "",
                    "the stack is not a mapping",
                    "a mapping of sections",
                    "start from stacks/Pulumi.local.yaml",
                )
            ],
        )
    try:
        stack = Stack.model_validate(raw)
    except ValidationError as error:
        raise StackInvalid(file, explain(Stack, error)) from error
    found = problems(stack)
    if found:
        raise StackInvalid(file, found)
    return stack
