"""`stillwatch expand` on a small day: seeds of every kind, in no way that leaves a prompt behind."""

from __future__ import annotations

import importlib
import io
import json
from pathlib import Path

import pytest

from stillwatch.actors import Expanded, Reached, Verdict
from stillwatch.core import handle, unhandle
from stillwatch.pipeline import raw_names, seed_of

from .calling import Done, call
from .day import SECRET, TEMPLATE


def grown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, root: Path, *words: object
) -> dict[str, object]:
    code, out, err = call(capsys, monkeypatch, "expand", *words, "--workspace", root, "--level", "0.2", "--json")
    assert (code, err) == (0, "")
    found: dict[str, object] = json.loads(out)
    return found


def shown(found: dict[str, object]) -> set[str]:
    accounts = found["accounts"]
    assert isinstance(accounts, list)
    return {one["account"] for one in accounts if one["verdict"] == "shown"}


def test_one_member_grows_to_the_actor_by_handle_and_by_raw_name(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    done: Done,
) -> None:
    space, scanned, _ = done
    actor = scanned.view.for_review[0]
    own = {m.handle for m in actor.members}
    first = actor.members[0].handle
    by_handle = grown(capsys, monkeypatch, space.root, "--seed", first)
    assert shown(by_handle)
    assert shown(by_handle) <= own
    accounts = by_handle["accounts"]
    assert isinstance(accounts, list)
    told = {one["account"]: one for one in accounts}
    reached = own & set(told)
    assert reached
    for one in reached - shown(by_handle):
        assert told[one]["verdict"] == "undecided", (
            "so few others cannot decide for all: the answer says how many could"
        )
        assert told[one]["needed"] > 0
    ((_, raw),) = raw_names(space, [first])
    assert grown(capsys, monkeypatch, space.root, "--seed", f"account:{raw}") == by_handle
    whole = grown(capsys, monkeypatch, space.root, "--seed", actor.handle)
    assert whole["seeds"] == sorted(own, key=lambda one: unhandle(one)[1])
    assert whole["e_value"] is None
    assert "cannot test them again" in str(whole["untested"])
    assert by_handle["untested"] is None


def test_a_prompt_is_read_from_a_file_or_from_standard_input(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    done: Done,
    tmp_path: Path,
) -> None:
    space, scanned, _ = done
    own = {m.handle for m in scanned.view.for_review[0].members}
    (tmp_path / "prompt.txt").write_text(TEMPLATE)
    by_file = grown(capsys, monkeypatch, space.root, "--prompt", "prompt.txt")
    assert len(shown(by_file) & own) >= 0.8 * len(own)
    monkeypatch.setattr("sys.stdin", io.StringIO(TEMPLATE))
    assert grown(capsys, monkeypatch, space.root, "--prompt", "-") == by_file


def test_the_table_tells_how_many_were_looked_at_and_quotes_nothing(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    done: Done,
) -> None:
    space, scanned, _ = done
    member = scanned.view.for_review[0].members[0].handle
    code, out, err = call(capsys, monkeypatch, "expand", "--seed", member, "--all", "--workspace", space.root)
    assert (code, err) == (0, "")
    assert "Others looked at:" in out
    assert "undecided" in out
    assert "Null of each account" in out
    assert SECRET not in out
    assert "customer.example" not in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "name a --seed or a --prompt"),
        (["--seed", "nonsense"], "expected a handle"),
        (["--seed", "colour:red"], "expected a handle (A-... or X-...), or one of account, agent"),
        (["--seed", "mary@corp.example"], "seed: expected a handle"),
        (["--seed", "2a02:8071::7"], "such as ip:203.0.113.9 or ip:2001:db8::9"),
        (["--seed", "ip:here"], "not an address after ip:"),
        (["--seed", "X-0000000000001"], "no such account or actor"),
        (["--seed", "F-0000000000001"], "no such account or actor"),
        (["--prompt", "absent.txt"], "absent.txt"),
        (["--seed", "A-0000000000001", "--level", "2"], "expected a share between 0 and 1"),
    ],
)
def test_a_seed_that_cannot_be_read_is_refused_in_a_sentence(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    done: Done,
    words: list[str],
    told: str,
) -> None:
    code, _, err = call(capsys, monkeypatch, "expand", *words, "--workspace", done[0].root)
    assert code == 2
    assert told in err
    for given in ("nonsense", "colour", "mary", "corp", "2a02", "here "):
        assert given not in err, "what was typed may be somebody's name"


def one_reached(verdict: Verdict, account: int) -> Reached:
    p_value = 0.001 if verdict is Verdict.SHOWN else 0.4
    return Reached(
        account=account,
        verdict=verdict,
        why=("has the card",),
        n=9,
        carried=0.5,
        pressed=0.1,
        p_value=p_value,
        needed=None,
    )


def test_the_error_rate_stands_over_those_that_were_shown_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tie by record is a fact: nothing says how many of these are wrong."""
    monkeypatch.setenv("COLUMNS", "200")
    found = Expanded(
        seeds=(1,),
        reached=tuple(one_reached(verdict, 10 + place) for place, verdict in enumerate(Verdict)),
        families=(),
        hubs=(),
        level=0.05,
        null="nothing",
        whole=None,
    )
    show = importlib.import_module("stillwatch.cli.expand")._show
    show(found, everything=False)
    brief = capsys.readouterr().out
    at_most, fact = brief.index("at most 5.0% of these are wrong"), brief.index("facts, without an error rate")
    assert at_most < brief.index(handle("account", 10)) < fact < brief.index(handle("account", 11))
    assert handle("account", 12) not in brief
    show(found, everything=True)
    out = capsys.readouterr().out
    assert (
        fact < out.index("Not shown: looked at") < out.index(handle("account", 12)) < out.index("Undecided: looked at")
    )


def test_indicators_get_the_pseudonyms_that_the_tables_have(done: Done) -> None:
    space, _, _ = done
    seed = seed_of(space, ["ip:203.0.113.9:443", "subnet:203.0.113.77", "agent:tool/1", "payment:card"])
    assert seed.things == (
        ("ip", space.names.name("ip", "203.0.113.9")),
        ("subnet", space.names.name("subnet", "203.0.113.0/24")),
        ("user_agent", space.names.name("user_agent", "tool/1")),
        ("payment", space.names.name("payment", "card")),
    )
