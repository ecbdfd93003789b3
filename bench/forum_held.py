"""What the forum's tests hold, counted: published vectors, replays of other clients' requests, and attacks on privacy.

    python bench/forum_held.py [--psi PYTHON]

Each group of tests is run by pytest, and a figure is the number of its cases that pass; a group that lost a test it names is no group any
more. What each attack is, and what is left to the attacker: docs/tags.md and docs/forum.md.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from bars import bars_of
from figures import ROOT, Figures, bar, keep

_TAGS, _PRIVACY, _ASKING = "tags/test_function.py", "tags/test_privacy.py", "asking/test_asking.py"
GROUPS: dict[str, tuple[tuple[str, str], ...]] = {
    "RFC 9497 vectors, ours and the package, each believing the other": (
        (_TAGS, "test_our_own_implementation_gives_every_value_of_the_rfc"),
        (_TAGS, "test_the_package_gives_the_same_keys_points_and_outputs"),
        (_TAGS, "test_each_implementation_believes_the_other"),
    ),
    "RFC 6962 vectors: roots, inclusion, consistency": (
        ("log/test_tree.py", "test_the_roots_are_those_of_certificate_transparency"),
        ("log/test_tree.py", "test_proofs_of_inclusion_are_those_of_certificate_transparency"),
        ("log/test_tree.py", "test_proofs_of_consistency_are_those_of_certificate_transparency"),
    ),
    "replays of OpenCTI, Elastic, Sentinel and MineMeld that behave": (
        ("taxii/test_replays.py", "test_opencti_polls_with_a_browsers_accept_a_date_and_its_last_mark"),
        ("taxii/test_replays.py", "test_elastic_sends_a_content_type_with_a_get_and_templates_its_date"),
        ("taxii/test_replays.py", "test_sentinel_begins_at_the_root_and_insists_on_its_version"),
        ("taxii/test_replays.py", "test_minemeld_polls_by_the_last_date_and_comes_to_an_end"),
    ),
    "attack by dictionary: fails": (
        (_PRIVACY, "test_one_custodian_with_a_dictionary_and_the_whole_board_names_nobody"),
        (_PRIVACY, "test_a_member_with_a_dictionary_but_no_custodian_names_nobody"),
    ),
    "attack by online enumeration: stopped at the quota and seen": (
        (_PRIVACY, "test_a_member_that_enumerates_online_is_stopped_and_seen"),
        (_PRIVACY, "test_the_usual_quota_lets_nobody_count_through_a_country"),
    ),
    "attack by a tracking key: caught": (
        (_PRIVACY, "test_a_custodian_that_uses_another_key_for_one_member_is_caught"),
        (_PRIVACY, "test_a_custodian_that_commits_to_another_key_for_one_member_is_caught_by_the_digest"),
        (_PRIVACY, "test_a_second_custodian_that_cancels_the_first_cannot_show_that_it_holds_its_key"),
    ),
    "attack by set sizes: a power of two is all that shows": (
        (_PRIVACY, "test_how_many_suspects_a_member_has_shows_only_as_a_power_of_two"),
        ("tags/test_carried.py", "test_a_houses_list_does_not_tell_how_many_suspects_it_has"),
    ),
    "attack by poisoning: one lab stays one voice": (
        (_PRIVACY, "test_one_lab_cannot_make_a_rivals_customer_look_corroborated"),
        ("tags/test_boards.py", "test_a_lab_counts_once_however_often_it_names_a_tag"),
    ),
    "attack by differences at the threshold of three labs: refused": (
        (_PRIVACY, "test_adding_ones_own_voice_tells_nothing_that_the_board_did_not_tell"),
        (_ASKING, "test_a_question_that_differs_by_one_indicator_from_an_earlier_one_gets_no_answer"),
        (_ASKING, "test_two_sums_that_differ_by_one_lab_are_not_both_told"),
        (_ASKING, "test_no_answer_is_the_same_object_whatever_its_reason"),
        ("rules/test_rules_hold.py", "test_two_sums_whose_difference_tells_of_one_lab_are_not_both_given"),
        ("tags/test_overlap.py", "test_counts_are_few_so_that_single_values_cannot_be_found_by_differences"),
    ),
}


def counted(tests: tuple[tuple[str, str], ...], env: dict[str, str]) -> dict[str, tuple[int, int]]:
    """Of each test, how many of its cases pass and how many were run."""
    names = [f"tests/forum/{file}::{test}" for file, test in tests]
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "told.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", f"--junitxml={told}"]
        subprocess.run([*command, *names], cwd=ROOT, env=env, capture_output=True, check=False)
        cases = list(ElementTree.parse(told).iter("testcase")) if told.exists() else []
    out = {}
    for _, test in tests:
        mine = [one for one in cases if re.sub(r"\[.*", "", one.get("name", "")) == test]
        out[test] = (sum(not len(one) for one in mine), len(mine))
    return out


def held(wanted: argparse.Namespace) -> Figures:
    """Every group, beside its bar: all of its cases pass, and none of its tests is gone."""
    env = dict(os.environ) | ({"STILLWATCH_PSI_PYTHON": wanted.psi} if wanted.psi else {})
    bars, raw = [], {}
    for name, tests in GROUPS.items():
        found = counted(tests, env)
        passed, run = (sum(one[k] for one in found.values()) for k in (0, 1))
        whole = passed == run and all(one[1] for one in found.values())
        bars.append(bar(name, passed, f"of {run}", "all", whole))
        raw[name] = {test: {"passed": one[0], "run": one[1]} for test, one in found.items()}
    return bars, raw


def page(found: dict[str, Any]) -> dict[str, str]:
    lines = ["# The forum: what its tests hold", "", *bars_of(found, "bench/forum_held.py"), ""]
    lines += ["What is left to each attacker: [tags](../tags.md), [questions](../forum.md)."]
    for name, tests in found["raw"]["held"].items():
        lines += ["", f"## {name[0].upper()}{name[1:]}", ""]
        lines += [
            f"- {test.removeprefix('test_').replace('_', ' ')}: {told['passed']} of {told['run']}"
            for test, told in tests.items()
        ]
    return {"forum-held.md": "\n".join(lines) + "\n"}


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--psi")
    asked.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks")
    wanted = asked.parse_args()
    keep(wanted.out, "forum-held", "held", held(wanted), page)


if __name__ == "__main__":
    main()
