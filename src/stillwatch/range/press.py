"""Sheets as record batches: texts joined by Arrow's kernels a whole column at a time, what repeats kept as dictionaries."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stillwatch.range import places
from stillwatch.range.content import content
from stillwatch.range.desk import Desk
from stillwatch.range.facts import DAY_OF_WORLD
from stillwatch.range.frames import Frames, escape
from stillwatch.range.ground import Reply
from stillwatch.range.launches import Launches
from stillwatch.range.names import Ints
from stillwatch.range.recipe import Recipe
from stillwatch.range.seeds import mixed, stream
from stillwatch.range.sheets import Sheet
from stillwatch.range.signatures import written_out
from stillwatch.range.tags import tagged

__all__ = ["DICTIONARIES", "SCHEMA", "Press"]

_EPOCH = int(DAY_OF_WORLD.timestamp()) * 1_000_000
_NAME = pa.dictionary(pa.int32(), pa.string())
DICTIONARIES = (
    "account", "org", "api_key", "end_user", "ip", "user_agent", "tls_fingerprint", "model", "system", "tools", "output",
)  # fmt: skip
"""Columns written as dictionaries: their values stand once in a file."""

SCHEMA = pa.schema(
    [
        ("at", pa.timestamp("us", tz="UTC")),
        *((name, _NAME) for name in ("account", "org", "api_key", "end_user", "ip")),
        ("asn", pa.int32()),
        *((name, _NAME) for name in ("user_agent", "tls_fingerprint", "model", "system", "tools")),
        ("prompt", pa.string()),
        ("messages", pa.string()),
        ("output", _NAME),
        *((name, pa.int32()) for name in ("turns", "input_tokens", "output_tokens", "max_tokens")),
        ("temperature", pa.float32()),
        ("n", pa.int16()),
        ("stream", pa.bool_()),
        ("status", pa.int16()),
        ("request_id", pa.string()),
        ("conversation", pa.string()),
        ("reasoning_artifacts", pa.list_(pa.string())),
        ("artifacts_returned", pa.list_(pa.string())),
    ]
)
"""The columns of a large world, named as logs name them; dictionaries read back as plain texts."""

_LENGTHS = np.unique(np.array([8 * 131**k // 100**k for k in range(22)]))
"""Tokens of the stock's answers: each a third longer than the one before, from 8 on."""
_EACH = 48
_LABELS = (
    "billing",
    "account",
    "other",
    "urgent",
    "positive",
    "transfer",
    "card",
    "delivery",
    "normal",
    "low",
    "question",
    "complaint",
)
_SLICE = 65_536


@dataclass(frozen=True, kw_only=True, slots=True)
class _Answers:
    texts: Any
    escaped: Any
    places: Ints
    """Which text each entry of the stock is; no text stands twice, else Parquet would write it out in full."""
    first_label: int


@cache
def _answers(on: Desk) -> _Answers:
    """A stock of answers: prose of the pack's passages at each length, then the short ones."""
    book = on.pack.shuffled(stream(0, "press", "answers"))
    begins = stream(0, "press", "begins").integers(0, max(1, len(book) - 90), (len(_LENGTHS), _EACH)).tolist()
    stock = [
        "".join(book[begin : begin + 90])[: 4 * length].rstrip()
        for length, row in zip(_LENGTHS.tolist(), begins, strict=True)
        for begin in row
    ]
    short = [*_LABELS, "A", "B", "C", "D", "I'm sorry, but I can't help with that request.", ""]
    distinct: dict[str, int] = {}
    numbers = [distinct.setdefault(text, len(distinct)) for text in (*stock, *short)]
    return _Answers(
        texts=pa.array(list(distinct), pa.string()),
        escaped=pa.array([escape(text) for text in distinct], pa.string()),
        places=np.array(numbers, np.int64),
        first_label=len(stock),
    )


@cache
def _escaped(on: Desk) -> Any:
    return pa.array([escape(text) for text in on.texts.to_pylist()], pa.string())


@cache
def _phrases(on: Desk) -> Any:
    """A hundred thousand phrases of four words in random order, words drawn by frequency from the pack's passages."""
    rng = stream(0, "press", "phrases")
    words = [word for word in " ".join(on.pack.shuffled(rng, most=4000)).split() if word.isascii() and word.isalpha()]
    drawn = pa.array(words).take(pa.array(rng.integers(0, len(words), 400_000)))
    return pc.binary_join(pa.ListArray.from_arrays(np.arange(0, 400_001, 4, dtype=np.int32), drawn), " ")


