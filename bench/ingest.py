"""How fast logs are read: rows per CPU second and per second with two processes, for every format, on made-up traffic of 1 KB prompts.

    python bench/ingest.py [--rows N] [--format NAME ...] [--processes N] [--json FILE] [--profile]

Inputs are generated in a temporary folder with a fixed seed. Times on a shared machine are noisy: CPU seconds are the figure to trust.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import multiprocessing
import pstats
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

from made_captures import KEY, World, openai_chat
from made_logs import JSON_FORMATS, write

from stillwatch.core.pseudonym import Pseudonymiser
from stillwatch.ingest import Chunk, ReadOptions, plan, read_chunk


def yardstick() -> float:
    """Microseconds of CPU that decoding one fixed JSON line of 2.8 KB takes here and now: how fast this machine is at this moment."""
    import msgspec

    line = json.dumps(openai_chat(World(100), 1)).encode()
    decode = msgspec.json.Decoder().decode
    best = 1.0
    for _ in range(5):
        began = time.process_time()
        for _ in range(1000):
            decode(line)
        best = min(best, (time.process_time() - began) / 1000)
    return best * 1e6


def _job(chunk: Chunk) -> int:
    return int(read_chunk(chunk, Pseudonymiser(KEY), ReadOptions()).batch.num_rows)


def _warm(_: int) -> None:
    time.sleep(0.2)


def measure(name: str, rows: int, processes: int, profile: bool) -> dict[str, Any]:
    """Read one format's input alone and with several processes."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        write(name, folder, World(rows))
        size = sum(path.stat().st_size for path in folder.iterdir())
        # Chunks small enough that every process gets several: what is measured is the rate, not the tail.
        # Files whose records are joined are cut into parts of four chunks.
        share = 32 if name in ("openai_batch", "azure_apim_llm") else 12
        options = ReadOptions(chunk_bytes=max(1 << 20, size // share), chunk_rows=max(1000, rows // 12))
        began = time.process_time()
        chunks = plan([folder], options).chunks
        planned = time.process_time() - began
        names = Pseudonymiser(KEY)
        read_chunk(chunks[0], names, options)
        before = yardstick()
        profiler = cProfile.Profile()
        if profile:
            profiler.enable()
        began = time.process_time()
        read = rejected = 0
        for chunk in chunks:
            result = read_chunk(chunk, names, options)
            read += result.batch.num_rows
            rejected += result.rejects.num_rows
        spent = time.process_time() - began
        if profile:
            profiler.disable()
            pstats.Stats(profiler).sort_stats("tottime").print_stats(22)
        wall = 0.0
        if processes:
            with multiprocessing.get_context("spawn").Pool(processes) as pool:
                pool.map(_warm, range(processes * 2), chunksize=1)
                pool.map(_job, chunks[:1])
                started = time.perf_counter()
                for _ in pool.imap_unordered(_job, chunks):
                    pass
                wall = time.perf_counter() - started
    after = yardstick()
    assert read == rows, (name, read, rows)
    assert rejected == 0, (name, rejected)
    return {
        "format": name,
        "rows": rows,
        "bytes_per_row": size // rows,
        "microseconds_of_cpu_per_row": round(spent / rows * 1e6, 1),
        "rows_per_cpu_second": round(rows / spent),
        "times_one_json_decode": round(spent / rows * 2e6 / (before + after), 1),
        "plan_microseconds_per_row": round(planned / rows * 1e6, 2),
        f"rows_per_second_{processes}_processes": round(rows / wall) if wall else None,
    }


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=24_000)
    parser.add_argument("--format", nargs="*", default=["parquet", "csv", "openai_batch", *JSON_FORMATS])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--profile", action="store_true")
    chosen = parser.parse_args()
    results = []
    for name in chosen.format:
        rows = chosen.rows * 8 if name in ("parquet", "csv") else chosen.rows
        result = measure(name, rows, chosen.processes, chosen.profile)
        results.append(result)
        print("  ".join(f"{key} {value}" for key, value in result.items()), flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"peak memory {peak} MiB")
    if chosen.json:
        chosen.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
