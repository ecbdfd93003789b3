"""Numbers, times and names as people read them; unknown is said, never shown as zero."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from stillwatch.core.records import Technique

__all__ = [
    "amount",
    "count",
    "day",
    "e_words",
    "evidence_words",
    "interval",
    "listing",
    "moment",
    "opening",
    "p_words",
    "plural",
    "quantity",
    "sentence",
    "share",
    "span",
    "spell",
    "technique_words",
    "tied",
    "until",
]

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_UNKNOWN = "unknown"
_PERCENT = re.compile(r"(\d)%")
_TIES = re.compile(
    r"(?<=\d) (?=%|×|million|billion)|(?<=×) (?=10)|(?<=\b[pne]) (?== )|(?<=\b[pne] =) (?=[\d<>])|(?<=[<>]) (?=\d)"
)

_TECHNIQUES: dict[str, str] = {
    "reasoning_request": "asking for worked reasoning",
    "grading_request": "asking for grades",
    Technique.COT_WRITEOUT: "writing out hidden reasoning",
    Technique.REASONING_TAGS: "reasoning inside forced tags",
    Technique.DEBUG_PRETEXT: "a debugging pretext",
    Technique.FAKE_SYSTEM: "a fake system prompt",
    Technique.ANTI_FLAGGING: "asking not to be flagged",
    Technique.THINKING_LANGUAGE: "pinning the language of thought",
    Technique.TRANSLATE_MEMORY: "translating working memory",
    Technique.RUBRIC_GRADING: "grading against a rubric",
    Technique.PREFERENCE_JUDGING: "judging preferences",
    Technique.TASK_GENERATION: "generating tasks",
    Technique.SYNTHETIC_DATA: "making synthetic data",
    Technique.TRACE_CLEANING: "cleaning reasoning traces",
    Technique.CRITIQUE: "criticising answers",
    Technique.ALIGNMENT_HARVEST: "collecting where the model draws lines",
}


def count(n: int | None) -> str:
    """A whole number with its thousands apart.

    >>> count(1234567), count(None)
    ('1,234,567', 'unknown')
    """
    return _UNKNOWN if n is None else f"{n:,}"


def amount(n: int | None) -> str:
    """A whole number, from ten millions on in three figures.

    >>> amount(28_812_345), amount(950), amount(12_400)
    ('28.8 million', '950', '12,400')
    """
    if n is None:
        return _UNKNOWN
    for size, name in ((10**12, "trillion"), (10**9, "billion"), (10**6, "million")):
        if n >= max(size, 10**7):
            scaled = n / size
            return f"{scaled:.0f} {name}" if scaled >= 100 else f"{scaled:.1f} {name}"
    return count(n)


def plural(n: int, one: str, many: str = "") -> str:
    """A count with its noun.

    >>> plural(1, "account"), plural(1200, "account"), plural(2, "family", "families")
    ('1 account', '1,200 accounts', '2 families')
    """
    return f"{count(n)} {one if n == 1 else many or one + 's'}"


def share(x: float | None) -> str:
    """A share as a percentage, with no more figures than mean something; neither 0 nor 100 unless it is.

    >>> share(0.934), share(0.05), share(0.0283), share(0.9996), share(0.0004), share(1.0), share(None)
    ('93 %', '5 %', '2.8 %', '> 99.9 %', '< 0.1 %', '100 %', 'unknown')
    """
    if x is None or math.isnan(x):
        return _UNKNOWN
    if x in (0.0, 1.0):
        return f"{x:.0%}".replace("%", " %")
    if 0 < x < 0.001:
        return "< 0.1 %"
    if 0.999 < x < 1:
        return "> 99.9 %"
    figures = 1 if x < 0.1 or 0.99 < x < 1 else 0
    return f"{100 * x:.{figures}f}".removesuffix(".0") + " %"


def _power(x: float) -> str:
    exponent = math.floor(math.log10(x))
    lead = round(x / 10**exponent, 1) if exponent > -300 else 1.0
    if lead >= 10:
        lead, exponent = 1.0, exponent + 1
    return f"{lead:g} × 10{str(exponent).translate(_SUPERSCRIPT)}"


def p_words(p: float | None) -> str:
    """A p-value; below one in ten thousand as a power of ten.

    >>> p_words(0.0312), p_words(3.14e-7), p_words(0.0), p_words(None)
    ('0.031', '3.1 × 10⁻⁷', '< 10⁻³⁰⁰', 'undecided')
    """
    if p is None or math.isnan(p):
        return "undecided"
    if p < 1e-300:
        return "< 10⁻³⁰⁰"
    return _power(p) if p < 0.0001 else f"{p:.2g}"


def e_words(e: float | None) -> str:
    """An e-value; from a hundred thousand on as a power of ten.

    >>> e_words(0.43), e_words(1234.5), e_words(3.2e9), e_words(float("inf")), e_words(None)
    ('0.43', '1,234', '3.2 × 10⁹', '> 10³⁰⁰', 'undecided')
    """
    if e is None or math.isnan(e):
        return "undecided"
    if e > 1e300:
        return "> 10³⁰⁰"
    if e >= 1e5:
        return _power(e)
    if e >= 100:
        return f"{e:,.0f}"
    return "< 0.01" if 0 < e < 0.01 else f"{e:.2g}"


def evidence_words(e: float | None, threshold: float | None) -> str:
    """An actor's evidence beside what it had to pass.

    >>> evidence_words(2140.0, 287.0), evidence_words(None, None)
    ('e = 2,140, needed 287', 'undecided')
    """
    if e is None:
        return "undecided"
    return f"e = {e_words(e)}" + ("" if threshold is None else f", needed {e_words(threshold)}")


def quantity(x: float | None, unit: str = "") -> str:
    """A measured value in three figures with its unit; the unit "share" is shown as a percentage.

    >>> quantity(0.934, "share"), quantity(3.14159, "per hour"), quantity(41250.0), quantity(None)
    ('93 %', '3.14 per hour', '41,250', 'unknown')
    """
    if x is None or math.isnan(x):
        return _UNKNOWN
    if unit == "share":
        return share(x)
    if math.isinf(x):
        text = "∞" if x > 0 else "−∞"
    elif abs(x) >= 1e7 or 0 < abs(x) < 1e-3:
        text = ("−" if x < 0 else "") + _power(abs(x))
    elif abs(x) >= 1000 or float(x).is_integer():
        text = f"{x:,.0f}".replace("-", "−")
    else:
        text = f"{x:.3g}".replace("-", "−")
    return f"{text} {unit}" if unit else text


def interval(low: float, high: float, unit: str = "") -> str:
    """An interval with its unit said once.

    >>> interval(0.881, 0.94, "share"), interval(0.0, 3.0, "repeats")
    ('88 to 94 %', '0 to 3 repeats')
    """
    first = quantity(low, unit)
    if unit == "share":
        first = first.removesuffix(" %")
    elif unit:
        first = quantity(low)
    return f"{first} to {quantity(high, unit)}"


def technique_words(name: str) -> str:
    """A technique of asking as a reader's words; an unknown one as it is.

    >>> technique_words("reasoning_tags")
    'reasoning inside forced tags'
    """
    return _TECHNIQUES.get(name, spell(name))


def day(at: date | None) -> str:
    """A date.

    >>> day(datetime(2026, 11, 2, 7, 5))
    '2 Nov 2026'
    """
    return _UNKNOWN if at is None else f"{at.day} {at:%b %Y}"


def moment(at: datetime | None) -> str:
    """A date with its minute; times are in UTC throughout.

    >>> moment(datetime(2026, 11, 2, 7, 5))
    '2 Nov 2026 07:05'
    """
    return _UNKNOWN if at is None else f"{day(at)} {at:%H:%M}"


def span(first: datetime | None, last: datetime | None) -> str:
    """A time span, with the day said once when it is one day.

    >>> span(datetime(2026, 11, 2, 7, 5), datetime(2026, 11, 2, 19, 0))
    '2 Nov 2026 07:05 to 19:00'
    """
    if first is None or last is None:
        return _UNKNOWN
    if first.date() == last.date():
        return f"{moment(first)} to {last:%H:%M}"
    if last - first >= timedelta(days=14):
        return f"{day(first)} to {day(last)}"
    return f"{moment(first)} to {moment(last)}"


def until(first: datetime | None, last: datetime | None) -> str:
    """The end of a span whose first day has been said: the hours of one day, or the last day.

    >>> until(datetime(2026, 11, 2, 7, 5), datetime(2026, 11, 2, 19, 0))
    '07:05 to 19:00'
    """
    if first is None or last is None:
        return ""
    return f"{first:%H:%M} to {last:%H:%M}" if first.date() == last.date() else f"to {day(last)}"


def opening(words: str) -> str:
    """A phrase as a heading: its first letter raised, the rest left alone.

    >>> opening("chains of thought in JSON")
    'Chains of thought in JSON'
    """
    return words[:1].upper() + words[1:]


def listing(words: Sequence[str]) -> str:
    """Words in a row with an "and".

    >>> listing(["a", "b", "c"]), listing([])
    ('a, b and c', 'none')
    """
    if not words:
        return "none"
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def spell(name: str) -> str:
    """A table's word as a reader's word.

    >>> spell("cot_writeout"), spell("set_aside")
    ('cot writeout', 'set aside')
    """
    return name.replace("_", " ")


def sentence(words: str) -> str:
    """Words from elsewhere as a sentence: a capital, a full stop, and a space before the per cent sign.

    >>> sentence("97.9% of members, none of its marks"), sentence("Done."), sentence("")
    ('97.9 % of members, none of its marks.', 'Done.', '')
    """
    words = _PERCENT.sub(r"\1 %", words.strip())
    if not words:
        return ""
    return opening(words) + ("" if words[-1] in ".!?…:;\"'”’。" else ".")


def tied(sentence: str) -> str:
    """A sentence whose numbers do not break over lines: no-break spaces inside "p = 0.03" and "97 %".

    >>> tied("so 97 % (p = 0.03)").count("\N{NO-BREAK SPACE}")
    3
    """
    return _TIES.sub("\N{NO-BREAK SPACE}", sentence)
