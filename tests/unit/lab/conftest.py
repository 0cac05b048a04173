"""A FAKE of the library AIConfigurator for the tests of simulated tokens."""

from pathlib import Path

import pytest

from aifactory.lab import token_model

FAKE_LIBRARY = '''"""FAKE: stands for AIConfigurator in tests; its figures mean nothing."""
import os, sys
class Rows(list):
    @property
    def iloc(self):
        return [Best(one) for one in self]
class Best(dict):
    def to_dict(self):
        return dict(self)
class Result:
    chosen_exp = "agg"
def cli_default(model_path, *, system, total_gpus, backend, isl, osl, ttft, tpot):
    print("a table that is not an answer")
    with open(os.environ["FAKE_CALLS"], "a") as calls:
        calls.write(f"{model_path} {system} {total_gpus} {backend} {isl} {osl} {ttft} {tpot}\\n")
    if system == "b300_sxm":
        raise RuntimeError("No feasible configurations found.")
    if system == "b200_sxm":
        raise KeyError("torn data")
    if system == "rtx_pro_6000_server":
        sys.exit("Backend trtllm is not supported")
    result = Result()
    best = {"tokens/s/gpu_cluster": 1234.5, "ttft": 100, "tpot": 19, "backend": "trtllm", "version": "1.0"}
    result.best_configs = {"agg": Rows([] if system == "gb200" else [best])}
    return result
'''


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The FAKE library is on the path of the program, the cache is empty; the file lists what was asked."""
    package = tmp_path / "fake" / "aiconfigurator"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "cli.py").write_text(FAKE_LIBRARY)
    asked = tmp_path / "calls"
    asked.touch()
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    monkeypatch.setenv("FAKE_CALLS", str(asked))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(token_model, "installed_version", lambda: "0.12.0")
    return asked


@pytest.fixture
def told() -> list[str]:
    """What the user was told."""
    return []
