"""docs/benchmarks/range.md and its plots, drawn from the figures in range.json; a part that was never measured is left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from bars import bars_of
from chart import Line, Panel, chart
from range_studies import STUDIES, headlines, told_of
from range_windows_page import window_plot, windows

KINDS = {
    "home": "homes",
    "office": "offices",
    "campus": "campuses",
    "carrier": "mobile carriers",
    "cloud": "clouds",
    "vpn": "VPNs",
}


def files(found: dict[str, Any]) -> dict[str, str]:
    """The page and its plots, by file name."""
    raw, plots = found["raw"], {}
    if "limit" in raw:
        plots["range-limit.svg"] = limit_plot(raw)
    if "windows" in raw:
        plots["range-windows.svg"] = window_plot(raw["windows"])
    if "realism" in raw:
        plots["range-traces.svg"] = trace_plot(raw["realism"]["traces"])
        plots["range-repeats.svg"] = repeat_plot(raw["realism"]["repeats"])
        plots["range-addresses.svg"] = address_plot(raw["realism"]["addresses"])
    return {"range.md": page(found), **plots}


def page(found: dict[str, Any]) -> str:
    """The page for people."""
    raw = found["raw"]
    before = list(limit(raw)) if "limit" in raw else []
    lines = ["# The range: what was measured", ""]
    lines += bars_of(
        {**found, "bars": glance(found)}, "bench/range.py", before=[*before, *_reading(), "", "## At a glance"]
    )
    lines += missing(raw)
    if "windows" in raw:
        lines += windows(raw["windows"])
    if "realism" in raw:
        lines += realism(raw["realism"])
    if "generate" in raw:
        lines += generate(raw["generate"])
    lines += costs(raw)
    for name in STUDIES:
        if f"study {name}" in raw:
            lines += told_of(raw[f"study {name}"])
    return "\n".join([*lines, *_unsaid()]) + "\n"


def glance(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The bars that stand before all others: those of parts that are no study, and each study's few first figures."""
    raw = found["raw"]
    first = {name for study in STUDIES if f"study {study}" in raw for name in headlines(raw[f"study {study}"])}
    return [bar for bar in found["bars"] if not bar["part"].startswith("study ") or bar["name"] in first]


def missing(raw: dict[str, Any]) -> Iterator[str]:
    """What nobody has run yet, so that a gap is not taken for a result."""
    wanted = {
        "limit": "limit --data DIR",
        "windows": "windows --data DIR",
        "realism": "realism --data DIR",
        "generate": "generate",
        **{f"study {name}": "rounds" for name in STUDIES},
    }
    gaps = [f"{part} (`python bench/range.py {command}`)" for part, command in wanted.items() if part not in raw]
    yield ""
    yield "These are a few of the figures; all of them, with their intervals, are in [range.json](range.json) and below."
    if gaps:
        yield from ("", f"**Not measured yet:** {', '.join(gaps)}.")


def costs(raw: dict[str, Any]) -> Iterator[str]:
    """What a study costs, from those that were run."""
    told = [(name, raw[f"study {name}"]) for name in STUDIES if f"study {name}" in raw]
    if not told:
        return
    yield from ("", "## What a study costs", "")
    yield (
        "One innocent background a seed is featurised once and kept; campaigns are featurised by themselves and spliced in, for features of an exchange depend on that exchange alone. "
        "Campaigns of more than 10 million exchanges keep their accounts and rates, and their window is shortened. Processor time is of one core, with everything in it: building, featurising, every method and the truth."
    )
    yield from (
        "",
        "| study | seeds | accounts, exchanges and days of a background | exchanges looked at | processor time | exchanges looked at a second of a core |",
        "|---|---:|---|---:|---:|---:|",
    )
    for name, one in told:
        at, settings = one["provenance"], one["provenance"]["settings"]
        rate = one["exchanges"] / at["cpu_seconds"] if at["cpu_seconds"] else 0.0
        size = f"{settings['accounts']:,}, {settings['exchanges']:,}, {settings['days']}"
        yield f"| {name} | {settings['worlds']} | {size} | {one['exchanges']:,} | {at['cpu_seconds']:,.0f} s | {rate:,.0f} |"
    if "study null" in raw:
        yield from ("", _night(raw["study null"]))


