"""Asking for what trains a copy: written-out reasoning, grades, new tasks and data, log-probabilities."""

from __future__ import annotations

from collections.abc import Iterable

from stillwatch.core.records import Technique
from stillwatch.engine import Sql
from stillwatch.signals.examples import Example, row
from stillwatch.signals.signal import signal

__all__ = ["data_making", "grading", "logprob_harvest", "reasoning_elicitation"]

_REASONING = (
    Technique.COT_WRITEOUT,
    Technique.REASONING_TAGS,
    Technique.DEBUG_PRETEXT,
    Technique.FAKE_SYSTEM,
    Technique.ANTI_FLAGGING,
    Technique.THINKING_LANGUAGE,
    Technique.TRANSLATE_MEMORY,
    Technique.TRACE_CLEANING,
)
_GRADING = (Technique.RUBRIC_GRADING, Technique.PREFERENCE_JUDGING)
_MAKING = (Technique.TASK_GENERATION, Technique.SYNTHETIC_DATA)


def _mask(techniques: Iterable[Technique]) -> int:
    order = list(Technique)
    return sum(1 << order.index(one) for one in techniques)


def _share(name: str, techniques: Iterable[Technique]) -> Sql:
    return Sql(
        name,
        f"""
        select f.account, @ratio(@count_if((f.elicitation & {_mask(techniques)}) <> 0), count(*)) as value, count(*) as n
        from {{features}} f
        where f.account is not null and f.elicitation is not null
        group by f.account
        """,
    )


def _rows(techniques: Iterable[Technique], every: int) -> list[Example]:
    return [row(elicitation=_mask(techniques) if i % every == 0 else 0) for i in range(30)]


@signal(
    unit="share",
    larger_means="asks more often for the model's hidden reasoning",
    needs=20,
    quiet=_rows([Technique.COT_WRITEOUT], 30),
    loud=_rows([Technique.COT_WRITEOUT], 1),
    misled_by="courses and benchmarks that ask for worked solutions; security research; agent harnesses with reasoning tags of their own",
)
def reasoning_elicitation() -> Sql:
    """Share of exchanges that ask for reasoning to be written out, tagged, translated or smuggled past a filter.

    Told by the phrases of `text`'s lexicon and, in prompts, by its learned model; what neither knows is quiet here.
    """
    return _share("reasoning_elicitation", _REASONING)


@signal(
    unit="share",
    larger_means="asks more often for scores and preferences",
    needs=20,
    quiet=_rows([Technique.RUBRIC_GRADING], 15),
    loud=_rows([Technique.RUBRIC_GRADING, Technique.PREFERENCE_JUDGING], 1),
    misled_by="a company that grades its own product's answers; teachers marking essays; evaluation suites",
)
def grading() -> Sql:
    """Share of exchanges that have answers graded by a rubric or compared: what a reward model is trained on."""
    return _share("grading", _GRADING)


@signal(
    unit="share",
    larger_means="asks more often for new tasks or training data",
    needs=20,
    quiet=_rows([Technique.TASK_GENERATION], 15),
    loud=_rows([Technique.SYNTHETIC_DATA], 1),
    misled_by="teachers making exercises; test-data generators; permitted fine-tuning of the provider's own models",
)
def data_making() -> Sql:
    """Share of exchanges that ask for new tasks, instructions or synthetic training data."""
    return _share("data_making", _MAKING)


@signal(
    unit="share",
    larger_means="asks more often for log-probabilities",
    needs=20,
    quiet=[row(logprobs=i == 0) for i in range(30)],
    loud=[row(logprobs=True, top_logprobs=20) for _ in range(30)],
    misled_by="classifiers that read the probability of a label; confidence displays; perplexity research",
)
def logprob_harvest() -> Sql:
    """Share of exchanges that ask for log-probabilities, among those whose log says whether they did.

    Source: logits reveal a model's last layer (Carlini et al. 2024, Finlayson et al. 2024) and make distillation cheaper.
    """
    return Sql(
        "logprob_harvest",
        """
        select f.account, @ratio(@count_if(f.logprobs or f.top_logprobs > 0), count(*)) as value, count(*) as n
        from {features} f
        where f.account is not null and (f.logprobs is not null or f.top_logprobs is not null)
        group by f.account
        """,
    )
