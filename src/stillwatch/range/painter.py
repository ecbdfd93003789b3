"""Rows of a world as record batches, rendered a whole column at a time by Arrow's kernels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.range.facts import DAY_OF_WORLD
from stillwatch.range.frames import Frames
from stillwatch.range.ground import MODELS, Ints, Reply
from stillwatch.range.logs.render import escape
from stillwatch.range.pack import Pack, read_pack
from stillwatch.range.seeds import stream
from stillwatch.range.world import World

__all__ = ["SCHEMA", "Painter", "Stock", "stock_of"]

_EPOCH = int(DAY_OF_WORLD.timestamp()) * 1_000_000

SCHEMA = pa.schema(
    [
        ("at", pa.timestamp("us", tz="UTC")),
        *((name, pa.string()) for name in ("account", "org", "api_key", "ip", "user_agent", "model", "system")),
        *((name, pa.string()) for name in ("prompt", "messages", "output")),
        *((name, pa.int32()) for name in ("input_tokens", "output_tokens", "max_tokens")),
        ("temperature", pa.float32()),
        ("n", pa.int16()),
        ("stream", pa.bool_()),
        ("status", pa.int16()),
        ("request_id", pa.string()),
        ("conversation", pa.string()),
    ]
)
"""The columns of a painted world; they are named as logs name them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stock:
    """What all shards of a process share: the pack, its texts by number, and the same escaped for JSON."""

    pack: Pack
    texts: Any
    escaped: Any


@cache
def stock_of(folder: Path) -> Stock:
    """The stock of the prompt pack in `folder`, made once a process."""
    pack = read_pack(folder)
    texts = pack.names().all
    return Stock(pack=pack, texts=pa.array(texts), escaped=pa.array([escape(text) for text in texts]))


