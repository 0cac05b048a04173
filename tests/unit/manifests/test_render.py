"""The one renderer: no value can change the structure of a document."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from aifactory.errors import TemplateError
from aifactory.manifests import render as renderer
from aifactory.manifests.render import render, render_one

HOSTILE = [
    "a\nb: c",
    "a\n---\nkind: Evil",
    "{{7*7}}",
    "{% for x in y %}",
    "{# gone #}",
    '"',
    "'",
    '", kind: Evil, a: "',
    "\\",
    "\u2028",
    "\u2029",
    "\x85",
    "\0",
    "\ufeff",
    "\x7f",
    "no",
    "null",
    "~",
    "1e3",
    "0x1f",
    "1_000",
    "12:30:45",
    "2027-06-30",
    "<<",
    "=",
    "!!python/none",
    "&a",
    "*a",
    "# x",
    "",
    " a ",
    "\t",
]
TEXT = st.text(st.characters(max_codepoint=0xFFFF), max_size=20)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(min_value=-1e6, max_value=1e6).map(lambda number: round(number, 3))
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module", autouse=True)
def _own_templates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Templates of this module instead of the project's."""
    folder = tmp_path_factory.mktemp("templates")
    start = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"
    for name, text in {
        "one": start + "data:\n  v: {{ value }}\n",
        "key": start + "data:\n  {{ value }}: x\n",
        "two": start + "---\n" + start,
        "none": "# nothing\n",
        "text": "just text\n",
        "nameless": "apiVersion: v1\nkind: ConfigMap\n",
        "broken": "{% for x in y %}\n",
        "notyaml": "a: [\n",
    }.items():
        (folder / f"{name}.yaml.j2").write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(renderer, "TEMPLATES", folder)
        renderer._environment.cache_clear()
        yield
    renderer._environment.cache_clear()


def same(value: object, other: object) -> bool:
    """Whether two values are equal and of one type, all the way down."""
    if isinstance(value, dict) and isinstance(other, dict):
        return value.keys() == other.keys() and all(same(value[key], other[key]) for key in value)
    if isinstance(value, list) and isinstance(other, list):
        return len(value) == len(other) and all(map(same, value, other))
    return type(value) is type(other) and value == other


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text_arrives_unchanged(text: str) -> None:
    """Text that means something to YAML or Jinja is data, as a value and as a key."""
    as_value = render_one("one.yaml.j2", {"value": text})
    as_key = render_one("key.yaml.j2", {"value": text})

    assert as_value["data"] == {"v": text}
    assert as_key["data"] == {text: "x"}
    assert list(as_value) == list(as_key) == ["apiVersion", "kind", "metadata", "data"]


@settings(deadline=None, max_examples=200)
@given(JSON)
def test_any_json_arrives_unchanged(value: JsonValue) -> None:
    """Whatever JSON is interpolated, the object holds the same, of the same types."""
    (data,) = [render_one("one.yaml.j2", {"value": value})["data"]]

    assert same(data, {"v": value})


@pytest.mark.parametrize("value", ["\U0001f980", 1e16, 1e-7, {"nested": [1e16]}])
def test_rare_values_arrive_unchanged(value: JsonValue) -> None:
    """Characters above U+FFFF and numbers that JSON writes without a point are data like any other."""
    assert same(render_one("one.yaml.j2", {"value": value})["data"], {"v": value})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1, 2}])
def test_what_is_not_json_is_refused(value: JsonValue) -> None:
    """A value that JSON does not have is a defect of the caller, named with the template."""
    with pytest.raises(TemplateError, match=r"^templates/one\.yaml\.j2: does not render to YAML \("):
        render("one.yaml.j2", {"value": value})


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("missing", "missing.yaml.j2"),
        ("one", "'value' is undefined"),
        ("text", "a document is not a mapping"),
        ("nameless", "an object lacks apiVersion, kind or metadata.name: ['apiVersion', 'kind']"),
        ("two", "gives 2 objects, expected 1"),
        ("none", "gives 0 objects, expected 1"),
    ],
)
def test_each_misfit_is_explained(template: str, message: str) -> None:
    """A template that does not fit its values is named, with the reason."""
    with pytest.raises(TemplateError) as caught:
        render_one(f"{template}.yaml.j2", {})

    said = str(caught.value)
    assert said == f"templates/{template}.yaml.j2: {message}" or (template == "missing" and message in said)


@pytest.mark.parametrize("template", ["broken", "notyaml"])
def test_broken_templates_are_named(template: str) -> None:
    """A template with an error of its own is refused by name."""
    with pytest.raises(TemplateError, match=rf"^templates/{template}\.yaml\.j2: "):
        render(f"{template}.yaml.j2", {})


def test_a_template_may_hold_several_objects() -> None:
    """Every document of a template is an object."""
    assert [one["kind"] for one in render("two.yaml.j2", {})] == ["ConfigMap", "ConfigMap"]