def _night(one: dict[str, Any]) -> str:
    """What the null preset's own size would take, from the one that was run."""
    at = one["provenance"]
    each = at["cpu_seconds"] / one["exchanges"]
    hours = 100 * 2_500_000 * each / 3600
    return (
        f"At {1e6 * each:.0f} microseconds of a core an exchange, the 100 worlds of 100,000 accounts and 2.5 million exchanges that the preset `null` builds by itself would take about {hours:.0f} hours of one core; "
        "they were not run for this page, and a large world may cost more or less an exchange than these small ones."
    )


def _reading() -> Iterator[str]:
    yield from ("", "## How to read this page", "")
    yield (
        "Every world is made, and its truth is sealed: detectors see features, account facts and launches, and what they say is held against the truth afterwards. Each study says the size that it was run at and the command that runs it again; "
        "without `--accounts`, `--exchanges`, `--days` and `--worlds` that command runs it at its whole size. Intervals are 95 % and over seeds: worlds of one seed share their innocent customers and count as one. "
        "*Stillwatch* is the detector of the people who made the range. Thresholds and constants were chosen on other prompt sources and other seeds (fold *develop*); what stands here is of the fold *test*. "
        "A figure without a bar has none that anybody set."
    )


def limit(raw: dict[str, Any]) -> Iterator[str]:
    """The limit first: what nobody can see."""
    told, settings = raw["limit"]["pooled"], raw["limit"]["settings"]
    names = ", ".join(f"{one['benign']} ({one['queries']:,})" for one in raw["limit"]["sets"])
    yield from (
        "",
        "## Where every method ends",
        "",
        "![power of every method against the share of attacking queries](range-limit.svg)",
        "",
    )
    yield (
        "**An attacker who asks only what customers ask is found exactly as often as customers are accused, by every method, ours included.** On the left, attacking queries "
        "are drawn from the honest ones: whatever share of a window they are, its power stays at the method's false-positive rate. No function of the queries alone can do better there, "
        "and what claims to uses something else or leaks the truth. On the right, the same methods, window and shares when attackers ask what they are after. Between the two lies "
        "what this benchmark measures; where a real campaign lies between them, nobody outside the labs knows."
    )
    yield from (
        "",
        "| method | tail | nominal | false positives | power at 5 % | at 25 % | at 100 % | power less false positives, 95 % |",
        "|---|---|---|---|---|---|---|---|",
    )
    for one in told:
        at = " | ".join(f"{one['power'][share]:.1%}" for share in ("0.05", "0.25", "1"))
        yield f"| {one['peer']} | {one['tail']} | {one['nominal']:.0%} | {one['fpr']:.1%} | {at} | {100 * one['excess']:+.1f} ({100 * one['low']:+.1f} to {100 * one['high']:+.1f}) points |"
    yield from (
        "",
        (
            f"Sets of honest queries: {names}; each split at random {settings['splits']} times into pool, held-out queries and the attacker's; windows of {settings['window']}, {settings['windows']} of each share a split, "
            f"thresholds from {settings['null_draws']} null windows. Intervals draw splits again; one in twenty need not hold 0. "
            + _again(raw["limit"])
            + "`python bench/range.py limit --data DIR`."
        ),
    )


def _again(raw: dict[str, Any]) -> str:
    """What became of the intervals that miss 0 even when all are read together."""
    told = [
        f"{one['peer']} ({one['tail']}): {100 * one['excess']:+.1f} ({100 * one['low']:+.1f} to {100 * one['high']:+.1f}) points"
        for one in raw["again"]
    ]
    if not told:
        return "Read together, all hold it. "
    return f"Those that miss it even when all are read together were run again on {raw['settings']['again']} other splits: {', '.join(told)}. "


def _power_panel(title: str, lines: list[Line]) -> Panel:
    return Panel(
        title=title,
        x="share of the window that attacks",
        y="windows flagged",
        x_log=True,
        x_ticks=_SHARES,
        top=1.0,
        lines=lines,
        level=0.05,
    )


