"""Rebuild the prompt pack from a folder of prompt corpora: `python prompts/make.py --from DIR`.

DIR holds one Parquet file a source with the columns source, id, kind, lang, text, output, conversation, meta (JSON). The pack keeps
source, id, kind, lang, text, output, conversation; masks what looks like an e-mail address or a telephone number (or leaves the row
out); leaves out sources
that are offensive, carry a training canary or have parts of unclear licence; and writes SOURCES.md with licence and attribution.
"""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
PHONE = re.compile(r"(?<![\w.,/$€£-])\+?\(?\d{1,4}\)?(?:[ .-]\(?\d{2,4}\)?){2,5}(?![\w/-])")
SCHEMA = pa.schema([(name, pa.string()) for name in ("source", "id", "kind", "lang", "text", "output", "conversation")])


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a source comes from, what its licence is, and how much of it the pack takes."""

    name: str
    origin: str
    licence: str
    what: str
    split: str = "demo"
    keep_output: bool = False
    pipelines: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()


ORIGINS = (
    Origin(name="arithmetic_word_problems", origin="SVAMP, via kojima-takeshi188/zero_shot_cot @5ef330f 2023-03-28",
           licence="MIT (SVAMP rows only)", what="arithmetic word problems", sets=("SVAMP",), keep_output=True),
    Origin(name="banking77", origin="PolyAI-LDN/task-specific-datasets @57ec275 2022-04-29", licence="CC BY 4.0",
           what="online-banking customer questions"),
    Origin(name="benign_pipelines", origin="templates by the project over PubMedQA, XQuAD and Schema-Guided Dialogue",
           licence="CC BY-SA 4.0 (strictest of the inputs; PubMedQA MIT)", what="passages with questions, abstracts, dialogues (made)",
           pipelines=("rag_qa", "summarise", "crm_summary")),
    Origin(name="bfcl_v4", origin="ShishirPatil/gorilla @6ea57973 2026-03-23", licence="Apache-2.0", what="function-calling requests"),
    Origin(name="bitext_support", origin="bitext/customer-support-intent-detection-training-dataset @e970229 2022-11-08",
           licence="CDLA-Sharing-1.0", what="generated customer-support requests"),
    Origin(name="chatterbot_corpus", origin="PyPI chatterbot-corpus 1.3.3", licence="BSD-3-Clause", what="short openers in many languages"),
    Origin(name="chitchat_dataset", origin="PyPI chitchat-dataset 0.9.0", licence="MIT", what="human small talk", split="kept back"),
    Origin(name="clinc150", origin="clinc/oos-eval @828f809 2021-05-31", licence="CC BY 3.0", what="assistant utterances"),
    Origin(name="commonsenseqa", origin="CommonsenseQA, via kojima-takeshi188/zero_shot_cot @5ef330f 2023-03-28", licence="MIT",
           what="multiple-choice questions, train and dev", keep_output=True),
    Origin(name="gorilla_apibench", origin="ShishirPatil/gorilla @6ea57973 2026-03-23", licence="Apache-2.0",
           what="generated API questions", split="kept back"),
    Origin(name="gpteacher_toolformer", origin="teknium1/GPTeacher @4810751 2023-09-15", licence="MIT (GPT-4 generated)",
           what="generated tool-use instructions", split="kept back"),
    Origin(name="gsm8k_test", origin="openai/grade-school-math @3101c7d 2021-11-19", licence="MIT", what="grade-school maths, test",
           keep_output=True),
    Origin(name="gsm8k_train", origin="openai/grade-school-math @3101c7d 2021-11-19", licence="MIT", what="grade-school maths, training",
           keep_output=True),
    Origin(name="humaneval", origin="openai/human-eval @6d43fb9 2025-01-17", licence="MIT", what="programming problems", keep_output=True),
    Origin(name="math_train_8k", origin="MATH training problems, via GAIR-NLP/LIMR @98ebf1b 2025-02-20", licence="MIT (MATH)",
           what="competition maths, levels 3 to 5", keep_output=True),
    Origin(name="mbpp_plus", origin="MBPP and EvalPlus, via nlpxucan/WizardLM @cd4b4cc 2025-06-07",
           licence="CC BY 4.0 (MBPP); Apache-2.0 (EvalPlus)", what="short programming problems"),
    Origin(name="medquad", origin="abachaa/MedQuAD @577bd37 2023-10-17", licence="CC BY 4.0", what="health questions of NIH pages"),
    Origin(name="mmlu", origin="MMLU, via lm-sys/RouteLLM @0b64fda 2024-08-09", licence="MIT (MMLU); Apache-2.0 (repository)",
           what="multiple-choice questions of 57 subjects"),
    Origin(name="mt_bench", origin="lm-sys/FastChat @0e6d3e4b 2025-04-12", licence="Apache-2.0", what="80 open questions"),
    Origin(name="nq_open", origin="google-research-datasets/natural-questions @fb26a30 2021-07-29",
           licence="CC BY-SA 3.0 (data); Apache-2.0 (repository)", what="search questions", keep_output=True),
    Origin(name="oasst1_en_train", origin="OpenAssistant OASST1, via TurkuNLP/oasst-fi 45e9c46 2023-05-12", licence="Apache-2.0",
           what="messages to an assistant"),
    Origin(name="oasst1_en_validation", origin="OpenAssistant OASST1, via TurkuNLP/oasst-fi 45e9c46 2023-05-12", licence="Apache-2.0",
           what="messages to an assistant, validation split"),
    Origin(name="oasst1_fi_mt", origin="OpenAssistant OASST1 in Finnish (machine translation), TurkuNLP/oasst-fi 45e9c46 2023-05-12",
           licence="Apache-2.0", what="the same messages in Finnish"),
    Origin(name="polyglot_exercism", origin="Exercism, via Aider-AI/polyglot-benchmark @7e0611e 2024-12-22", licence="MIT",
           what="programming exercises in six languages"),
    Origin(name="self_instruct_seeds", origin="tatsu-lab/stanford_alpaca @761dc5b 2023-05-29", licence="Apache-2.0",
           what="175 human seed tasks", split="kept back", keep_output=True),
    Origin(name="self_instruct_user_oriented", origin="yizhongw/self-instruct @0b26cca 2023-03-27", licence="Apache-2.0",
           what="252 user-oriented tasks", split="kept back", keep_output=True),
    Origin(name="sgd_user_turns", origin="google-research-datasets/dstc8-schema-guided-dialogue @e852981 2023-08-07",
           licence="CC BY-SA 4.0", what="user turns of task assistants"),
    Origin(name="tau2_tasks", origin="sierra-research/tau2-bench @a2c0247 2026-08-18", licence="MIT", what="customer scenarios"),
    Origin(name="toolalpaca_eval", origin="tangqiaoyu/ToolAlpaca @1890699 2024-07-04", licence="Apache-2.0",
           what="generated tool-use instructions", split="kept back"),
    Origin(name="webarena_tasks", origin="web-arena-x/webarena @f62e0b9 2025-09-05", licence="Apache-2.0", what="browser-agent tasks"),
    Origin(name="wildchat_structural", origin="WildChat-1M, via ehuang996/wildchat-agency-explorer @afbfabe 2026-08-07",
           licence="ODC-BY 1.0 (WildChat-1M)", what="real prompts on law, health, housing, work; rows with contact data left out"),
    Origin(name="xquad_questions", origin="deepmind/xquad @60cac41 2021-01-18", licence="CC BY-SA 4.0",
           what="the same questions in 12 languages"),
)  # fmt: skip


def mask(text: str) -> str:
    """Write `name@mail.example` and `000 0000` for what looks like an e-mail address or a telephone number."""
    return PHONE.sub("000 0000", EMAIL.sub("name@mail.example", text))


def rows_of(origin: Origin, folder: Path) -> list[dict[str, str | None]]:
    """Read one source and keep what the pack takes of it, without exact duplicates."""
    rows: list[dict[str, str | None]] = []
    seen: set[str] = set()
    for raw in pq.read_table(folder / f"{origin.name}.parquet").to_pylist():
        meta = json.loads(raw["meta"]) if raw["meta"] else {}
        part = meta.get("pipeline")
        if (origin.pipelines and part not in origin.pipelines) or (origin.sets and meta.get("set") not in origin.sets):
            continue
        text = raw["text"].replace("\x00", "").strip()
        if origin.name == "wildchat_structural" and (mask(text) != text or "PRESIDIO_ANONYMIZED" in text):
            continue  # rows that hold contact data, or held it, are few: leave them out whole
        if origin.name in {"oasst1_en_train", "oasst1_en_validation", "oasst1_fi_mt", "chitchat_dataset"}:
            text = mask(text)
        if not text or len(text) > 12_000 or text in seen:
            continue
        seen.add(text)
        rows.append(
            {
                "source": origin.name,
                "id": f"{part}/{raw['id']}" if part else raw["id"],
                "kind": raw["kind"],
                "lang": raw["lang"],
                "text": text,
                "output": raw["output"] if origin.keep_output else None,
                "conversation": meta.get("dialogue") or meta.get("conv") or meta.get("tree") or raw["conversation"],
            }
        )
    return rows


def main() -> None:
    """Write the pack and its SOURCES.md beside this file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--from", dest="source", type=Path, required=True, help="folder of prompt corpora")
    folder = parser.parse_args().source
    here = Path(__file__).resolve().parent
    lines = []
    for origin in ORIGINS:
        rows = rows_of(origin, folder)
        target = here / f"{origin.name}.parquet"
        pq.write_table(
            pa.Table.from_pylist(rows, schema=SCHEMA),
            target,
            compression="zstd",
            compression_level=19,
            use_dictionary=["source", "kind", "lang"],
            row_group_size=1 << 20,
            write_statistics=False,
        )
        lines.append(
            f"| {origin.name} | {origin.origin} | {origin.licence} | {len(rows)} | {target.stat().st_size // 1000} kB "
            f"| {origin.split} | {origin.what} |"
        )
    (here / "SOURCES.md").write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


