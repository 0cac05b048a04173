"""The JSON Schemas of stack and evidence files, generated from the models, for editors."""

import json
from collections.abc import Mapping

from aifactory.spec.gates import Evidence
from aifactory.spec.load import CONFIG_KEY
from aifactory.spec.stack import Stack


def schema_text() -> str:
    """The schema as it is kept in ``stacks/stack.schema.json``."""
    stack = Stack.model_json_schema()
    definitions = stack.pop("$defs", {})
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Stack file of an AI factory: one site in one phase",
        "type": "object",
        "required": ["config"],
        "properties": {
            "config": {"type": "object", "required": [CONFIG_KEY], "properties": {CONFIG_KEY: stack}},
        },
        "$defs": definitions,
    }
    return _text(document)


def evidence_schema_text() -> str:
    """The schema as it is kept in ``stacks/evidence.schema.json``."""
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Evidence.model_json_schema(),
        "title": "Evidence file of an AI factory: what was found when a gate was tried",
    }
    return _text(document)


def _text(document: Mapping[str, object]) -> str:
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
