"""Simulated tokens: AIConfigurator's answer for a model on a system, as a row of throughput.

It needs no GPU and no network, and takes half a minute to two minutes; answers are kept. Its figures ran 1.6 to
2.2 times above MLPerf v6.0 for the same GPU, with other traffic: they are evidence of kind ``simulated``.
"""

import datetime
import re
import sys
from collections.abc import Callable, Mapping
from functools import cache
from importlib import metadata
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict

from aifactory.catalog.models import Catalog, System
from aifactory.catalog.programme import Throughput
from aifactory.errors import ToolError
from aifactory.lab.token_answers import (
    PROGRAM,
    TIMEOUT_S,
    Found,
    NotModelledError,
    Question,
    ask,
    cache_file,
    keep,
    kept,
)
from aifactory.plan.economics import LeftOut, judged
from aifactory.plan.factory import plan
from aifactory.spec.economics import EvidenceKind
from aifactory.spec.stack import Stack

PACKAGE = "aiconfigurator"
GPUS = 8
"""GPUs that the simulated deployment has; its rate is for one of them."""
TTFT_MS = 2000.0
"""The most milliseconds to the first token (assumption)."""
SERVER_TOKENS = (1024, 1024)
"""Input and output tokens of a request of scenario ``server`` (assumption: MLPerf's vary by model)."""
CURRENT_FOR = datetime.timedelta(days=180)
"""How long a simulated row counts as current (assumption)."""


class _Names(BaseModel):
    """What AIConfigurator calls a model, and how fast it has to answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    tpot_ms: float


class _Table(BaseModel):
    """AIConfigurator's names by the catalogue's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    systems: dict[str, str]
    models: dict[str, _Names]


@cache
def _table() -> _Table:
    content = files(__package__).joinpath("token_model.yaml").read_text(encoding="utf-8")
    return _Table.model_validate(yaml.safe_load(content))


def installed_version() -> str:
    """The version of AIConfigurator in this Python.

    Raises:
        ToolError: If the extra is not installed.
    """
    try:
        return metadata.version(PACKAGE)
    except metadata.PackageNotFoundError as error:
        raise ToolError(
            f"AIConfigurator is not installed for {sys.executable}; tokens are simulated with the extra 'tokens',"
            " on x86-64 Linux with Python 3.11 to 3.13; run: pip install 'aifactory[tokens]'"
        ) from error


def question(model: str, system: str, scenario: str) -> Question:
    """What AIConfigurator is asked, for names of the catalogue.

    Raises:
        NotModelledError: If one of them cannot be simulated; says which can.
    """
    table = _table()
    if system not in table.systems:
        known = ", ".join(sorted(table.systems))
        raise NotModelledError(f"AIConfigurator does not know the system {system}; it knows {known}")
    if model not in table.models:
        known = ", ".join(sorted(table.models))
        raise NotModelledError(f"{model} cannot be simulated; set economics.model to one of {known}")
    lengths = re.fullmatch(r"([1-9][0-9]{0,2})k-([1-9][0-9]{0,2})k", scenario)
    if lengths is None and scenario != "server":
        raise NotModelledError(
            f"the scenario '{scenario}' cannot be simulated: the lengths of its requests are not known; set"
            " economics.scenario to server, or to thousands of input and output tokens such as 8k-1k"
        )
    taken, given = (int(lengths[1]) * 1024, int(lengths[2]) * 1024) if lengths else SERVER_TOKENS
    return {
        "model_path": table.models[model].name,
        "system": table.systems[system],
        "total_gpus": GPUS,
        "backend": "trtllm",
        "isl": taken,
        "osl": given,
        "ttft": TTFT_MS,
        "tpot": table.models[model].tpot_ms,
    }


def simulate(
    model: str,
    system: System,
    scenario: str,
    notify: Callable[[str], None],
    *,
    program: tuple[str, ...] = PROGRAM,
    timeout_s: float = TIMEOUT_S,
) -> Throughput:
    """The simulated throughput of a model on a system; a kept answer where it was asked before.

    Args:
        model: Model as the throughput catalogue names it.
        system: Row of the system catalogue.
        scenario: ``server``, or thousands of input and output tokens such as ``8k-1k``.
        notify: Told before the program runs, and when its answer cannot be kept.
        program: The program that is asked.
        timeout_s: How long it may take, in seconds.

    Raises:
        NotModelledError: If there is no figure for this work on this system.
        ToolError: If AIConfigurator is not installed, fails, or takes too long.
    """
    asked, version = question(model, system.id, scenario), installed_version()
    file = cache_file(asked, version)
    found = kept(file)
    if found is None:
        what = f"{model} on {system.id}"
        notify(f"simulating {what} with AIConfigurator {version}; this takes half a minute to two minutes")
        answer = ask(asked, what, program, timeout_s)
        found = Found(answer=answer, as_of=datetime.datetime.now(datetime.UTC).date())
        keep(file, found, notify)
    answer = found.answer
    return Throughput(
        id=f"simulated-{system.id}-{model}-{scenario}",
        system=system.id,
        model=model,
        scenario=scenario,
        evidence=EvidenceKind.SIMULATED,
        tokens_per_second_per_gpu=answer.tokens_per_second_per_gpu,
        token_basis="output",  # noqa: S106 - a kind of token, no password
        software=f"{PACKAGE} {version}, {answer.backend} {answer.backend_version}",
        expires=found.as_of + CURRENT_FOR,
        source="https://github.com/ai-dynamo/aiconfigurator",
        as_of=found.as_of,
        confidence="C",
        notes=(
            f"simulated, not measured: {asked['isl']} input and {asked['osl']} output tokens, {answer.serving} serving,"
            f" first token after {answer.ttft_ms:.0f} ms, {answer.tpot_ms:.1f} ms for each further one"
        ),
    )


def simulated_rows(stack: Stack, catalog: Catalog, notify: Callable[[str], None]) -> dict[str, Throughput]:
    """Simulated rows, by id, for the systems of a stack that serve tokens and have no evidence that counts.

    A system that AIConfigurator does not know is left without a row, and ``notify`` is told.

    Raises:
        ToolError: If AIConfigurator is not installed, fails, or takes too long.
    """
    wanted, rows = stack.economics, {}
    pools = judged(plan("simulation", stack, catalog).pools, wanted, catalog.throughput)
    systems = {one.pool.system.id: one.pool.system for one in pools if one.left_out is LeftOut.NO_EVIDENCE}
    for system in systems.values():
        try:
            row = simulate(wanted.model, system, wanted.scenario, notify)
        except NotModelledError as error:
            notify(f"no simulated tokens of {system.id}: {error}")
        else:
            rows[row.id] = row
    return rows


def with_simulated(stack: Stack, catalog: Catalog, rows: Mapping[str, Throughput]) -> tuple[Stack, Catalog]:
    """A stack in which simulated evidence counts, as the weakest but a maker's claim, and a catalogue with the rows."""
    wanted = stack.economics
    kinds = tuple(dict.fromkeys((*wanted.evidence, EvidenceKind.SIMULATED)))
    return (
        stack.model_copy(update={"economics": wanted.model_copy(update={"evidence": kinds})}),
        catalog.model_copy(update={"throughput": {**catalog.throughput, **rows}}),
    )