HEAD = """# Prompts of the demo: sources, licences, attribution

Real prompts of public corpora, one Parquet file a source (source, id, kind, lang, text, output, conversation), written by `make.py`.
Each file keeps the licence of its source, named below; nothing here is covered by the project's own licence. Attribution is to the
authors named under origin. Texts were trimmed, exact duplicates dropped; in OASST1 and small-talk rows, strings that look like an e-mail
address or a telephone number were masked, WildChat rows with such strings were left out. Parts under CC BY-SA (share alike):
benign_pipelines, nq_open, sgd_user_turns,
xquad_questions; under CDLA-Sharing-1.0: bitext_support. They are data files of their own and not part of the wheel.

`kind` says what the source is most like (benign, benchmark, distill): a label of the source, never of a person. `split`: "demo" sources
make the demo's worlds; "kept back" sources are in no demo world, so that a detector can be tested on wording it has not met.
Left out on purpose: sources of offensive text (hate_speech_posts, hh_rlhf_harmless_test), with a training canary (big_bench_hard),
with parts of unclear licence (p3_t0_mixture, math_eval_suite, most of arithmetic_word_problems), or made of attack templates (synth_*).

| source | origin and version | licence | rows | size | split | what |
|---|---|---|---|---|---|---|
"""

if __name__ == "__main__":
    main()
