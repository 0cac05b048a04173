"""The one renderer: templates/<component>/<object>.yaml.j2 to Kubernetes objects.

Every interpolated value is written as a JSON scalar or JSON structure, which YAML reads as data: no value
can change the structure of a document. Text is parsed at once; everything downstream is dicts.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import yaml
from pydantic import JsonValue

from aifactory.errors import TemplateError
from aifactory.manifests.model import KubernetesObject, key_of

_BEYOND_ASCII = re.compile(r"[^\x20-\x7e]")
_BASIC_PLANE = 0xFFFF
TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


def _as_json(value: object) -> str:
    if isinstance(value, jinja2.Undefined):
        return str(value)  # StrictUndefined raises here, naming the variable
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False)
    return _BEYOND_ASCII.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    """YAML's own escape, which also knows characters beyond the basic plane; JSON writes them as two halves."""
    code = ord(match.group())
    return f"\\U{code:08X}" if code > _BASIC_PLANE else f"\\u{code:04X}"


class _Exact(yaml.SafeLoader):
    """YAML's safe loader that also reads JSON's numbers without a point, such as 1e16, as numbers."""


_FLOAT = ("tag:yaml.org,2002:float", re.compile(r"^-?[0-9]+(\.[0-9]+)?[eE][-+]?[0-9]+$"), list("-0123456789"))
_LOADERS: list[Any] = [_Exact]
_Exact.add_implicit_resolver(*_FLOAT)
if yaml.__with_libyaml__:
    # The same in C, in a tenth of the time; what it refuses (half a surrogate pair) goes to the exact one.
    _LOADERS.insert(0, type("_Fast", (yaml.CSafeLoader,), {}))
    _LOADERS[0].add_implicit_resolver(*_FLOAT)


def _documents(text: str) -> list[Any]:
    for loader in _LOADERS[:-1]:
        try:
            return list(yaml.load_all(text, Loader=loader))
        except yaml.YAMLError:
            continue
    return list(yaml.load_all(text, Loader=_LOADERS[-1]))


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        finalize=_as_json,
        autoescape=False,  # noqa: S701 - not HTML; finalize writes every value as JSON
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.clear()
    return environment


def render(template: str, values: dict[str, JsonValue]) -> tuple[KubernetesObject, ...]:
    """The objects of a template.

    Args:
        template: Path below ``templates/``, for example ``storage/storage-class.yaml.j2``.
        values: Variables of the template: plain JSON data.

    Raises:
        TemplateError: If the template is missing, names an unknown variable, or gives no valid objects.
    """
    try:
        text = _environment().get_template(template).render(values)
        documents = [document for document in _documents(text) if document is not None]
    except jinja2.TemplateError as error:
        raise TemplateError(f"templates/{template}: {error.message or type(error).__name__}") from error
    except (yaml.YAMLError, TypeError, ValueError) as error:
        raise TemplateError(f"templates/{template}: does not render to YAML ({error})") from error
    for document in documents:
        if not isinstance(document, dict):
            raise TemplateError(f"templates/{template}: a document is not a mapping")
        try:
            key_of(document)
        except ValueError as error:
            raise TemplateError(f"templates/{template}: {error}") from error
    return tuple(documents)


def render_one(template: str, values: dict[str, JsonValue]) -> KubernetesObject:
    """The single object of a template; see :func:`render`.

    Raises:
        TemplateError: As render, and if the template gives another number of objects than one.
    """
    objects = render(template, values)
    if len(objects) != 1:
        raise TemplateError(f"templates/{template}: gives {len(objects)} objects, expected 1")
    return objects[0]