def limit_plot(raw: dict[str, Any]) -> str:
    """Left the in-distribution attacker, right real ones at the same window; main tails only."""
    told, size = raw["limit"]["pooled"], raw["limit"]["settings"]["window"]
    shown = [one for one in told if one["tail"] == "upper"]
    lines = [
        Line(name=one["peer"], points=[(float(x), y) for x, y in one["power"].items()], dots=True) for one in shown
    ]
    panels = [_power_panel("attackers ask what customers ask", lines)]
    real = [
        one
        for one in raw.get("windows", {}).get("summaries", [])
        if one["size"] == size and one["over"] == "all" and one["tail"] == "upper"
    ]
    if real:
        lines = [
            Line(
                name=one["peer"],
                points=[(float(x), y) for x, y in one["tpr"].items() if float(x) >= 0.05],
                dots=True,
            )
            for one in real
        ]
        panels.append(_power_panel("attackers ask what they are after (ten pairs)", lines))
    return chart(panels, columns=2, width=420, height=320)


_SHARES = ((0.05, "5 %"), (0.1, "10 %"), (0.25, "25 %"), (0.5, "50 %"), (1.0, "100 %"))


def realism(raw: dict[str, Any]) -> Iterator[str]:
    """Three facts beside data."""
    world = raw["world"]
    yield from ("", "## Is the world real?", "")
    yield (
        f"One world of ordinary customers, without lookalikes or campaigns: {world['accounts']:,} accounts, {world['exchanges']:,} exchanges, {world['days']} days, content {world['hash'][:12]}. "
        "`python bench/range.py realism --data DIR`."
    )
    yield from _traces(raw)
    yield from _repeats(raw["repeats"])
    yield from ("", *_of_products(raw["by_product"]))
    yield from _addresses(raw["addresses"])


def _traces(raw: dict[str, Any]) -> Iterator[str]:
    yield from (
        "",
        "### Lengths and arrivals beside traces",
        "",
        "![quantiles of the world against quantiles of traces](range-traces.svg)",
        "",
    )
    yield from (
        "| customers | beside | measure | KS distance | requests of the world | of the trace | median here | there | alike |",
        "|---|---|---|---|---|---|---|---|---|",
    )
    for one in raw["traces"]:
        for what, ks in one["measures"].items():
            alike = "yes" if ks["distance"] <= raw["match"] else "**no**"
            middle = len(ks["world"]) // 2 - 1
            yield f"| {one['customers']} | {one['service']} | {what} | {ks['distance']} | {ks['n_world']:,} | {ks['n_trace']:,} | {ks['world'][middle]:,.4g} | {ks['trace'][middle]:,.4g} | {alike} |"
    yield from ("", *_failing(raw["traces"], raw["match"]))
    yield (
        f"Quantile against quantile, answered requests only; gaps are in means of their hour, from the world's three busiest hours and the whole hour of a trace. Alike: a Kolmogorov-Smirnov distance of at most {raw['match']}, "
        "a bar of ours. There is no p-value: requests of a service are not independent, and at these sizes any difference would be significant. Mooncake's times lie on a grid of three seconds, so it tells no gaps."
    )


def _failing(traces: Sequence[dict[str, Any]], match: float) -> Iterator[str]:
    for what, why in _WHY.items():
        poor = [
            one["customers"] for one in traces if what in one["measures"] and one["measures"][what]["distance"] > match
        ]
        if poor:
            yield f"**{what.capitalize()} do not match for {', '.join(poor)}.** {why}"
            yield ""


_WHY = {
    "tokens in": "Every request draws the length of its trace, and a conversation's draws are dealt out in rising order; where its own words and earlier turns are longer than that, they count.",
    "tokens out": "Answer lengths are drawn from the trace by the quarter of the inputs that the request lies in; limits that customers set on answers cut some short.",
    "gaps": "For customers of coding assistants and agents this comparison is not a fair one, and no bar stands on it: the code trace is one service of unknown customers, silent for most of its ten-second steps, and thousands of customers who do not know of one another "
    "cannot fall silent together. What is copied from it is how one customer's requests follow each other, in the line below; together they smooth out.",
    "gaps of one customer": "Stretches of 100 requests of one account within an hour, each in its own mean, beside stretches of 100 of the trace; an account's first and last request of an hour stay where they are, and those between them take the gaps of the trace.",
}


