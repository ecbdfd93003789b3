"""Put the writers' texts of elicitation into one Parquet file a writer: `python prompts/elicitation/make.py --from DIR`.

DIR holds a folder a writer with `KIND*.txt` (requests of a kind) and `KIND.near*.txt` (innocent requests that resemble it); writers
without a folder stay as they are. Each text stands under a line `=== LANG`. A text is left out when its language is not a code of two
letters, when it has fewer than 5 characters, or when it stands there already (whatever its spaces and case, in any writer's file); what
was left out is counted and printed, never the text.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

WRITERS = {
    "train": ("ada", "bea", "carl", "dora", "ines", "kai", "lena"),
    "test": ("emil", "fay", "gus", "hana", "jan", "mira"),
}
SCHEMA = pa.schema([("text", pa.string()), ("kind", pa.string()), ("language", pa.string()), ("near", pa.bool_())])
HEAD = re.compile(r"^=== *([A-Za-z-]{2,7}) *$", re.MULTILINE)
LANGUAGE = re.compile(r"[a-z]{2}")
SHORTEST = 5


def texts_of(writer: Path) -> list[dict[str, object]]:
    """Every text of one writer, in the order of the file names and within them of writing."""
    rows: list[dict[str, object]] = []
    for path in sorted(writer.glob("*.txt")):
        kind, *rest = path.stem.split(".")
        parts = HEAD.split(path.read_text(encoding="utf-8"))[1:]
        for language, text in zip(parts[0::2], parts[1::2], strict=True):
            rows.append({"text": text.strip(), "kind": kind, "language": language.strip(), "near": "near" in rest})
    return rows


def plainly(text: str) -> str:
    """A text whatever its spaces and case."""
    return " ".join(text.casefold().split())


def main() -> None:
    """Write `train/WRITER.parquet` and `test/WRITER.parquet` beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="folder", type=Path, required=True)
    folder = parser.parse_args().folder
    seen: set[str] = set()
    for side, writers in WRITERS.items():
        for writer in writers:
            path = Path(__file__).parent / side / f"{writer}.parquet"
            if not (folder / writer).is_dir():
                seen.update(plainly(text) for text in pq.read_table(path, columns=["text"]).column("text").to_pylist())
                continue
            rows, malformed, twice = [], 0, 0
            for row in texts_of(folder / writer):
                plain = plainly(str(row["text"]))
                if not LANGUAGE.fullmatch(str(row["language"])) or len(plain) < SHORTEST:
                    malformed += 1
                elif plain in seen:
                    twice += 1
                else:
                    seen.add(plain)
                    rows.append(row)
            path.parent.mkdir(exist_ok=True)
            pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), path, compression="zstd")
            near = sum(bool(row["near"]) for row in rows)
            sys.stdout.write(
                f"{writer}: {len(rows) - near} requests, {near} near misses, {malformed} malformed, {twice} twice\n"
            )


if __name__ == "__main__":
    main()
