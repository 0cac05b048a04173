"""The two recipes that take a module as it is: one file of it, or a patched copy."""

import json

import pytest

from aifactory.lab.tools import BuildFailedError
from tests.unit.lab_tools.harness import TOOL, Bench, row

PATH, VERSION, SUM = "example.test/published", "v1.2.3", "h1:published="


def publish(bench: Bench, module_sum: str = SUM) -> None:
    """Make the scripted `go mod download` answer with a read-only module."""
    module = bench.root / "gomodcache" / "published"
    (module / "cmd").mkdir(parents=True)
    (module / "cmd" / "script").write_text("#!/bin/sh\necho demo 1.2.3\n")
    (module / "go.mod").write_text("module example.test/published\nreplace example.test/sdk => ../sdk\n")
    (module / "cmd" / "script").chmod(0o444)
    (module / "cmd").chmod(0o555)
    answer = bench.root / "answer.json"
    answer.write_text(json.dumps({"Path": PATH, "Version": VERSION, "Dir": str(module), "Sum": module_sum}))
    bench.go_env["FAKE_GO_MODULE"] = str(answer)


def recipe(kind: str, **more: object) -> dict[str, object]:
    """A row with a recipe over the published module."""
    return row(build={"kind": kind, "path": PATH, "version": VERSION, "sum": SUM, **more})


def test_module_file_is_copied_with_its_run_bit(bench: Bench) -> None:
    """The file of a verified module becomes the tool, and can be run."""
    publish(bench)

    tools = bench.box(recipe("module-file", file="cmd/script")).ensure([TOOL])

    assert tools.path(TOOL).read_text() == "#!/bin/sh\necho demo 1.2.3\n"
    assert tools.path(TOOL).stat().st_mode & 0o111


def test_other_module_hash_is_refused(bench: Bench) -> None:
    """A module with another hash than the table's is not used, and both hashes are shown."""
    publish(bench, "h1:other=")

    with pytest.raises(BuildFailedError, match=r"module hash is h1:other=, the table has h1:published="):
        bench.box(recipe("module-file", file="cmd/script")).ensure([TOOL])

    assert not list((bench.cache / TOOL).rglob(TOOL))


def test_patched_module_is_built_in_a_copy(bench: Bench) -> None:
    """Our go.mod and go.sum lie over the copy, the generator runs in it, and the copy is gone afterwards."""
    publish(bench)
    (bench.module / "go.sum").write_text("example.test/sdk v1.0.0 h1:abc=\n")
    seen = bench.root / "seen"
    seen.mkdir()
    bench.go_env["FAKE_GO_SEEN"] = str(seen)
    spec = recipe(
        "go-patched",
        module="demo",
        generate_dir="cmd",
        generate=["run", "generate.go"],
        generate_env={"VERSION": "{version}"},
        package="./cmd",
    )

    bench.box(spec).ensure([TOOL])

    assert (seen / "generated").read_text() == "generated for 1.2.3\n"
    assert (seen / "go.mod").read_text() == (bench.module / "go.mod").read_text()
    assert (seen / "go.sum").read_text() == (bench.module / "go.sum").read_text()
    assert bench.leftovers() == []
    published = bench.root / "gomodcache" / "published"
    assert "replace" in (published / "go.mod").read_text()
    assert not (published / "cmd" / "generated").exists()
