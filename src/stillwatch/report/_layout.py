"""Where the shared things and the groups of accounts stand, so that nothing covers anything."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["Box", "Points", "label_spot", "settle", "sunflower"]

Points = npt.NDArray[np.float64]
"""Places in pixels, one (x, y) a row."""

Box = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels."""

_GOLDEN = np.pi * (3 - np.sqrt(5))


def sunflower(n: int, pitch: float, *, hollow: float = 0.0) -> Points:
    """Offsets of `n` dots packed evenly around a hollow middle, about `pitch` pixels apart (Vogel 1979)."""
    pack = 0.56 * pitch
    i = np.arange(n) + 0.5 + (hollow / pack) ** 2
    radius = pack * np.sqrt(i)
    return np.stack([radius * np.cos(i * _GOLDEN), radius * np.sin(i * _GOLDEN)], axis=1)


def label_spot(
    text: str, at: tuple[float, float], radius: float, taken: Sequence[Box], *, width: float, height: float
) -> tuple[tuple[float, float, str], Box]:
    """Where a label covers least: beside, above or below its disc. Gives (x, baseline, anchor) and the box it fills."""
    x, y = at
    wide = 6.9 * len(text)
    gap = radius + 3
    choices = []
    for tx, ty, anchor, left in (
        (x + gap, y + 4, "start", x + gap),
        (x - gap, y + 4, "end", x - gap - wide),
        (x, y - gap - 3, "middle", x - wide / 2),
        (x, y + gap + 10, "middle", x - wide / 2),
    ):
        box = (left, ty - 11, left + wide, ty + 3)
        outside = max(0.0, 2 - box[0], box[2] - width + 2, -box[1], box[3] - height)
        choices.append((sum(_overlap(box, other) for other in taken) + 1000 * outside, (tx, ty, anchor), box))
    _, spot, box = min(choices, key=lambda choice: choice[0])
    return spot, box


def _overlap(a: Box, b: Box) -> float:
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def settle(
    radii: Sequence[float],
    ties: Sequence[tuple[int, int, float]],
    *,
    width: float,
    height: float,
    margin: tuple[float, float],
    rng: np.random.Generator,
    rounds: int = 420,
) -> Points:
    """Positions of discs joined by springs in a frame: a small force-directed layout (Fruchterman and Reingold 1991).

    `ties` are (a, b, strength in (0, 1]). Springs pull tied discs to touch at a fixed gap, all discs repel, and
    overlap is pushed apart last. The frame keeps `margin` free on the sides and above. Same input and generator, same
    picture.
    """
    n = len(radii)
    if n == 0:
        return np.zeros((0, 2))
    r = np.asarray(radii, dtype=float)
    centre = np.array([width / 2, height / 2])
    spread = np.array([width, height]) * 0.32
    angle = 2 * np.pi * (np.arange(n) + rng.random()) / n
    at = centre + np.stack([np.cos(angle), np.sin(angle)], axis=1) * spread * rng.uniform(0.6, 1.0, size=(n, 1))
    pull = np.zeros((n, n))
    for a, b, strength in ties:
        pull[a, b] = pull[b, a] = strength
    room = r[:, None] + r[None, :]
    low = np.minimum(np.stack([r + margin[0], r + margin[1]], axis=1), centre)
    high = np.array([width, height]) - low
    for step in range(rounds):
        heat = 1.0 - step / rounds
        apart = at[:, None, :] - at[None, :, :]
        distance = np.sqrt((apart**2).sum(axis=2)) + 1e-6
        gap = distance - room
        push = 1500.0 * heat / np.maximum(distance, 12.0) + 0.5 * np.maximum(0.0, 30.0 - gap)
        np.fill_diagonal(push, 0.0)
        draw = 0.09 * pull * np.maximum(0.0, gap - 44.0)
        move = (apart / distance[:, :, None] * (push - draw)[:, :, None]).sum(axis=1)
        move += (centre - at) * np.array([0.010, 0.018])
        size = np.sqrt((move**2).sum(axis=1, keepdims=True)) + 1e-9
        at = np.clip(at + move / size * np.minimum(size, 4.0 + 26.0 * heat), low, high)
    return _stretched(at, low, high)


def _stretched(at: Points, low: Points, high: Points) -> Points:
    """The same picture grown, by at most 2.6, to fill the frame that `low` and `high` leave to each disc."""
    if len(at) == 1:
        return (low + high) / 2
    slack_low, slack_high = (at - low).min(axis=0), (high - at).min(axis=0)
    reach = np.maximum(at.max(axis=0) - at.min(axis=0), 1.0)
    grow = np.clip(1 + (slack_low + slack_high) / reach, 1.0, 2.6)
    shifted = (at - (at.max(axis=0) + at.min(axis=0)) / 2) * grow
    return np.asarray(np.clip(shifted + (low.max(axis=0) + high.min(axis=0)) / 2, low, high))
