"""The JSON Schema of a stack file, generated from the models, for editors."""

import json

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
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
