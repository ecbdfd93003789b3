"""Reduce the service traces to small quantile tables: `python prompts/make_quantiles.py --from DIR [--to FILE]`.

DIR holds the Azure LLM inference traces of 2023 (`azure_llm_2023_conv.csv.gz`, `azure_llm_2023_code.csv.gz`; CC BY 4.0) and the Mooncake
traces (`mooncake_conversation.jsonl.gz`; Apache-2.0). Kept are 201 quantiles of: tokens in, tokens out (for four classes of tokens
in), the gap
between arrivals in units of its mean, and the arrivals of a minute in units of their mean.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

STEPS = 201
LEVELS = np.linspace(0.0, 1.0, STEPS)


def azure(path: Path) -> NDArray[np.float64]:
    """Read one Azure trace as rows of (seconds, tokens in, tokens out)."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        rows = [
            (row["TIMESTAMP"], int(row["ContextTokens"]), int(row["GeneratedTokens"])) for row in csv.DictReader(lines)
        ]
    first = datetime.fromisoformat(rows[0][0][:26])
    return np.array([((datetime.fromisoformat(at[:26]) - first).total_seconds(), a, b) for at, a, b in rows])


def mooncake(path: Path) -> NDArray[np.float64]:
    """Read one Mooncake trace as rows of (seconds, tokens in, tokens out)."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return np.array([(row["timestamp_ms"] / 1000.0, row["input_length"], row["output_length"]) for row in rows])


def quantiles(values: NDArray[np.float64], digits: int) -> list[float]:
    """201 evenly spaced quantiles, rounded."""
    return [round(float(value), digits) for value in np.quantile(values, LEVELS)]


def reduce(trace: NDArray[np.float64]) -> dict[str, object]:
    """The tables of one trace."""
    at, tokens_in, tokens_out = np.sort(trace[:, 0]), trace[:, 1], trace[:, 2]
    gaps = np.diff(at)
    minutes = np.bincount((at // 60).astype(int))[:-1].astype(float)
    edges = np.quantile(tokens_in, [0.25, 0.5, 0.75])
    part = np.searchsorted(edges, tokens_in, side="right")
    return {
        "n": len(trace),
        "input_tokens": quantiles(tokens_in, 0),
        "output_tokens": [quantiles(tokens_out[part == k], 0) for k in range(4)],
        "gap": quantiles(gaps / gaps.mean(), 4),
        "minute": quantiles(minutes / minutes.mean(), 4),
    }


def main() -> None:
    """Write the tables as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--from", dest="source", type=Path, required=True, help="folder of traces")
    default = Path(__file__).resolve().parent.parent / "src" / "stillwatch" / "range" / "_quantiles.json"
    parser.add_argument("--to", type=Path, default=default, help="file to write")
    options = parser.parse_args()
    tables = {
        "sources": {
            "chat": "Azure LLM inference trace 2023, conversation (Azure/AzurePublicDataset, CC BY 4.0)",
            "code": "Azure LLM inference trace 2023, code (Azure/AzurePublicDataset, CC BY 4.0)",
            "long": "Mooncake conversation trace (kvcache-ai/Mooncake, Apache-2.0)",
        },
        "chat": reduce(azure(options.source / "azure_llm_2023_conv.csv.gz")),
        "code": reduce(azure(options.source / "azure_llm_2023_code.csv.gz")),
        "long": reduce(mooncake(options.source / "mooncake_conversation.jsonl.gz")),
    }
    options.to.write_text(json.dumps(tables, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
