"""Reading stack files: every message in full, and no input that breaks the loader."""

import copy
import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aifactory.errors import StackInvalid
from aifactory.spec.load import CONFIG_KEY, MAX_BYTES, load_stack, stack_file, stack_from_mapping
from aifactory.spec.stack import Stack
from tests.support.stacks import FILE, minimal_stack, with_at
from tests.unit.spec.test_explain import leaves

STACKS = sorted((Path(__file__).resolve().parents[3] / "stacks").glob("Pulumi.*.yaml"))
NOT_YAML = "YAML with unique keys, without aliases and tags; correct the place named"
EXAMPLE = "start from stacks/Pulumi.local.yaml"


def refused(folder: Path, content: bytes) -> str:
    """What the loader says to a file, without its name; empty if it loads."""
    file = folder / "Pulumi.x.yaml"
    file.write_bytes(content)
    try:
        load_stack(file)
    except StackInvalid as error:
        return str(error).removeprefix(str(file)).removeprefix(": ")
    return ""


@pytest.mark.parametrize("file", STACKS, ids=lambda file: file.stem)
def test_stacks_of_the_repository_load(file: Path) -> None:
    """Each stack file of the repository is valid."""
    assert isinstance(load_stack(file), Stack)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: 1\na: 2", f"is not valid YAML (the key 'a' is given twice, line 2, column 1); {NOT_YAML}"),
        ("a: &x 1\nb: *x", f"is not valid YAML (aliases are not allowed, line 2, column 4); {NOT_YAML}"),
        (
            "a: !!python/object/apply:os.system [id]",
            f"is not valid YAML (tags are not allowed, line 1, column 4); {NOT_YAML}",
        ),
        ("a: !!bool maybe", f"is not valid YAML (tags are not allowed, line 1, column 4); {NOT_YAML}"),
        ("1: a", f"is not valid YAML (a key is not text, line 1, column 1); {NOT_YAML}"),
        ("yes: a", f"is not valid YAML (a key is not text, line 1, column 1); {NOT_YAML}"),
        ("<<: {a: 1}", f"is not valid YAML (a key is not text, line 1, column 1); {NOT_YAML}"),
        (
            "password: 'hunter2",
            f"is not valid YAML (found unexpected end of stream, line 1, column 19); {NOT_YAML}",
        ),
        ("a: \0", f"is not valid YAML (a character that YAML does not allow, position 3); {NOT_YAML}"),
        ("a: 2027-13-45", f"is not valid YAML (a number or date that does not exist); {NOT_YAML}"),
        ("a: " + "9" * 5000, f"is not valid YAML (a number or date that does not exist); {NOT_YAML}"),
        ("a: " + "[" * 20_000, f"is not valid YAML (it is nested too deeply); {NOT_YAML}"),
        ("a: 1\n---\nb: 2", None),
        ("", f"config: is missing; a mapping with the key {CONFIG_KEY}; {EXAMPLE}"),
        ("- 1", f"config: is missing; a mapping with the key {CONFIG_KEY}; {EXAMPLE}"),
        ("config: []", f"config: is missing; a mapping with the key {CONFIG_KEY}; {EXAMPLE}"),
        ("config: {}", f"config.{CONFIG_KEY}: is missing; a mapping that declares the stack; {EXAMPLE}"),
        (f"config: {{{CONFIG_KEY}: x}}", f"the stack is not a mapping; a mapping of sections; {EXAMPLE}"),
    ],
)
def test_each_broken_file_is_explained(tmp_path: Path, content: str, message: str | None) -> None:
    """A file that holds no stack is refused with exactly one line, which quotes nothing of it."""
    said = refused(tmp_path, content.encode())

    assert said == message if message else said.startswith("is not valid YAML (but found another document")


def test_other_encodings_are_refused(tmp_path: Path) -> None:
    """A file that is not UTF-8 is refused with the place."""
    said = refused(tmp_path, b"a: \xff")

    assert said == "is not text in UTF-8 (byte 3); a file in UTF-8; save it as UTF-8"


def test_large_files_are_refused(tmp_path: Path) -> None:
    """A file above the limit is refused, one of exactly the limit is read."""
    large = f"the file is too large; at most {MAX_BYTES} bytes; split the programme into stacks"

    assert refused(tmp_path, b"#" * (MAX_BYTES + 1)) == large
    assert refused(tmp_path, b"#" * MAX_BYTES).startswith("config: is missing")


