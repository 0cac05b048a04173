"""Simulated tokens: what is asked, what is kept, and what a user reads when there is no answer.

AIConfigurator itself is not run here: a FAKE library of the same name, or a FAKE program, stands for it. What
these tests prove is the adapter; that its names and its figures are right was checked against version 0.12.0.
"""

import sys
from importlib import metadata
from pathlib import Path

import pytest
import yaml

from aifactory.catalog.load import catalog
from aifactory.catalog.programme import Throughput
from aifactory.errors import ToolError
from aifactory.lab import token_model
from aifactory.lab.token_answers import NotModelledError
from aifactory.lab.token_model import installed_version, question, simulate, simulated_rows, with_simulated
from aifactory.plan.factory import plan
from aifactory.spec.economics import EvidenceKind
from tests.support.evidence import facts, row, serving
from tests.support.stacks import stack

GB300 = catalog().systems["gb300-nvl72"]


def test_an_answer_becomes_a_row(calls: Path, told: list[str]) -> None:
    """The row says what was simulated, by what, and counts as simulated output tokens over all GPUs."""
    found = simulate("gpt-oss-120b", GB300, "8k-1k", told.append)

    assert calls.read_text() == "openai/gpt-oss-120b gb300 8 trtllm 8192 1024 2000.0 20.0\n"
    assert found.model_dump(exclude={"as_of", "expires"}) == row(
        "gb300-nvl72",
        1234.5,
        id="simulated-gb300-nvl72-gpt-oss-120b-8k-1k",
        scenario="8k-1k",
        evidence="simulated",
        software="aiconfigurator 0.12.0, trtllm 1.0",
        source="https://github.com/ai-dynamo/aiconfigurator",
        notes=(
            "simulated, not measured: 8192 input and 1024 output tokens, agg serving, first token after 100 ms,"
            " 19.0 ms for each further one"
        ),
    ).model_dump(exclude={"as_of", "expires"})
    assert (found.expires - found.as_of).days == 180
    assert told == [
        "simulating gpt-oss-120b on gb300-nvl72 with AIConfigurator 0.12.0; this takes half a minute to two minutes"
    ]


def test_without_the_extra_it_is_named(told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where AIConfigurator is not installed, the message says what to install, and where that works."""

    def absent(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", absent)
    with pytest.raises(ToolError) as caught:
        simulate("gpt-oss-120b", GB300, "server", told.append)

    assert str(caught.value) == (
        f"AIConfigurator is not installed for {sys.executable}; tokens are simulated with the extra 'tokens',"
        " on x86-64 Linux with Python 3.11 to 3.13; run: pip install 'aifactory[tokens]'"
    )
    assert told == []


def test_the_version_is_that_of_this_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """The version is the one of the package that Python finds."""
    monkeypatch.setattr(metadata, "version", {"aiconfigurator": "0.12.0"}.__getitem__)

    assert installed_version() == "0.12.0"


@pytest.mark.parametrize(
    ("model", "system", "scenario", "message"),
    [
        (
            "gpt-oss-120b",
            "vr-nvl72",
            "server",
            "AIConfigurator does not know the system vr-nvl72; it knows dgx-b200, gb200-nvl72, gb300-nvl72,"
            " hgx-b300, rtx-pro-6000-server",
        ),
        (
            "llama-2-70b",
            "gb300-nvl72",
            "server",
            "llama-2-70b cannot be simulated; set economics.model to one of deepseek-r1, deepseek-v4-pro,"
            " gpt-oss-120b, kimi-k2.6-nvfp4, llama-3.1-405b, llama-3.1-8b",
        ),
        *(
            (
                "gpt-oss-120b",
                "gb300-nvl72",
                scenario,
                f"the scenario '{scenario}' cannot be simulated: the lengths of its requests are not known; set"
                " economics.scenario to server, or to thousands of input and output tokens such as 8k-1k",
            )
            for scenario in ("interactive", "0k-1k", "8k", "8k-1k-", "9999k-1k")
        ),
    ],
)
def test_what_cannot_be_simulated_is_said_before_anything_runs(
    model: str, system: str, scenario: str, message: str
) -> None:
    """A system, model or scenario that AIConfigurator does not know is refused with those it does."""
    with pytest.raises(NotModelledError) as caught:
        question(model, system, scenario)

    assert str(caught.value) == message


def test_only_systems_without_evidence_are_simulated(calls: Path, told: list[str]) -> None:
    """Of a site's pools those without evidence are simulated, each system once; an unknown one is left out."""
    raw = serving(
        {"system": "gb300-nvl72"},
        {"system": "gb300-nvl72"},
        {"system": "dgx-b200"},
        {"system": "vr-nvl72"},
        {"system": "rtx-pro-6000-server", "partitioning": {"time_slicing": {"replicas": 2}}},
        {"system": "hgx-b300", "service": "training"},
        {"system": "hgx-b300"},
    )
    wanted, known = stack(**raw), facts(row("dgx-b200"))
    rows = simulated_rows(wanted, known, told.append)

    assert list(rows) == ["simulated-gb300-nvl72-gpt-oss-120b-server"]
    assert [line.split()[1] for line in calls.read_text().splitlines()] == ["gb300", "b300_sxm"]
    left = [message for message in told if message.startswith("no simulated tokens of ")]
    assert [message.split(":")[0].split()[-1] for message in left] == ["vr-nvl72", "hgx-b300"]


def test_simulated_rows_count_where_they_are_asked_for() -> None:
    """The stack's figures rest on the rows then, as the weaker evidence; stack and catalogue stay as they were."""
    wanted, known = stack(**serving({}, {"system": "hgx-b300"})), facts(row("dgx-b200"))
    rows: dict[str, Throughput] = {
        system: row(system, 9e9, id=system, evidence="simulated") for system in ("dgx-b200", "hgx-b300")
    }
    counting, with_rows = with_simulated(wanted, known, rows)

    assert [used.row.id for used in plan("s", counting, with_rows).economics.evidence] == [
        "test-dgx-b200",
        "hgx-b300",
    ]
    assert EvidenceKind.SIMULATED not in wanted.economics.evidence
    assert list(known.throughput) == ["test-dgx-b200"]
    assert with_simulated(counting, with_rows, rows)[0] == counting


def test_every_name_is_one_of_the_catalogue() -> None:
    """The table of names is about systems and models that the catalogue has."""
    table = yaml.safe_load(Path(token_model.__file__).with_name("token_model.yaml").read_text())

    assert set(table["systems"]) <= set(catalog().systems)
    assert set(table["models"]) <= {known.model for known in catalog().throughput.values()}