class Painter:
    """Renders rows of a world to record batches, a whole column at a time."""

    def __init__(self, world: World, stock: Stock, prompt_bytes: int | None) -> None:
        self._world, self._rows = world, world.rows
        own = [*world.texts[len(stock.texts) :], ""]
        self._nothing = len(world.texts)
        self._texts = pa.concat_arrays([stock.texts, pa.array(own)])
        self._escaped = pa.concat_arrays([stock.escaped, pa.array([escape(text) for text in own])])
        self._plain_frames = Frames(world.frames, escaped=False)
        self._escaped_frames = Frames(world.frames, escaped=True)
        answers, self._answer_of = _answers(world)
        self._answers = pa.array(answers, pa.string())
        self._escaped_answers = pa.array([escape(text) for text in answers], pa.string())
        self._ids = world.request_ids
        names = world.accounts["account"]
        self._names, self._orgs = pa.array(names), pa.array(world.accounts["org"])
        self._keys = pa.array([f"key_{name[-10:]}" for name in names])
        self._ips, self._agents = pa.array(world.ips), pa.array(world.agents)
        self._phrases = _phrases(world)
        self._fill = 0 if prompt_bytes is None else self._words_to_add(prompt_bytes)

    def _words_to_add(self, prompt_bytes: int) -> int:
        sample = np.arange(0, len(self._world), max(1, len(self._world) // 5000))
        mean: float = pc.mean(pc.binary_length(self._prompts(sample, self._texts, self._plain_frames))).as_py()
        phrase: float = pc.mean(pc.binary_length(self._phrases)).as_py() + 1
        return max(0, round((prompt_bytes - mean) / phrase))

    def batch(self, rows: Ints) -> pa.RecordBatch:
        """Render some rows, in their order."""
        c = {name: values[rows] for name, values in self._rows.items()}
        prompt = self._prompts(rows, self._texts, self._plain_frames)
        if self._fill:
            prompt = pc.binary_join_element_wise(prompt, self._filling(rows), " ")
        system = self._texts.take(pa.array(c["system"], mask=c["system"] < 0))
        messages = self._messages(rows)
        sizes = [pc.fill_null(pc.binary_length(part), 0).to_numpy() for part in (prompt, system, messages)]
        limit, heat = c["max_tokens"], c["temperature"]
        ids = pa.array([f"req_{v:016x}" for v in self._ids[rows].tolist()])
        talks = pa.array([f"conv_{v:x}" for v in c["conversation"].tolist()])
        columns = [
            pa.array(c["at"] + _EPOCH).cast(pa.timestamp("us")).cast(SCHEMA.field("at").type),
            *(part.take(pa.array(c["account"])) for part in (self._names, self._orgs, self._keys)),
            self._ips.take(pa.array(c["ip"])),
            self._agents.take(pa.array(c["agent"])),
            pa.array(MODELS).take(pa.array(c["model"])),
            system,
            prompt,
            messages,
            self._answers.take(pa.array(self._answer_of[rows])),
            pa.array((np.sum(sizes, axis=0) // 4 + 8).astype(np.int32)),
            pa.array(c["tokens_out"].astype(np.int32)),
            pa.array(limit.astype(np.int32), mask=limit < 0),
            pa.array(heat.astype(np.float32), mask=np.isnan(heat)),
            pa.array(c["n"].astype(np.int16)),
            pa.array(c["stream"]),
            pa.array(c["status"].astype(np.int16)),
            ids,
            talks,
        ]
        return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)

    def _prompts(self, rows: Ints, texts: Any, frames: Frames) -> Any:
        """What the user wrote: the frame's pieces with the texts between them."""
        frame, text, extra = (self._rows[name][rows] for name in ("frame", "text", "extra"))
        extra = np.where(extra < 0, self._nothing, extra)
        swapped = (frame >= 0) & frames.swapped[frame]
        second = np.where(frames.double[frame] & (frame >= 0), np.where(swapped, text, extra), self._nothing)
        first = np.where(swapped, extra, text)
        plain = pa.array(np.where(frame < 0, len(frames.double) - 1, frame))
        one, two, three = (part.take(plain) for part in frames.parts)
        return pc.binary_join_element_wise(
            one, texts.take(pa.array(first)), two, texts.take(pa.array(second)), three, ""
        )

    def _messages(self, rows: Ints) -> Any:
        """The turns before each row as JSON, or null; built from the oldest turn on, all rows of a depth at once."""
        chain = [self._rows["before"][rows]]
        while (chain[-1] >= 0).any():
            chain.append(np.where(chain[-1] >= 0, self._rows["before"][chain[-1]], -1))
        found = pa.nulls(len(rows), pa.string())
        for before in reversed(chain[:-1]):
            there = np.flatnonzero(before >= 0)
            of = before[there]
            said = self._escaped_answers.take(pa.array(self._answer_of[of]))
            asked = self._prompts(of, self._escaped, self._escaped_frames)
            turn = pc.binary_join_element_wise(
                '{"role":"user","content":"', asked, '"},{"role":"assistant","content":"', said, '"}', ""
            )
            older = found.take(pa.array(there))
            joined = pc.binary_join_element_wise(older, turn, ",", null_handling="skip")
            place = np.full(len(rows), -1)
            place[there] = np.arange(len(there))
            found = joined.take(pa.array(place, mask=place < 0))
        return pc.binary_join_element_wise("[", found, "]", "")

    def _filling(self, rows: Ints) -> Any:
        """Words of no meaning for each row; they hang on the request id, so that no two requests share them."""
        state = self._ids[rows][:, None] + np.arange(1, self._fill + 1, dtype=np.uint64)[None, :] * np.uint64(
            0x9E3779B97F4A7C15
        )
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        chosen = ((state >> np.uint64(33)) % np.uint64(len(self._phrases))).astype(np.int32)
        offsets = np.arange(0, chosen.size + 1, self._fill, dtype=np.int32)
        return pc.binary_join(pa.ListArray.from_arrays(offsets, self._phrases.take(pa.array(chosen.ravel()))), " ")


def _answers(world: World) -> tuple[list[str], Ints]:
    """A stock of answers, and which of them each row gets: prose of about the row's length, or the short answer of its kind."""
    rng = stream(world.seed, "answers")
    lengths = np.unique(np.geomspace(8, 1500, 40).astype(int))
    book = world.prose
    stock = [
        "".join(book[first : first + 60])[: 4 * length].rstrip()
        for length in lengths.tolist()
        for first in rng.integers(0, len(book) - 60, 50).tolist()
    ]
    short = len(stock)
    stock += [
        "billing",
        "account",
        "other",
        "urgent",
        "positive",
        "A",
        "B",
        "C",
        "D",
        "I'm sorry, but I can't help with that request.",
        "",
    ]
    kind, tokens = world.rows["reply"], world.rows["tokens_out"]
    spread = (world.request_ids >> np.uint64(8)).astype(np.int64)
    size = np.minimum(np.searchsorted(lengths, tokens), len(lengths) - 1)
    chosen = size * 50 + spread % 50
    chosen = np.where(kind == Reply.LABEL, short + spread % 5, chosen)
    chosen = np.where(kind == Reply.LETTER, short + 5 + spread % 4, chosen)
    chosen = np.where(kind == Reply.REFUSAL, short + 9, chosen)
    return stock, np.where(kind == Reply.NOTHING, short + 10, chosen)


def _phrases(world: World) -> Any:
    """A hundred thousand phrases of four words in random order, words drawn by frequency from the world's prose."""
    rng = stream(world.seed, "phrases")
    words = [word for word in " ".join(world.prose[:4000]).split() if word.isascii() and word.isalpha()]
    stock = pa.array(words).take(pa.array(rng.integers(0, len(words), 400_000)))
    return pc.binary_join(pa.ListArray.from_arrays(np.arange(0, 400_001, 4, dtype=np.int32), stock), " ")
