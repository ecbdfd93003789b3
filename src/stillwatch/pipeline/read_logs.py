"""Logs into the workspace: planned, staged side by side, committed one after another.

Chunks are staged by worker processes in any order and committed in the order of the plan, so the tables do not depend on the number of
workers. A chunk is committed once: its rejects first, then its exchanges, then its features. Only then it counts: what a crash in
between left of it is taken out before anything is read, because the chunk done again may give fewer rows, after another one. So is a
chunk that was made by another recipe: it is done again, and its rows are replaced.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Any

import pyarrow.parquet as pq

from stillwatch.core import Error
from stillwatch.engine import Part, Store, Workspace
from stillwatch.ingest import Chunk, Plan
from stillwatch.pipeline.recipe import Recipe, outdated, recipes
from stillwatch.pipeline.seen import Seen
from stillwatch.pipeline.stage import Context, Staged, part_name, stage, without

__all__ = ["Progress", "Read", "Remembered", "read_logs"]

Progress = Callable[[str, int, int], None]
"""Told the name of a stage, how much is done and how much there is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """What a run read of its inputs, earlier runs over the same inputs included; `again` chunks were made otherwise before."""

    exchanges: int
    duplicates: int
    rejects: int
    unattributed: int
    fresh: int
    again: int
    notes: dict[str, int]
    chunks: dict[str, dict[str, Any]]


def read_logs(
    workspace: Workspace,
    plan: Plan,
    context: Context,
    *,
    workers: int = 0,
    progress: Progress | None = None,
    holds: Callable[[Chunk], bool] | None = None,
    remembered: Remembered | None = None,
) -> Read:
    """Bring every chunk of a plan into `exchanges`, `features` and `rejects`; those that are in already are passed over.

    Args:
        holds: whether a chunk's log still held what was planned, after it was read; a chunk whose log did not is left for the next time.
        remembered: the ids that are in, for somebody who reads again and again.
    """
    store = workspace.store
    made_by = recipes(plan.chunks, context)
    again = outdated(store.manifest("features").done, made_by)
    store.forget("features", again)
    _forget_halves(store)
    for cut_off in (workspace.root / "vault").glob("*.tmp"):
        cut_off.unlink()
    done = store.manifest("features").done
    pending = [chunk for chunk in plan.chunks if chunk.id not in done]
    total = sum(chunk.weight for chunk in plan.chunks) or 1
    worked = total - sum(chunk.weight for chunk in pending)
    if progress:
        progress("reading", worked, total)
    if pending:
        remembered = remembered or Remembered()
        seen = remembered.ids(store)
        for chunk, staged in _staged(pending, context, workers):
            if holds is None or holds(chunk):
                _commit(store, chunk, staged, seen, made_by[chunk.id])
            worked += chunk.weight
            if progress:
                progress("reading", worked, total)
        remembered.keep(store)
    done = store.manifest("features").done
    counts = {chunk.id: dict(done[chunk.id]) for chunk in plan.chunks if chunk.id in done}
    return Read(
        exchanges=sum(c["rows"] for c in counts.values()),
        duplicates=sum(c["duplicates"] for c in counts.values()),
        rejects=sum(c["rejects"] for c in counts.values()),
        unattributed=sum(c["unattributed"] for c in counts.values()),
        fresh=sum(counts[chunk.id]["rows"] for chunk in pending if chunk.id in counts),
        again=len(again),
        notes=_summed(c["notes"] for c in counts.values()),
        chunks=counts,
    )


def _summed(notes: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """What readers had to tell, over all chunks, by name."""
    total: Counter[str] = Counter()
    for one in notes:
        total.update(one)
    return dict(sorted(total.items()))


def _forget_halves(store: Store) -> None:
    """Take out chunks whose features were not committed, and remove files that no manifest names."""
    whole = store.manifest("features").done
    for name in ("exchanges", "rejects"):
        store.forget(name, {chunk for chunk in store.manifest(name).done if chunk not in whole})
    for name in ("features", "exchanges", "rejects"):
        store.sweep(name)


class Remembered:
    """The ids of everything that is in, kept from one reading to the next as long as nobody else has written between them."""

    def __init__(self) -> None:
        self._seen = Seen()
        self._parts: tuple[Part, ...] | None = None

    def ids(self, store: Store) -> Seen:
        """The ids that are in. They count as known again only after `keep`, for whoever asks for them admits more."""
        parts, self._parts = self._parts, None
        if parts is None or parts != store.manifest("exchanges").parts:
            self._seen = Seen()
            for path in store.files("exchanges"):
                self._seen.admit(pq.ParquetFile(path).read(columns=["exchange_id"]).column("exchange_id").to_numpy())
        return self._seen

    def keep(self, store: Store) -> None:
        """All that was admitted since is committed."""
        self._parts = store.manifest("exchanges").parts


def _staged(pending: Sequence[Chunk], context: Context, workers: int) -> Iterator[tuple[Chunk, Staged]]:
    """Stage chunks side by side, a few ahead, and give them back in order."""
    count = min(workers or os.cpu_count() or 1, len(pending))
    if count == 1:
        for chunk in pending:
            yield chunk, stage(chunk, context)
        return
    waiting: deque[tuple[Chunk, Future[Staged]]] = deque()
    context_of_workers = multiprocessing.get_context("forkserver")
    context_of_workers.set_forkserver_preload([stage.__module__])  # what workers import they share
    with ProcessPoolExecutor(count, mp_context=context_of_workers, initializer=_serve_the_scan_alone) as pool:
        try:
            for chunk in pending:
                waiting.append((chunk, pool.submit(stage, chunk, context)))
                if len(waiting) > count + 1:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        except BrokenProcessPool as error:
            raise Error(
                "a worker process was ended from outside, most likely for want of memory; everything committed is whole. "
                "Run the same command again, with fewer workers (run.workers)"
            ) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _serve_the_scan_alone() -> None:
    """Leave Ctrl-C to the scan, and end when it ends, however it ends: a worker that outlived it would write beside the next scan."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    scan = multiprocessing.parent_process()
    if scan is not None:
        threading.Thread(target=_end_with, args=(scan.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def _commit(store: Store, chunk: Chunk, staged: Staged, seen: Seen, recipe: Recipe) -> None:
    """Commit one staged chunk without the exchanges that are in already."""
    exchanges: list[Part] = []
    features: list[Part] = []
    duplicates = rows = unattributed = 0
    for one, other, ids, attributed in zip(
        staged.exchanges, staged.features, staged.ids, staged.attributed, strict=True
    ):
        kept = seen.admit(ids)
        repeated = int(ids.size - kept.sum())
        duplicates += repeated
        rows += int(kept.sum())
        unattributed += int((kept & ~attributed).sum())
        for name, part, out in (("exchanges", one, exchanges), ("features", other, features)):
            left = without(store, name, part, kept) if repeated else part
            if left is not None:
                out.append(left)
    count = {
        "rows": rows,
        "duplicates": duplicates,
        "rejects": staged.rejects.num_rows,
        "unattributed": unattributed,
        "notes": staged.notes,
        "reading": recipe.reading,
        "telemetry": recipe.telemetry,
    }
    rejects = (
        [store.write_part("rejects", staged.rejects, made_from=chunk.id, name=part_name(chunk.id))]
        if staged.rejects.num_rows
        else []
    )
    store.append("rejects", rejects, {chunk.id: staged.rejects.num_rows})
    store.append("exchanges", exchanges, {chunk.id: rows})
    store.append("features", features, {chunk.id: count})
