"""A program that asks AIConfigurator once: a question as JSON on standard input, an answer on standard output.

It is started by ``token_model`` as a file, in a process of its own, and imports nothing of this project: the
library takes long, prints tables, and keeps gigabytes.
"""

import json
import os
import sys


def answer(question: dict[str, object]) -> dict[str, object]:
    """The best way to serve the model, as the library finds it; or why there is none.

    Args:
        question: The arguments of ``aiconfigurator.cli.cli_default`` by name.
    """
    from aiconfigurator.cli import cli_default

    try:
        found = cli_default(**question)
    except (RuntimeError, ValueError) as error:  # its own errors for "not supported" and "not feasible"
        return {"refused": f"{type(error).__name__}: {error}"}
    configurations = found.best_configs.get(found.chosen_exp)
    if configurations is None or not len(configurations):
        return {"refused": "no configuration keeps the latency targets"}
    best = configurations.iloc[0].to_dict()
    return {
        "tokens_per_second_per_gpu": float(best["tokens/s/gpu_cluster"]),
        "ttft_ms": float(best["ttft"]),
        "tpot_ms": float(best["tpot"]),
        "serving": str(found.chosen_exp),
        "backend": str(best.get("backend") or best.get("(d)backend")),
        "backend_version": str(best.get("version") or best.get("(d)version")),
    }


def main() -> None:
    """Answer the question on standard input; whatever the library prints goes to standard error."""
    with os.fdopen(os.dup(1), "w") as out:
        os.dup2(2, 1)
        json.dump(answer(json.load(sys.stdin)), out)


if __name__ == "__main__":
    main()