def trace_plot(traces: Sequence[dict[str, Any]]) -> str:
    """Quantile against quantile, a panel each, logarithmic."""
    panels = []
    for one in traces:
        for what, ks in one["measures"].items():
            points = [(x, y) for x, y in zip(ks["trace"], ks["world"], strict=True) if x > 0 and y > 0]
            title = f"{one['customers']}: {what} (KS {ks['distance']})"
            panels.append(
                Panel(
                    title=title,
                    x=one["service"],
                    y="the world",
                    x_log=True,
                    y_log=True,
                    diagonal=True,
                    lines=[Line(points=points, dots=True)],
                )
            )
    return chart(panels, columns=3)


def _repeats(raw: dict[str, Any]) -> Iterator[str]:
    like = raw["at_like_size"]
    near = ", ".join(f"{name} {rate} %" for name, rate in like["corpora"].items())
    yield from (
        "",
        "### Repeated prompts beside corpora of chats",
        "",
        "![share of prompts with a near-duplicate against how many are looked at](range-repeats.svg)",
        "",
    )
    yield (
        f"Among {like['n']:,} prompts of three words or more, drawn at random, the share with a near-duplicate is {like['all turns']} % for the world's chat accounts, {like['first turns']} % for their first turns; {near}. "
        + _verdict(like)
    )
    yield from ("", "| prompts | of | looked at | the same words | near-duplicates |", "|---|---|---|---|---|")
    for name, one in raw["curves"].items():
        for n, rate in one["at"].items():
            yield f"| {name} | {one['prompts']:,} | {int(n):,} | {rate['same']} % | {rate['near']} % |"
    yield from (
        "",
        (
            "Counted so: two prompts are near-duplicates when their sampled six-word shingles (24 at most, `stillwatch.text.anchors`) have a Jaccard similarity of at least 0.5; means of three draws. The rate grows with the number "
            "looked at, so equal numbers are compared. The corpora are themselves filtered by those who published them, the world asks from them, and how many customers add words of their own was chosen so that this rate is right: agreement is by construction, disagreement is not. "
            "Later turns take up words of the answer before; most prompts carry a sentence or two of the sender's own."
        ),
    )


def _of_products(raw: dict[str, Any]) -> Iterator[str]:
    told = ", ".join(f"{name} {one['near']} %" for name, one in raw.items())
    yield (
        f"In a world of the test fold, which studies judge by and which has fewer sources, near-duplicates among up to 4,000 prompts of each product's customers: {told}. No corpus says what they should be for these; "
        "tools answer agents in few forms, jobs label short records, and research reads few sources here."
    )


def _verdict(like: dict[str, Any]) -> str:
    least, most = min(like["corpora"].values()), max(like["corpora"].values())
    told = []
    if like["all turns"] > 2 * like["first turns"]:
        told.append("**Later turns repeat themselves far more than first ones.**")
    if like["first turns"] > most:
        told.append(
            "**First turns repeat themselves more than the corpora do**: all customers ask from one pack of prompts, so a large world asks each of them many times. "
            "Innocent accounts share more text here than in life, which makes them harder to spare and tests of sharing look worse than they are."
        )
    if like["first turns"] < least:
        told.append(
            "**First turns repeat themselves less than the corpora do**: details that customers add make two uses of one prompt differ."
        )
    return " ".join(told) or "They lie between the corpora."


def repeat_plot(raw: dict[str, Any]) -> str:
    """The share of near-duplicates against how many prompts are looked at."""
    lines = [
        Line(name=name, points=[(int(n), rate["near"]) for n, rate in one["at"].items()], dots=True)
        for name, one in raw["curves"].items()
    ]
    return chart(
        [
            Panel(
                title="Prompts with a near-duplicate",
                x="prompts looked at",
                y="per cent",
                x_log=True,
                x_ticks=((250, "250"), (1000, "1 k"), (4000, "4 k")),
                lines=lines,
            )
        ],
        width=480,
        height=300,
    )


