"""Counters of one worker, written in the text format of Prometheus. Labels are of closed sets: no account ever becomes one."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator

from stillwatch.policy import Dialect, Ruling

__all__ = ["Metrics"]

_BUCKETS = (0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.1)


class Metrics:
    """What happened so far. `stages` counts what went wrong by stage and way, such as `("decide", "open")`."""

    def __init__(self) -> None:
        self.requests: defaultdict[tuple[str, str, str, int], int] = defaultdict(int)
        self.stages: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.shadows: defaultdict[str, int] = defaultdict(int)
        self.uncovered: defaultdict[str, int] = defaultdict(int)
        self.stripped: defaultdict[str, int] = defaultdict(int)
        self.cancelled = 0
        self.underway = 0
        self._decided = [0] * (len(_BUCKETS) + 1)
        self._decided_sum = 0.0

    def ruled(self, ruling: Ruling, seconds: float) -> None:
        """Count one ruling and the time it took."""
        self._decided[bisect_left(_BUCKETS, seconds)] += 1
        self._decided_sum += seconds
        if ruling.shadow is not None:
            self.shadows[ruling.shadow.name.lower()] += 1

    def answered(self, dialect: Dialect, ruling: Ruling, status: int) -> None:
        """Count one answer."""
        self.requests[(dialect.value, ruling.step.name.lower(), ruling.code, status)] += 1

    def lines(self, age: float | None = None) -> Iterator[str]:
        """The text format, a line each; `age` is that of the standing at this moment, if there is one."""
        yield from _head(
            "stillwatch_requests_total", "counter", "Answers by dialect, step of the policy, code and status."
        )
        for (dialect, step, code, status), count in sorted(self.requests.items()):
            labels = f'dialect="{dialect}",step="{step}",code="{_escaped(code)}",status="{status}"'
            yield f"stillwatch_requests_total{{{labels}}} {count}"
        for name, label, counts, told in (
            ("shadow_total", "step", self.shadows, "What the dry-run twin of the policy would have done."),
            ("uncovered_total", "pathway", self.uncovered, "Calls to pathways whose answers the gateway does not see."),
            ("stripped_total", "field", self.stripped, "Engine fields taken out of requests."),
        ):
            yield from _head(f"stillwatch_{name}", "counter", told)
            for key, count in sorted(counts.items()):
                yield f'stillwatch_{name}{{{label}="{_escaped(key)}"}} {count}'
        yield from _head("stillwatch_failures_total", "counter", "Stages that failed, and which way they failed.")
        for (stage, way), count in sorted(self.stages.items()):
            yield f'stillwatch_failures_total{{stage="{stage}",way="{way}"}} {count}'
        yield from _head("stillwatch_cancelled_total", "counter", "Requests whose client left before the end.")
        yield f"stillwatch_cancelled_total {self.cancelled}"
        yield from _head("stillwatch_underway", "gauge", "Requests under way.")
        yield f"stillwatch_underway {self.underway}"
        if age is not None:
            yield from _head("stillwatch_standing_age_seconds", "gauge", "Age of the standing that rulings rest on.")
            yield f"stillwatch_standing_age_seconds {age:.3f}"
        yield from self._histogram()

    def _histogram(self) -> Iterator[str]:
        name = "stillwatch_decision_seconds"
        yield from _head(name, "histogram", "Time that the policy took for a ruling.")
        total = 0
        for limit, count in zip((*_BUCKETS, "+Inf"), self._decided, strict=True):
            total += count
            yield f'{name}_bucket{{le="{limit}"}} {total}'
        yield f"{name}_sum {self._decided_sum:.9f}"
        yield f"{name}_count {total}"


def _head(name: str, kind: str, told: str) -> Iterator[str]:
    yield f"# HELP {name} {told}"
    yield f"# TYPE {name} {kind}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