@pytest.mark.parametrize(
    ("name", "reason"),
    [("missing.yaml", "No such file or directory"), (".", "Is a directory"), ("a\0b", "embedded null byte")],
)
def test_unreadable_files_are_refused(tmp_path: Path, name: str, reason: str) -> None:
    """A file that is not there, a folder, and an impossible name are refused with the reason."""
    path = tmp_path / name
    with pytest.raises(StackInvalid) as caught:
        load_stack(path)

    assert (
        str(caught.value) == f"{path}: cannot be read ({reason}); a readable file; check its name and rights"
    )


def test_unknown_stacks_are_listed(tmp_path: Path) -> None:
    """A stack without a file is refused with the stacks there are."""
    missing = tmp_path / "Pulumi.seoul.yaml"
    for known, listed in (((), "none"), (("korea-pilot", "busan"), "busan, korea-pilot")):
        for name in known:
            (tmp_path / f"Pulumi.{name}.yaml").touch()
        with pytest.raises(StackInvalid) as caught:
            stack_file(tmp_path, "seoul")
        assert str(caught.value) == (
            f"{missing}: there is no such stack file; stacks: {listed}; name one of them, or add the file"
        )
    assert stack_file(tmp_path, "busan") == tmp_path / "Pulumi.busan.yaml"


@pytest.mark.parametrize("name", ["../etc/passwd", "a/b", "", "A", "busan\n", "..", "\0", "a" * 43])
def test_other_names_are_no_stacks(tmp_path: Path, name: str) -> None:
    """A name that could leave the folder, or that Kubernetes would not take, is refused unread."""
    with pytest.raises(StackInvalid) as caught:
        stack_file(tmp_path, name)

    assert str(caught.value) == (
        f"{name}: is not the name of a stack; lower-case letters, digits and dashes, at most 42; "
        "name a stack such as korea-pilot"
    )


def fine_or_refused(raw: object) -> bool:
    """Whether a mapping loads; anything but a refusal is an error of the test."""
    try:
        stack_from_mapping(raw, FILE)
    except StackInvalid as error:
        for problem in error.problems:
            assert problem.what, problem
            assert problem.allowed, problem
            assert problem.fix, problem
        return False
    return True


ATOMS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**400, -(10**400), 0, 2**63, float("nan"), float("inf"), -0.0]),
    st.floats(),
    st.text(max_size=20),
    st.binary(max_size=4),
    st.dates(),
    st.datetimes(),
    st.just(datetime.date.max),
    st.sampled_from(["no", "1e3", "{{7*7}}", "a\n---\nb", "\u2028", "\ud800", "a" * 70]),
)
VALUES = st.recursive(
    ATOMS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | st.integers(), inner, max_size=3)
    ),
    max_leaves=6,
)
FULL: dict[str, Any] = minimal_stack(
    live="2027-06-30",
    storage={"checkpoint": None, "tiers": [], "quotas": []},
    network={"api_servers": [], "mirror_cidrs": ["10.8.0.0/24"], "api_server_port": 6443},
    operators={"gpu_operator": {"owner": "managed"}},
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(leaves(FULL)), VALUES)
def test_a_changed_stack_loads_or_is_refused(path: str, value: object) -> None:
    """Whatever stands at any place of a valid stack, it loads or is refused, and nothing else happens."""
    fine_or_refused(with_at(FULL, path, value))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.text(max_size=80), VALUES.map(repr), st.binary(max_size=40).map(lambda b: b.decode("latin1"))
    )
)
def test_any_text_loads_or_is_refused(tmp_path: Path, text: str) -> None:
    """Whatever a file holds, it is refused, and nothing else happens."""
    assert refused(tmp_path, text.encode("utf-8", "surrogatepass"))


def test_deep_mappings_are_refused() -> None:
    """Depth that Pulumi's configuration could carry does not break the loader."""
    deep: object = "x"
    for _ in range(5000):
        deep = [deep]
    raw = copy.copy(minimal_stack())
    for section in ("site", "pools", "live", "zzz"):
        assert not fine_or_refused({**raw, section: deep})


def test_a_written_stack_is_read_back(tmp_path: Path) -> None:
    """A valid mapping, written as YAML, loads to the same stack."""
    file = tmp_path / "Pulumi.x.yaml"
    file.write_text(yaml.safe_dump({"config": {CONFIG_KEY: minimal_stack()}}))

    assert load_stack(file) == stack_from_mapping(minimal_stack(), FILE)