def _addresses(raw: dict[str, Any]) -> Iterator[str]:
    yield from (
        "",
        "### Accounts behind an address",
        "",
        "![share of addresses with at least so many accounts in a day](range-addresses.svg)",
        "",
    )
    yield from (
        "| place | addresses and days | one account alone | median accounts | 99th percentile | most |",
        "|---|---|---|---|---|---|",
    )
    for kind, name in KINDS.items():
        one = raw[kind]
        yield f"| {name} | {one['addresses']:,} | {one['alone']:.1%} | {one['median']:g} | {one['p99']:.0f} | {one['most']:,} |"
    whole = raw["all"]
    yield from (
        "",
        f"Of all addresses of a day {whole['alone']:.1%} have one account, and {whole['accounts_alone']:.1%} of accounts are alone at theirs.",
        "",
    )
    yield (
        "No source tells accounts of an API behind an address; three tell what lies near it. Casado and Freedman (NSDI 2007, 7 million clients) found most NATs small, of a few hosts, and proxies much larger. "
        "Maier, Schneider and Feldmann (PAM 2011, 20,000 DSL lines) found several hosts behind up to 52 % of lines, active at once behind 10 %. Giotsas and Fayed (Cloudflare, 29 October 2025) write that an IPv4 address may stand for "
        "hundreds or thousands of users behind carrier-grade NAT, VPNs and proxies."
    )
    home, carrier = raw["home"], raw["carrier"]
    yield (
        f"**Comparable in shape only.** Homes are small as they should be ({home['alone']:.1%} with one account, at most {home['most']}); hosts are not accounts, so 52 % is an upper bound. Mobile carriers share widely ({carrier['median']:g} accounts "
        f"an address at the median, {carrier['most']} at most), and fewer than hundreds, as only a part of a carrier's subscribers would have an account here: the pool of addresses is an assumption (`range/places.py`), "
        "not a measurement. Nothing here was fitted to these reports."
    )


def address_plot(raw: dict[str, Any]) -> str:
    """The share of addresses with at least so many accounts, by kind of place."""
    lines = [
        Line(name=name, points=[(int(k), share) for k, share in raw[kind]["at_least"].items()], dots=True)
        for kind, name in KINDS.items()
    ]
    panel = Panel(
        title="Addresses by accounts in a day",
        x="at least so many accounts",
        y="share of addresses",
        x_log=True,
        y_log=True,
        x_ticks=((1, "1"), (3, "3"), (10, "10"), (50, "50"), (200, "200")),
        lines=lines,
    )
    return chart([panel], width=560, height=320)


def generate(raw: dict[str, Any]) -> Iterator[str]:
    """How fast worlds are written."""
    yield from ("", "## How fast worlds are written", "")
    yield (
        f"{raw['exchanges']:,} exchanges of {raw['accounts']:,} accounts over {raw['days']} days: {raw['seconds']:,} s with {raw['workers']} processes, {raw['cpu_us_per_exchange']} microseconds of a core an exchange, "
        f"{raw['bytes_per_exchange']} bytes an exchange on disk, at most {raw['peak_mib_of_a_process']} MiB a process. Content {raw['hash']}. `python bench/range.py generate`."
    )
    yield (
        "The speed is with the prompt pack opened once in each process, without the history of conversations (`--history` writes every earlier turn out again) and without campaigns. A small world of the same seed, written by one, two and three processes, "
        f"has the content {' and '.join(raw.get('small', ['(not tried)']))}: sampling tables are whole numbers, and a test pins them on every machine."
    )


def _unsaid() -> Iterator[str]:
    yield from ("", "## What this cannot say", "")
    yield (
        "Nobody has published telemetry of a real campaign: the attackers of the range are made after public reports, by us, who also made what looks for them. Pairs are rebuilt and approximate the paper's. "
        "Few corpora make every interval too short. Studies were run at the sizes that stand with each; few worlds make wide intervals. [The range](../range.md) says how to run and read it."
    )
