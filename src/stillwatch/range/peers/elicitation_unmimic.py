"""unmimic's input guard as a detector of accounts: the share of an account's prompts that it flags or blocks.

unmimic (PyPI, 0.1.0, Apache-2.0) scores single requests for reasoning extraction; its account monitor is planned and not written, so the
sum over an account is ours. It runs in an environment of its own, as a program, and is trained as its documents say: on its public attack
families, its hard negatives, and normal prompts, here those of cleared accounts (there: WildChat).
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.core.errors import Error
from stillwatch.engine import Sql
from stillwatch.range.peers import _unmimic_guest
from stillwatch.range.peers.actor_peer import About, Scores, Traffic
from stillwatch.text import Embedder, Projection, words

__all__ = ["UnmimicElicitation", "check_environment"]

_OWN_MODEL = "paraphrase-multilingual-MiniLM-L12-v2"

_SAMPLE = Sql(
    "peer_unmimic_sample",
    """
    with placed as (
        select t.account, t.prompt, row_number() over (partition by t.account order by t.exchange_id) as place
        from {texts} t where t.account is not null and t.prompt is not null
    )
    select p.account, p.prompt
    from placed p join {limits} l on p.place <= l.per_account
    order by p.account, p.place
    """,
)


@dataclass(frozen=True, kw_only=True)
class UnmimicElicitation:
    """Share of up to `per_account` prompts that the guard flags or blocks; an account with a blocked prompt is accused.

    Attributes:
        python: interpreter of an environment that has `unmimic[ml]`; without one every world is refused.
        model: folder or name of a sentence model that is there. Without one, `stand_in` embeds; the name says whose vectors they are.
        normal_prompts: prompts of cleared accounts that the guard learns as normal (its authors use 10,000).
        most_prompts: prompts to judge at most; more are refused.
    """

    python: Path | None = None
    model: str | None = None
    stand_in: Embedder = field(default_factory=lambda: Projection(256))
    per_account: int = 20
    normal_prompts: int = 10_000
    most_prompts: int = 500_000
    timeout_s: float = 3600.0

    @property
    def _vectors(self) -> str:
        return Path(self.model).name if self.model else self.stand_in.name

    @property
    def name(self) -> str:
        """What it is called in tables; says when it ran on other vectors than its own."""
        if self._vectors == _OWN_MODEL:
            return "unmimic"
        return "unmimic_on_" + re.sub(r"\W+", "_", self._vectors).lower()

    @property
    def about(self) -> About:
        """Where it comes from and what it cannot do."""
        own = self._vectors == _OWN_MODEL
        return About(
            title="unmimic input guard" + ("" if own else f", on vectors of {self._vectors}"),
            source="PyPI unmimic 0.1.0, guards/input (logistic regression on sentence embeddings, then an attack memory)",
            reading="its thresholds and attack families as shipped; normal prompts from cleared accounts; shares of an account's prompts, "
            "for it has no account score"
            + ("" if own else f"; its thresholds were set for {_OWN_MODEL}, which was not there"),
            limits="reasoning extraction only; needs text, cleared accounts and an environment of its own",
        )

    def score(self, traffic: Traffic, *, rng: np.random.Generator) -> Scores:
        """Share of prompts flagged or blocked, NaN where an account has no text."""
        if self.python is None:
            raise Error(
                "unmimic: no environment was named; make one with `pip install 'unmimic[ml]==0.1.0'` and name its interpreter"
            )
        if traffic.texts is None:
            raise Error("unmimic: reads prompts, and this world has no text")
        limits = traffic.engine.from_arrow(pa.table({"per_account": pa.array([self.per_account], pa.int64())}))
        sample = traffic.engine.to_arrow(traffic.engine.sql(_SAMPLE, texts=traffic.texts, limits=limits))
        account = sample.column("account").to_numpy()
        cleared = np.isin(account, traffic.cleared)
        normal = _some(sample.filter(pa.array(cleared)), self.normal_prompts, rng)
        if not normal:
            raise Error("unmimic: learns what is normal from prompts of cleared accounts, and there are none")
        coded = sample.column("prompt").combine_chunks().dictionary_encode()
        prompts = coded.dictionary.to_pylist()
        if len(prompts) > self.most_prompts:
            raise Error(f"unmimic: got {len(prompts):,} prompts to judge, expected at most {self.most_prompts:,}")
        action, _ = self._judged(prompts, normal)
        place = np.searchsorted(traffic.account, account)
        index = coded.indices.to_numpy()
        judged = np.bincount(place, minlength=traffic.account.size)
        caught = np.bincount(place, weights=action[index] != "allow", minlength=judged.size)
        blocked = np.bincount(place, weights=action[index] == "block", minlength=judged.size)
        score = np.divide(caught, judged, out=np.full(judged.size, np.nan), where=judged > 0)
        return Scores(
            account=traffic.account, score=score, accused=blocked > 0, notes=(f"{len(prompts):,} prompts judged",)
        )

    def _judged(self, prompts: list[str], normal: list[str]) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.float64]]:
        """Action and score of each prompt."""
        with tempfile.TemporaryDirectory(prefix="unmimic-") as made:
            folder = Path(made)
            (folder / "prompts.json").write_text(json.dumps(prompts), encoding="utf-8")
            if not self.model:
                self._run(folder, "pieces", normal)
                pieces = json.loads((folder / "pieces.json").read_text(encoding="utf-8"))
                np.save(folder / "vectors.npy", self.stand_in.embed(words(pieces)))
            self._run(folder, "verdicts", normal)
            told = json.loads((folder / "verdicts.json").read_text(encoding="utf-8"))
        return np.array([one[0] for one in told], np.str_), np.array([one[1] for one in told], np.float64)

    def _run(self, folder: Path, do: str, normal: list[str]) -> None:
        (folder / "task.json").write_text(
            json.dumps({"do": do, "normal": normal, "model": self.model}), encoding="utf-8"
        )
        command = [str(self.python), "-I", str(Path(_unmimic_guest.__file__)), str(folder)]
        failed = _called(command, self.timeout_s)
        if failed is not None:
            raise Error(f"unmimic: its guard failed ({failed.partition(':')[0]})")


def check_environment(python: Path) -> None:
    """Refuse an interpreter that has no unmimic, before an hour of worlds is built for it.

    Raises:
        Error: if it cannot be started, or cannot import the guard; says how to make one that can.
    """
    failed = _called([str(python), "-I", "-c", "import unmimic.guards.input.extraction"], 300.0)
    if failed is not None:
        raise Error(
            f"unmimic: {python} cannot import its guard ({failed}); make an environment with `pip install 'unmimic[ml]==0.1.0'` "
            "and name its bin/python"
        )


def _called(command: list[str], timeout_s: float) -> str | None:
    """The last line of a failed program's complaint, or nothing where it worked."""
    try:
        # The interpreter is the one that the caller named; nothing from a log is part of the command.
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout_s)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Error(f"unmimic: its environment could not be used ({type(error).__name__})") from error
    return (done.stderr.strip().splitlines()[-1:] or ["no message"])[0] if done.returncode else None


def _some(sample: pa.Table, most: int, rng: np.random.Generator) -> list[str]:
    """Distinct prompts, `most` of them at random."""
    distinct = sample.column("prompt").unique()
    chosen = np.sort(rng.permutation(len(distinct))[:most])
    return [str(one) for one in distinct.take(pa.array(chosen)).to_pylist()]
