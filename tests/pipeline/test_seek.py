"""What others told is where looking starts: members too few to be seen alone are shown by their own conduct, and nobody else is."""

from __future__ import annotations

import datetime as dt
import tomllib

import numpy as np
import pytest
from tests.cli.day import exchange, key, write
from tests.forum.harvest import NOW, previewed

from stillwatch.core import Settings, settings_from
from stillwatch.engine import Workspace
from stillwatch.forum import Kind, Thing, take_in
from stillwatch.pipeline import Inputs, keep_tagged, scan, seek, seen_here
from stillwatch.pipeline.sharing import written
from stillwatch.text import template_fingerprint

SCAFFOLD = (
    "Serve as the strictest of all examiners and put down every single consideration between the two marks before you give "
    "the final grade; nothing may be left out, and the whole must be longer than the answer. The work to be graded is this: "
)
WORKERS, CUSTOMERS = 8, 150
THINGS = [
    "river",
    "stone",
    "kitchen",
    "window",
    "garden",
    "letter",
    "engine",
    "bridge",
    "market",
    "doctor",
    "lantern",
    "ladder",
]
SETTINGS: Settings = settings_from(tomllib.loads("[run]\nworkers = 1\n"))


def worker(number: int) -> str:
    return f"worker-{number}@customer.example"


def customer(number: int) -> str:
    return f"customer-{number}@customer.example"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A day on which eight accounts of one operator are lost among 150 customers."""
    folder, rng = tmp_path_factory.mktemp("seek"), np.random.default_rng(3)
    names = [customer(n) for n in range(CUSTOMERS)] + [worker(n) for n in range(WORKERS)]
    sent = [who for who in names for _ in range(6)]
    rows = []
    for place, at in enumerate(rng.permutation(len(sent)).tolist()):
        words = " ".join(rng.choice(THINGS, 14))
        one = exchange(place, sent[at], SCAFFOLD + words if sent[at].startswith("worker") else words)
        one["client"]["ip"] = f"203.0.{place % 200}.{at % 200}"
        rows.append(one)
    space = Workspace(key(folder / "w"))
    scanned = scan(space, Inputs(logs=[write(folder / "day.jsonl", rows)]), SETTINGS)
    assert scanned.view.for_review == (), "eight are too few to be found alone"
    return space


@pytest.fixture(autouse=True)
def _as_it_was(house: Workspace) -> None:
    """Nothing was told yet."""
    for name in ("indicators_in", "opinions_in", "tagged_in"):
        with house.writing():
            house.store.put(name, house.store.read(name).slice(0, 0), made_from="forum")


def tell(house: Workspace, scaffold: str = SCAFFOLD, *more: Thing) -> list[str]:
    """Another house tells of a template, and of more; the ids of the indicators."""
    told = template_fingerprint([f"{scaffold}{'ox ' * n}{n}" for n in range(4, 9)])
    assert told is not None
    things = (Thing(kind=Kind.TEMPLATE, value=written(told), members=30, others=0), *more)
    sent = previewed(things=things)
    assert sent.linted.passes
    assert take_in(house, sent.objects, source="hub", now=NOW).fresh == len(things)
    return [one["id"] for one in sent.objects if one["type"] == "indicator"]


def named(house: Workspace, *who: str) -> frozenset[int]:
    return frozenset(house.names.name("account", one) for one in who)


def test_members_too_few_to_be_seen_alone_are_shown_by_their_own_conduct(house: Workspace) -> None:
    assert seek(house, SETTINGS, now=NOW).leads == ()
    tell(house)
    found = seek(house, SETTINGS, now=NOW)
    everybody = named(house, *map(worker, range(WORKERS)))
    assert found.shown <= everybody, "no customer is shown"
    assert len(found.shown) > WORKERS / 2, "most of them; who sent too little in the held-out hours stays undecided"
    assert found.met == frozenset(), "no finding for review holds any"
    assert found.shown == seek(house, SETTINGS, now=NOW).shown, "and the same again"


def test_a_template_that_is_not_here_leads_nowhere(house: Workspace) -> None:
    tell(
        house,
        "Write a sonnet about the sea as if a lighthouse keeper had dreamt it in a very long night of fog. It must hold: ",
    )
    assert seek(house, SETTINGS, now=NOW).leads == ()


def test_whom_a_tag_names_is_looked_at_and_not_shown_for_it(house: Workspace) -> None:
    honest = [customer(n) for n in range(5)]
    keep_tagged(house, "phone", "e1", dict.fromkeys(honest, "established"), now=NOW)
    found = seek(house, SETTINGS, now=NOW)
    assert {one.account for lead in found.leads for one in lead.found.reached} >= named(house, *honest)
    assert found.shown == frozenset()
    tell(house)
    assert not seek(house, SETTINGS, now=NOW).shown & named(house, *honest)


def test_boards_of_today_take_the_place_of_yesterdays(house: Workspace) -> None:
    keep_tagged(house, "phone", "e1", {customer(1): "seed"}, now=NOW)
    keep_tagged(house, "card", "e1", {customer(2): "seed"}, now=NOW)
    keep_tagged(house, "phone", "e2", {customer(3): "seed"}, now=NOW)
    rows = house.store.read("tagged_in").to_pylist()
    assert {(row["kind"], row["epoch"]) for row in rows} == {("card", "e1"), ("phone", "e2")}


def test_what_says_something_only_together_is_not_followed_alone(house: Workspace) -> None:
    agent = Thing(kind=Kind.USER_AGENT, value="OpenAI/Python 1.99.1", members=30, others=1)
    tell(
        house, "Nobody here has ever sent a text with these words in it at all, whatever they are and wherever: ", agent
    )
    found = seek(house, SETTINGS, now=NOW)
    assert found.leads == ()
    assert "says something only together with others" in {why for _, why in found.not_used}


def test_the_error_rate_is_divided_among_leads_that_do_not_meet(house: Workspace) -> None:
    tell(house)
    keep_tagged(house, "phone", "e1", {customer(1): "seed"}, now=NOW)
    found = seek(house, SETTINGS, now=NOW, level=0.08)
    assert [lead.found.level for lead in found.leads] == [0.04, 0.04]


def test_have_you_seen_it_is_answered_from_own_evidence(house: Workspace) -> None:
    (told,) = tell(house)
    looked = seen_here(house, SETTINGS, [told], now=NOW)
    assert looked.accounts > WORKERS / 2
    keep_tagged(house, "phone", "e1", {customer(1): "seed"}, now=NOW)
    assert seen_here(house, SETTINGS, [told], now=NOW) == looked, "a question by indicators looks with no tags"
    strange = seen_here(house, SETTINGS, ["indicator--never-heard"], now=NOW)
    assert (strange.accounts, strange.whole) == (0, False), "who could not look does not say no"


def test_what_was_withdrawn_or_is_over_leads_nowhere(house: Workspace) -> None:
    tell(house)
    assert seek(house, SETTINGS, now=NOW + dt.timedelta(days=200)).leads == ()
