"""YAML without its traps: dropped duplicate keys, alias bombs, tags, keys that are not text."""

from collections.abc import Hashable
from typing import cast

import yaml
from yaml.constructor import ConstructorError


class StrictLoader(yaml.SafeLoader):
    """YAML's safe loader, stricter: unique text keys, no aliases, no tags."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """A node, once it is neither an alias nor tagged."""
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call] # the stubs do not type it
        if isinstance(event, yaml.events.AliasEvent):
            raise ConstructorError(None, None, "aliases are not allowed", _mark(event))
        if getattr(event, "tag", None) is not None:
            raise ConstructorError(None, None, "tags are not allowed", _mark(event))
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:  # noqa: FBT001, FBT002 - PyYAML's signature
        """A mapping whose keys are text and unique."""
        seen: set[object] = set()
        for key_node, _ in node.value:
            if key_node.tag != "tag:yaml.org,2002:str":
                raise ConstructorError(None, None, "a key is not text", key_node.start_mark)
            if key_node.value in seen:
                twice = f"the key '{key_node.value}' is given twice"
                raise ConstructorError(None, None, twice, key_node.start_mark)
            seen.add(key_node.value)
        return super().construct_mapping(node, deep=deep)


def _mark(event: yaml.Event) -> yaml.error.Mark:
    return cast("yaml.error.Mark", event.start_mark)  # the C parser's marks are not used here


def reason(error: Exception) -> str:
    """Why a text is not YAML, with line and column; no line of the text is quoted, it may hold a secret.

    Args:
        error: What PyYAML raised.
    """
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"{error.problem}, line {mark.line + 1}, column {mark.column + 1}"
    if isinstance(error, yaml.reader.ReaderError):
        return f"a character that YAML does not allow, position {error.position}"
    return "a number or date that does not exist"
