"""Where a tree is in Git: what is refused in a stack file."""

import pytest

from aifactory.errors import Problem, StackInvalid
from aifactory.spec.delivery_checks import place_problems
from aifactory.spec.load import stack_from_mapping
from tests.support.stacks import minimal_stack


@pytest.mark.parametrize(
    ("field", "value", "what"),
    [
        ("path", "../x", "'../x' is no folder of the repository"),
        ("path", "a/./b", "'a/./b' is no folder of the repository"),
        ("revision", "a b", "'a b' is no name of a branch"),
        ("revision", "-x", "'-x' is no name of a branch"),
        ("revision", "a..b", "'a..b' is no name of a branch"),
        ("revision", "x.lock", "'x.lock' is no name of a branch"),
        ("revision", "x/", "'x/' is no name of a branch"),
        ("repository", "https://[::1/x", "is no address of a Git repository"),
        ("repository", "https://git.example:99999/x", "is no address of a Git repository"),
    ],
)
def test_a_place_that_git_does_not_know(field: str, value: str, what: str) -> None:
    """Each field is named, with what is wrong, what is allowed and how to write it."""
    given = {"repository": "https://git.example/x", field: value}

    with pytest.raises(StackInvalid) as caught:
        stack_from_mapping(minimal_stack(delivery=given), "f")

    (problem,) = caught.value.problems
    assert (problem.path, problem.what) == (f"delivery.{field}", what)
    assert problem.allowed
    assert problem.fix


@pytest.mark.parametrize("revision", ["main", "feature/x-1", "v1.2", "ünï", "a@b"])
@pytest.mark.parametrize(
    "repository",
    [None, "http://127.0.0.1:3000/x.git", "ssh://git@git.example:2222/x", "https://[::1]:8443/x"],
)
def test_a_place_that_git_knows(revision: str, repository: str | None) -> None:
    """Branches in folders, other alphabets, ports and a user of ssh are all allowed."""
    assert list(place_problems(repository, revision, "fleet/clusters.v1")) == []


def test_no_repository_is_repeated() -> None:
    """An address may hold a password: the message never holds it."""
    (problem,) = place_problems("https://me:word@[", "main", "clusters")

    assert isinstance(problem, Problem)
    assert "word" not in problem.line("f")
