"""The world beside data on the page of the range: lengths and arrivals, repeated prompts, shared addresses; each with its plot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from chart import Line, Panel, chart

__all__ = ["KINDS", "address_plot", "realism", "repeat_plot", "trace_plot"]

KINDS = {
    "home": "homes",
    "office": "offices",
    "campus": "campuses",
    "carrier": "mobile carriers",
    "cloud": "clouds",
    "vpn": "VPNs",
}


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