class Press:
    """Renders one sheet, in order of time, in slices; `digest` grows with what was rendered."""

    def __init__(self, sheet: Sheet, on: Desk, recipe: Recipe, launched: Launches) -> None:
        self._sheet, self._desk, self._history = sheet, on, recipe.history
        self._c = sheet.columns
        self._digest = hashlib.blake2b(digest_size=16)
        own = pa.array([*sheet.texts, ""], pa.string())
        self._texts = pa.concat_arrays([on.texts, own])
        self._sizes = np.concatenate([on.bytes, pc.binary_length(own).to_numpy().astype(np.int64)])
        self._order = np.argsort(self._c["at"], kind="stable")
        self._models = pa.array(launched.models, pa.string())
        self._plain = Frames(sheet.names["frame"].to_pylist(), escaped=False)
        self._stock = _answers(on)
        self._answer = self._answered()
        self._named = {
            name: self._distinct(name) for name in ("account", "org", "key", "agent", "tls", "tools", "end_user")
        }
        offered, place = self._named["tools"]
        self._named["tools"] = pa.array([_tool_names(text) for text in offered.to_pylist()], pa.string()), place
        ips, place = np.unique(self._c["ip"], return_inverse=True)
        self._ips, self._ip, self._asns = pa.array(places.rendered(ips), pa.string()), place.ravel(), places.asns(ips)
        systems, place = np.unique(self._c["system"], return_inverse=True)
        none = int(len(systems) > 0 and systems[0] < 0)
        self._systems, self._system = self._texts.take(pa.array(systems[none:])), place.ravel() - none
        if recipe.history:
            self._marked = pa.concat_arrays(
                [_escaped(on), pa.array([escape(t) for t in (*sheet.texts, "")], pa.string())]
            )
            self._marked_frames = Frames(sheet.names["frame"].to_pylist(), escaped=True)

        self._fill = 0 if recipe.prompt_bytes is None else self._phrases_for(recipe.prompt_bytes)

    def digest(self) -> str:
        """A hash of all that was rendered so far, the same on every machine."""
        return self._digest.hexdigest()

    def slices(self) -> Iterator[pa.RecordBatch]:
        """The sheet's rows by time, 65,536 at once."""
        for first in range(0, len(self._order), _SLICE):
            batch = self._batch(self._order[first : first + _SLICE])
            self._weigh(batch)
            yield batch

    def _distinct(self, name: str) -> tuple[Any, Ints]:
        """A named column's different names, and each row's number among them; a name may stand twice in a sheet."""
        encoded = self._sheet.names[name].dictionary_encode()
        numbers = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        of = self._c[name]
        return encoded.dictionary, np.where(of >= 0, numbers[of], -1) if len(numbers) else of

    def _answered(self) -> Ints:
        kind, tokens = self._c["reply"], self._c["tokens_out"]
        size = np.minimum(np.searchsorted(_LENGTHS, tokens), len(_LENGTHS) - 1)
        spread = (self._c["request"] >> np.uint64(8)).astype(np.int64)
        labels, letters = self._stock.first_label, self._stock.first_label + len(_LABELS)
        chosen = np.select(
            [kind == Reply.LABEL, kind == Reply.LETTER, kind == Reply.REFUSAL, kind == Reply.NOTHING],
            [labels + spread % len(_LABELS), letters + spread % 4, letters + 4, letters + 5],
            size * _EACH + spread % _EACH,
        )
        found: Ints = self._stock.places[chosen]
        return found

    def _batch(self, rows: Ints) -> pa.RecordBatch:
        c = {name: values[rows] for name, values in self._c.items()}
        named = {name: _dictionary(of[rows], names) for name, (names, of) in self._named.items()}
        prompt = self._prompts(rows, self._texts, self._plain)
        if self._fill:
            prompt = pc.binary_join_element_wise(prompt, self._filling(c["request"]), " ")
        limit, heat = c["max_tokens"], c["temperature"]
        said = c["tokens_in"] + pc.binary_length(prompt).to_numpy().astype(np.int64) // 4 + 8
        tokens = np.maximum(said, c["context"])
        columns = [
            pa.array(c["at"] + _EPOCH).cast(pa.timestamp("us")).cast(SCHEMA.field("at").type),
            named["account"],
            named["org"],
            named["key"],
            named["end_user"],
            _dictionary(self._ip[rows], self._ips),
            pa.array(self._asns[self._ip[rows]].astype(np.int32)),
            named["agent"],
            named["tls"],
            _dictionary(c["model"], self._models),
            _dictionary(self._system[rows], self._systems),
            named["tools"],
            prompt,
            self._messages(rows) if self._history else pa.nulls(len(rows), pa.string()),
            _dictionary(self._answer[rows], self._stock.texts),
            pa.array((2 * c["turn"] + 1).astype(np.int32)),
            pa.array(np.where(c["status"] == 200, tokens, 0).astype(np.int32)),
            pa.array(c["tokens_out"].astype(np.int32)),
            pa.array(limit.astype(np.int32), mask=limit < 0),
            pa.array(heat.astype(np.float32), mask=np.isnan(heat)),
            pa.array(c["n"].astype(np.int16)),
            pa.array(c["stream"].astype(bool)),
            pa.array(c["status"].astype(np.int16)),
            tagged("req_", c["request"]),
            tagged("conv_", c["conversation"], 14),
            *written_out(c["request"], c["signed"], c["sends"]),
        ]
        return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)

    def _prompts(self, rows: Ints, texts: Any, frames: Frames) -> Any:
        """What the user wrote: the frame's pieces with the texts between them, and the sender's own detail behind."""
        frame, text, extra, tail = (self._c[name][rows] for name in ("frame", "text", "extra", "tail"))
        nothing = len(self._texts) - 1
        extra = np.where(extra < 0, nothing, extra)
        known = frame >= 0
        swapped = known & frames.swapped[frame]
        second = np.where(known & frames.double[frame], np.where(swapped, text, extra), nothing)
        first = np.where(swapped, extra, text)
        plain = pa.array(np.where(known, frame, len(frames.double) - 1))
        one, two, three = (part.take(plain) for part in frames.parts)
        said = [texts.take(pa.array(each)) for each in (first, second, np.where(tail < 0, nothing, tail))]
        return pc.binary_join_element_wise(one, said[0], two, said[1], three, said[2], "")

    def _phrases_for(self, prompt_bytes: int) -> int:
        """How many phrases bring a prompt to so many bytes in the mean."""
        sample = np.arange(0, len(self._sheet), max(1, len(self._sheet) // 5000))
        mean: float = pc.mean(pc.binary_length(self._prompts(sample, self._texts, self._plain))).as_py() or 0.0
        phrase: float = pc.mean(pc.binary_length(_phrases(self._desk))).as_py() + 1
        return max(0, round((prompt_bytes - mean) / phrase))

    def _filling(self, requests: NDArray[np.uint64]) -> Any:
        """Words of no meaning for each row; they hang on its request, so that no two requests share them."""
        phrases = _phrases(self._desk)
        drawn = mixed(1, requests.view(np.int64)[:, None], np.arange(self._fill)[None, :])
        chosen = (drawn % np.uint64(len(phrases))).astype(np.int32)
        offsets = np.arange(0, chosen.size + 1, self._fill, dtype=np.int32)
        return pc.binary_join(pa.ListArray.from_arrays(offsets, phrases.take(pa.array(chosen.ravel()))), " ")

    def _messages(self, rows: Ints) -> Any:
        """The turns before each row as JSON, or null; built from the oldest turn on, all rows of a depth at once.

        Where they are shortened, the first turn and the last two are left.
        """
        before = self._c["before"]
        chain = [before[rows]]
        while (chain[-1] >= 0).any():
            chain.append(np.where(chain[-1] >= 0, before[chain[-1]], -1))
        short = self._c["shortened"][rows]
        for depth in range(2, len(chain)):
            dropped = short & (chain[depth] >= 0) & (before[chain[depth]] >= 0)
            chain[depth] = np.where(dropped, -1, chain[depth])
        found = pa.nulls(len(rows), pa.string())
        for earlier in reversed(chain[:-1]):
            there = np.flatnonzero(earlier >= 0)
            of = earlier[there]
            said = self._stock.escaped.take(pa.array(self._answer[of]))
            asked = self._prompts(of, self._marked, self._marked_frames)
            turn = pc.binary_join_element_wise(
                '{"role":"user","content":"', asked, '"},{"role":"assistant","content":"', said, '"}', ""
            )
            joined = pc.binary_join_element_wise(found.take(pa.array(there)), turn, ",", null_handling="skip")
            place = np.full(len(rows), -1)
            place[there] = np.arange(len(there))
            found = joined.take(pa.array(place, mask=place < 0))
        return pc.binary_join_element_wise("[", found, "]", "")

    def _weigh(self, batch: pa.RecordBatch) -> None:
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            self._digest.update(name.encode("utf-8"))
            for part in content(column):
                self._digest.update(part)


def _tool_names(offered: str) -> str:
    """The names of the tools that a request offers, as a column of a table has them."""
    return ",".join(sorted({tool.get("function", tool)["name"] for tool in json.loads(offered)}))


def _dictionary(numbers: Ints, names: Any) -> Any:
    return pa.DictionaryArray.from_arrays(pa.array(numbers.astype(np.int32), mask=numbers < 0), names)
