"""Places where models part: each model's own way counts alike, and a student is told apart there in far fewer questions than elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from stillwatch.audit import Recorded, parting, twin_likelihood
from stillwatch.core import Error

PLACES, WORDS = 4_000, 12


def thought(rng: np.random.Generator, apart: float) -> np.ndarray:
    """Log-probabilities of ours and two twins that mostly agree."""
    shared = rng.normal(size=(PLACES, WORDS)) * 2.0
    scores = shared + apart * rng.normal(size=(3, PLACES, WORDS))
    return np.asarray(scores - np.log(np.exp(scores).sum(2, keepdims=True)))


def test_every_model_has_its_part_and_none_goes_the_way_of_another_there() -> None:
    logs = thought(np.random.default_rng(1), 1.0)
    at = parting(logs, most=600)
    tops = logs[:, at].argmax(2)
    sure = np.sort(logs[:, at], axis=2)
    alone = [
        (tops[one] != tops[two]) & (tops[one] != tops[three]) for one, two, three in ((0, 1, 2), (1, 0, 2), (2, 0, 1))
    ]
    assert 400 < at.size <= 600
    assert np.all(np.diff(at) > 0)
    assert np.any(alone, axis=0).all()
    own = [np.median((sure[one, :, -1] - sure[one, :, -2])[alone[one]]) for one in range(3)]
    assert max(own) < 1.3 * min(own), "one model's places are more telling than another's"
    turned = parting(logs[[1, 0, 2]], most=600)
    assert np.array_equal(at, turned), "which model is ours makes no difference to where is asked"


def test_models_that_never_part_leave_nothing_to_ask_and_one_alone_is_refused() -> None:
    logs = thought(np.random.default_rng(2), 1.0)[:1]
    assert parting(np.repeat(logs, 3, axis=0)).size == 0
    with pytest.raises(Error, match="one twin at least"):
        parting(logs)


def test_a_student_of_ours_stands_out_where_they_part_and_not_at_places_as_they_come() -> None:
    rng = np.random.default_rng(3)
    logs = thought(rng, 0.8)
    chosen, common = parting(logs, most=60), rng.choice(PLACES, 60, replace=False)
    students, others = 12, 19
    mix = rng.normal(size=(students + others, PLACES, WORDS)) * 1.5 + logs.mean(0)
    mix[:students] += 0.3 * (logs[0] - logs[1:].mean(0))
    said = mix.argmax(2)

    def found(places: np.ndarray) -> int:
        prompts = [str(at) for at in places]
        models = [
            Recorded(name=str(at), answers={str(q): str(words[q]) for q in places}, likelihoods={})
            for at, words in enumerate(said)
        ]
        scorers = [
            Recorded(
                name=f"t{at}",
                answers={},
                likelihoods={(str(q), str(w)): float(one[q, w]) for q in places for w in range(WORDS)},
            )
            for at, one in enumerate(logs)
        ]
        ps = [
            twin_likelihood(prompts, one, scorers[0], scorers[1:], models[students:], alpha=0.05).evidence.p_value
            or 1.0
            for one in models[:students]
        ]
        return sum(p <= 0.05 for p in ps)

    assert found(chosen) >= 9
    assert found(common) < found(chosen) - 3


def test_a_place_counts_by_the_model_that_is_nearest_and_rows_of_one_place_are_no_table() -> None:
    ours = [[-0.1, -4.0, -4.0], [-0.1, -2.0, -4.0]]
    near, far = [[-0.1, -4.0, -4.0], [-4.0, -0.1, -4.0]], [[-4.0, -4.0, -0.1], [-4.0, -4.0, -0.1]]
    assert parting([ours, near, far], most=3).tolist() == [0, 1]
    assert parting([ours, near], most=4).tolist() == [1], "at the first place one of them goes our way"
    assert 0 not in parting([ours, near, near], most=300)
    with pytest.raises(Error, match="expected"):
        parting([[-0.1, -0.2], [-0.2, -0.1]])
