"""From the words of ``render`` to the stacks that are meant, and where their trees are in Git."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from aifactory.cli.inputs import STACKS, Found, find
from aifactory.errors import AIFactoryError
from aifactory.manifests.gitops.model import Place
from aifactory.spec.delivery import GitOpsEngine
from aifactory.spec.delivery_checks import place_problems


def meant(names: Sequence[str], file: Path | None, *, every: bool) -> list[Found]:
    """The stacks that are meant, by name; with --all those below ``stacks/`` whose power is planned."""
    if not every:
        if len(names) < 2:  # noqa: PLR2004 - one stack, or a file
            return [find(names[0] if names else None, file)]
        if file is not None:
            raise AIFactoryError(
                "--file is for one stack; names of stacks are needed for several; leave it out"
            )
        return [find(name, None) for name in sorted(set(names))]
    if names or file is not None:
        raise AIFactoryError(
            "--all means every stack; no name and no --file is allowed with it; leave one out"
        )
    known = sorted(entry.name.split(".")[1] for entry in STACKS.glob("Pulumi.*.yaml"))
    return [found for name in known if (found := find(name, None)).stack.power is not None]


def place(
    found: Sequence[Found],
    engine: GitOpsEngine,
    repository: str | None,
    revision: str | None,
    path: str | None,
) -> Place:
    """Where the trees are: as the options say, or else as the stacks that name a repository agree.

    Raises:
        AIFactoryError: If no repository is known, the stacks name different ones, or an option is of another form.
    """
    named = [one.stack.delivery for one in found if one.stack.delivery.repository is not None]
    known = {(one.repository, one.revision, one.path, one.secret_ref) for one in named}
    if repository is None and len(known) != 1:
        what = "no repository is known" if not known else "the stacks name different repositories"
        raise AIFactoryError(
            f"{what} for the trees; one is needed, with its branch and folder; give --repository https://..., or"
            " delivery.repository in the stack file"
        )
    base = named[0] if len(known) == 1 else found[0].stack.delivery
    address = str(base.repository) if repository is None else repository
    branch = base.revision if revision is None else revision
    root = base.path if path is None else path
    # Those of a stack file were checked with it.
    problems = [
        f"--{one.path}: {one.what}; {one.allowed}; {one.fix}" for one in place_problems(address, branch, root)
    ]
    if problems:
        raise AIFactoryError("\n".join(problems))
    if repository is not None:
        _no_secret(repository)
    return Place(engine=engine, repository=address, revision=branch, root=root, secret_ref=base.secret_ref)


def _no_secret(repository: str) -> None:
    """No address that is written into a tree holds a password.

    Raises:
        AIFactoryError: If it does.
    """
    address = urlsplit(repository)
    if address.password is not None or (address.username is not None and address.scheme != "ssh"):
        raise AIFactoryError(
            "--repository holds a user name or password; secrets are never in a tree, the GitOps engine has its own;"
            " remove what is before the @"
        )


def first_phases(found: Sequence[Found]) -> list[str]:
    """Stacks of a root: of each site the phase that no other one here is before."""
    names = {one.name for one in found}
    return [one.name for one in found if one.stack.previous not in names]
