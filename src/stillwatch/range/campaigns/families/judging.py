"""Critique and autograding: the model stands in for a reward model or a reviewer of a student's answers."""

from __future__ import annotations

import numpy as np

from stillwatch.range.campaigns.families.family import Family
from stillwatch.range.campaigns.families.items import fresh, prose
from stillwatch.range.campaigns.wording import Wording
from stillwatch.range.ground import Ground, Ints, Reply
from stillwatch.range.replies import student_answers
from stillwatch.range.splits import Fold, shelf

__all__ = ["AUTOGRADING", "CRITIQUE"]


def attempts(ground: Ground, rng: np.random.Generator, size: int, fold: Fold, taken: Ints) -> tuple[Ints, Ints]:
    """Instructions with a student model's answers to them; each pair once."""
    asked = fresh(ground, rng, shelf(ground, fold, "open", "questions", "search", longest=1200), size, taken)
    return asked, ground.texts.numbers(student_answers(rng, prose(ground, rng, size)))


AUTOGRADING = Family(
    key="autograding",
    says="scores for a student's answers by a rubric, to be used as rewards",
    wordings={
        Fold.DEVELOP: Wording(
            openers=(
                "[Score|Rate] the [candidate|submission] [against|by] the [criteria|standards] [listed|named] here.",
                "[Act|Serve] as the [examiner|assessor] of one [candidate|submission].",
            ),
            demands=(
                "[Correctness|Truth]: 0 to [5|10|20] [points|marks].",
                "[Completeness|Fullness]: 0 to [5|10|20] [points|marks].",
                "[Clarity|Order]: 0 to [5|10|20] [points|marks].",
                "[Helpfulness|Use to the asker]: 0 to [5|10|20] [points|marks].",
            ),
            asked=4,
            closings=(
                "[Reply|Answer] with [one line|a line] of [figures|numbers] [and their sum|followed by the sum].",
                "[Print|Return] JSON with one [key|field] a criterion.",
            ),
            items=("[Instruction|Prompt]:\n{a}\n\n[Candidate|Submission]:\n{b}",),
        ),
        Fold.TEST: Wording(
            openers=(
                "[Which|What] [mark|grade] does the [text|attempt] [at the end|in second place] [deserve|earn]?",
                "[Grade|Mark] [strictly|without mercy], as [the board|a jury] would.",
            ),
            demands=(
                "[Deduct|Take off] [a point|marks] for [each|every] [slip|error|invention].",
                "[Reward|Credit] [steps|reasons] that [hold|stand up].",
                "[Length|Wordiness] [earns|counts for] nothing.",
                "[Ignore|Overlook] [tone|politeness].",
            ),
            asked=3,
            closings=(
                "[Only|Just] the [mark|number] from 1 to 100.",
                "[Output|Give] the mark, a dash, [six|eight|ten] words why.",
            ),
            items=("<<assignment>> {a}\n<<attempt>> {b}",),
        ),
    },
    items=attempts,
    reply=Reply.GRADE,
    tokens=18,
    limit=160,
    heat=0.0,
)

CRITIQUE = Family(
    key="critique",
    says="criticism of a student's answers and better versions of them",
    wordings={
        Fold.DEVELOP: Wording(
            openers=(
                "[Review|Examine] the [draft|attempt] that a [junior|trainee] [wrote|produced] for the [order|assignment] below.",
                "[Someone|A beginner] [tried|attempted] the [order|assignment] below.",
            ),
            demands=(
                "[List|Point out] what is [wrong|mistaken], [missing|left out] or [badly put|clumsy], [most serious|worst] first.",
                "[Say|Explain] how an [expert|old hand] would have [gone about|tackled] it.",
                "[Close|Finish] with a [corrected|repaired] [version|draft] of [the same|equal] length.",
                "[Quote|Cite] the [passage|words] each [remark|point] is about.",
            ),
            asked=3,
            items=("ORDER: {a}\nDRAFT: {b}",),
        ),
        Fold.TEST: Wording(
            openers=(
                "[Tear|Pick] this [apart|to pieces], [kindly|fairly].",
                "[Be|Play] the [second|outside] [reader|referee].",
            ),
            demands=(
                "[Three|Four|Five] [weaknesses|flaws], [each|every one] with a [remedy|fix].",
                "[Where|If] it [misreads|misses] the [brief|request], [start|begin] there.",
                "[Afterwards|Then] [rewrite|redo] it as [it should be|you would hand it in].",
                "[Note|Record] which [flaw|weakness] a [learner|model] should [fix|unlearn] first.",
            ),
            asked=3,
            items=("Brief\n{a}\nWork\n{b}",),
        ),
    },
    items=attempts,
    tokens=150,
    trace="long",
)
