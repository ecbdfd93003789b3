"""The window protocol on every pair at hand, a piece at a time, so that it can be stopped and gone on with; and what explains its gaps."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from stillwatch.range.windows import SEEDS, SIZES, WindowsResult, joined, run_windows
from stillwatch.range.windows.detectors import chosen
from stillwatch.range.windows.pairs import find_pairs

FIRST = (1500, 100)
"""The sizes that are run before the others: the one of the published table, and the smallest."""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """How a run differs from the protocol's own: what turns texts into vectors, and the share of benign texts that makes the pool."""

    embedder: str = "hashed-words"
    pool_share: float = 0.8

    @property
    def name(self) -> str:
        """Names the folder of its pieces."""
        return f"{self.embedder}-{self.pool_share:g}"


def pieces(
    data: Path,
    keep: Path,
    variant: Variant,
    *,
    seeds: Sequence[int] = SEEDS,
    sizes: Sequence[int] = SIZES,
    peers: Sequence[str] | None = None,
) -> None:
    """Run what is missing of a variant under `keep`, one corpus, seed and peer at a time; each piece is whole or not there."""
    folder = keep / variant.name
    folder.mkdir(parents=True, exist_ok=True)
    have = {(cell.corpus, cell.seed, cell.size, cell.peer) for part in _parts(folder) for cell in part.cells}
    found, _ = find_pairs(data)
    corpora: dict[str, list[str]] = {}
    for one in found:
        corpora.setdefault(one.pair.corpus, []).append(one.pair.name)
    for stage in (FIRST, tuple(size for size in SIZES if size not in FIRST)):
        for seed in seeds:
            for corpus, names in corpora.items():
                for peer in chosen(peers):
                    lacking = tuple(s for s in stage if s in sizes and (corpus, seed, s, peer.name) not in have)
                    if lacking:
                        run = run_windows(
                            data,
                            seeds=(seed,),
                            sizes=lacking,
                            pairs=names,
                            peers=[peer.name],
                            embedder=variant.embedder,
                            pool_share=variant.pool_share,
                        )
                        name = f"{corpus}-{seed}-{'-'.join(map(str, lacking))}-{peer.name}.json"
                        half = folder / f"{name}.half"
                        half.write_bytes(msgspec.json.encode(replace(run, summaries=())))
                        half.rename(folder / name)
                        spent = ", ".join(f"{what} {seconds} s" for what, seconds in run.cpu_seconds.items())
                        print(f"{variant.name}: {name} ({spent})", file=sys.stderr, flush=True)


def whole(keep: Path, variant: Variant) -> WindowsResult | None:
    """All finished pieces of a variant as one run; a method, size and seed that lacks a pair is left out."""
    parts = list(_parts(keep / variant.name))
    if not parts:
        return None
    run = joined(parts)
    pairs: dict[tuple[str, int, int], set[str]] = {}
    for cell in run.cells:
        pairs.setdefault((cell.peer, cell.size, cell.seed), set()).add(cell.pair)
    full = {key for key, names in pairs.items() if len(names) == len(run.pairs)}
    cells = [cell for cell in run.cells if (cell.peer, cell.size, cell.seed) in full]
    return joined([replace(run, cells=tuple(cells))])


def _parts(folder: Path) -> Iterator[WindowsResult]:
    for path in sorted(folder.glob("*.json")):
        yield msgspec.json.decode(path.read_bytes(), type=WindowsResult, strict=False)
