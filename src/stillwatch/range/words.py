# ruff: noqa: E501 - texts stand on one line each
"""What customers write themselves: company names, system prompts, code, follow-up turns."""

from __future__ import annotations

import numpy as np

__all__ = ["code_tasks", "company_names", "system_prompt"]

_START = (
    "Nor",
    "Bel",
    "Cor",
    "Hal",
    "Quin",
    "Ver",
    "Tam",
    "Ost",
    "Lin",
    "Mer",
    "Sol",
    "Ard",
    "Fen",
    "Gal",
    "Pri",
    "Sel",
    "Wex",
    "Yar",
    "Zen",
    "Kest",
)
_MIDDLE = ("ta", "vi", "ro", "la", "mi", "do", "re", "no", "ka", "pe", "si", "lu")
_END = (
    "dale",
    "mark",
    "soft",
    "wick",
    "tech",
    "via",
    "point",
    "works",
    "bank",
    "cart",
    "care",
    "desk",
    "loop",
    "field",
    "line",
)
_KIND = (
    "",
    "",
    "",
    " Labs",
    " Group",
    " Retail",
    " Health",
    " Travel",
    " Cloud",
    " Insurance",
    " Logistics",
    " Energy",
    " Media",
)


def company_names(rng: np.random.Generator, size: int) -> list[str]:
    """`size` different invented company names."""
    found: dict[str, None] = {}
    while len(found) < size:
        a, b, c, d = (int(rng.integers(len(part))) for part in (_START, _MIDDLE, _END, _KIND))
        found[_START[a] + _MIDDLE[b] + _END[c] + _KIND[d]] = None
    return list(found)


_CLAUSES: dict[str, tuple[str, ...]] = {
    "support": (
        "You are the support assistant of {c}.", "You work for the customer service team at {c} and your name is {n}.",
        "Be brief and friendly; two or three sentences are enough.", "Never promise a refund before an agent has looked at the case.",
        "If the customer is angry, apologise once and then help.", "Our opening hours are {h} to 18:00 on weekdays.",
        "When a question is about fees, point to the price list at {c}.", "Ask for the order number if it is missing.",
        "Hand over to a person when the customer asks for one, by writing HANDOVER.", "Do not talk about competitors of {c}.",
        "Answer in the language of the customer.", "Card and account numbers must never be repeated back.",
        "Use the name of the customer when it is known.", "Deliveries of {c} take between two and five working days.",
    ),
    "translation": (
        "You translate texts of {c}.", "Translate what the user sends into {l}.", "Keep names, numbers and product codes as they are.",
        "Keep the line breaks of the original.", "Use a formal tone as {c} does in its letters.", "Return the translation only, without remarks.",
        "Where a term has no translation keep it in italics.", "Use the glossary of {c}: account stays account, desk stays desk.",
        "Dates are written in the style of the target language.", "Do not answer questions in the text, translate them.",
    ),
    "rag": (
        "You answer questions of staff at {c} from the documents below.", "Use only the passages given by the search of {c}.",
        "If the passages do not hold the answer, say that you could not find it.", "Name the passage you took the answer from.",
        "Keep to one short paragraph.", "Prefer newer passages to older ones.", "Figures must be quoted exactly as they stand.",
        "You are {n}, the knowledge assistant of {c}.", "Do not give legal advice; name the responsible department instead.",
        "Write in plain words, without headings.", "Staff of {c} know the house abbreviations, so keep them.",
    ),
    "batch": (
        "You label records for {c}.", "Read the record and answer with one label of the list and nothing else.",
        "Labels: {t}.", "When two labels fit, take the more specific one.",
        "Records of {c} come from a web form and may hold typing errors.", "If the record is empty or not readable answer other.",
        "Do not explain your choice.", "The language of the record does not matter.",
    ),
    "chat": (
        "You are a helpful assistant.", "You are {n}, a friendly companion in the {c} app.", "Answer as {n} would, in a warm tone.",
        "Keep answers short unless the user asks for more.", "Use simple words.", "Reply in the language of the user.",
        "You are an expert who explains things clearly.", "Ask back when something is unclear.", "Today is Tuesday.",
        "Use lists where they help.", "Do not use emojis.", "The user lives near {c} and likes local examples.",
    ),
    "coding": (
        "You are a senior engineer who reviews code for {c}.", "You help the developers of {c}.", "Prefer small changes to rewrites.",
        "Answer with a code block first, then a short remark.", "We use Python 3.12 and type hints everywhere.", "We use TypeScript in strict mode.",
        "Do not add dependencies without saying so.", "Tests are written with pytest.", "Follow the style of the file at hand.",
        "Errors are never swallowed silently at {c}.", "Comments are in English.", "Mention edge cases that you left out.",
    ),
    "agents": (
        "You are {n}, the agent of {c}.", "You act for customers of {c} with the tools below.", "Call one tool at a time and read its answer.",
        "Ask the customer before anything that costs money.", "Stop when the task is done and say what was done.",
        "Never invent ids; look them up.", "If a tool fails twice, hand over to a person at {c}.", "Answer in short sentences.",
        "Work in the order: look up, check, act, confirm.", "Times are local to the customer.", "Notes of {c} begin with a hash sign.",
    ),
    "research": (
        "You help a researcher to read sources.", "Say how sure you are of each statement.", "Name what is disputed.", "Be concise.",
        "Give dates and names where you know them.", "Work of the {c} project: public health and history.", "Do not invent references.",
    ),
}  # fmt: skip

_NAMES = ("Ada", "Milo", "Nia", "Otis", "Ruth", "Sami", "Tess", "Vera", "Hugo", "Lena", "Kai", "Iris")
_LABELS = (
    "billing, delivery, account, product, complaint, other", "urgent, normal, low", "positive, neutral, negative, mixed",
    "card, transfer, cash, top up, identity, fees, other", "question, request, complaint, praise", "relevant, not relevant",
)  # fmt: skip
_LANGUAGES = (
    "German",
    "French",
    "Spanish",
    "Russian",
    "Chinese",
    "Arabic",
    "Turkish",
    "Hindi",
    "Vietnamese",
    "Thai",
    "Romanian",
    "English",
)


def system_prompt(rng: np.random.Generator, product: str, company: str) -> str:
    """A system prompt that a developer of `company` could have written for one product: some clauses of a stock, in an order of their own."""
    stock = _CLAUSES[product]
    least = min(3, len(stock))
    order = rng.permutation(len(stock))[: int(rng.integers(least, len(stock)))]
    if product == "batch":
        order = np.union1d(order, [1, 2])
    glue = " " if rng.random() < 0.6 else "\n- "
    text = glue.join(stock[k] for k in order.tolist())
    name, language = _NAMES[int(rng.integers(len(_NAMES)))], _LANGUAGES[int(rng.integers(len(_LANGUAGES)))]
    labels = _LABELS[int(rng.integers(len(_LABELS)))]
    return text.format(c=company, n=name, l=language, t=labels, h=f"{int(rng.integers(7, 11))}:00")


_VERBS = (
    "load",
    "merge",
    "parse",
    "filter",
    "count",
    "render",
    "sync",
    "group",
    "validate",
    "export",
    "resize",
    "cache",
    "rank",
    "split",
    "encode",
)
_NOUNS = (
    "orders",
    "users",
    "invoices",
    "rows",
    "events",
    "images",
    "tokens",
    "sessions",
    "tickets",
    "paths",
    "records",
    "prices",
    "labels",
    "jobs",
    "feeds",
)
_FIELDS = ("id", "name", "total", "created_at", "status", "owner", "size", "tags", "country", "version", "score", "url")
_ASKS = (
    "Why does this raise {e}?\n\n```{g}\n{code}\n```", "Add type hints and a docstring to this:\n```{g}\n{code}\n```",
    "Write tests for this function.\n\n{code}", "this is slow for {k} {n}, how can I speed it up\n\n{code}",
    "Refactor so that `{v}_{n}` no longer needs the {f} argument.\n```{g}\n{code}\n```", "I get `{e}: '{f}'` in line {l} when {n} is empty:\n{code}",
    "Convert this to async:\n\n```{g}\n{code}\n```", "Explain what this does and whether {f} may be null\n{code}", "port this to TypeScript please\n{code}",
    "Review my change to the {n} module. The part with `{f}` worries me.\n```{g}\n{code}\n```",
)  # fmt: skip
_BODIES = (
    "def {v}_{n}({n}, {f}=None):\n    out = []\n    for item in {n}:\n        if item['{f}'] != {f}:\n            out.append(item['{f2}'])\n    return out",
    "def {v}_{n}(path):\n    with open(path) as f:\n        data = json.load(f)\n    return {{row['{f}']: row.get('{f2}') for row in data['{n}'] if row['{f}']}}",
    "async function {v}{N}({n}, {f}) {{\n  const found = await db.{n}.find({{ {f} }});\n  return found.map((x) => x.{f2} ?? {k});\n}}",
    "class {N}:\n    def __init__(self, {f}, {f2}={k}):\n        self.{f} = {f}\n        self.{f2} = {f2}\n\n    def {v}(self):\n        return self.{f}[:self.{f2}]",
    "SELECT {f}, COUNT(*) AS c, MAX({f2})\nFROM {n}\nWHERE {f2} > {k}\nGROUP BY {f}\nORDER BY c DESC;",
    "for {f} in sorted({n}, key=lambda x: x.{f2})[:{k}]:\n    {v}({f})\n    time.sleep(0.{l})",
    "fn {v}_{n}({n}: &[Row]) -> HashMap<String, u64> {{\n    let mut out = HashMap::new();\n    for r in {n} {{ *out.entry(r.{f}.clone()).or_insert(0) += r.{f2}; }}\n    out\n}}",
)
_ERRORS = (
    "KeyError",
    "TypeError",
    "ValueError",
    "IndexError",
    "AttributeError",
    "UnicodeDecodeError",
    "TimeoutError",
    "ZeroDivisionError",
)


def code_tasks(rng: np.random.Generator, size: int) -> list[str]:
    """`size` requests of developers about code of their own, made of parts (real code of customers is not to be had)."""
    out = []
    for d in rng.integers(0, 1 << 30, (size, 9)).tolist():
        n = _NOUNS[d[1] % len(_NOUNS)]
        parts = {
            "v": _VERBS[d[0] % len(_VERBS)], "n": n, "N": n.capitalize(), "f": _FIELDS[d[2] % len(_FIELDS)],
            "f2": _FIELDS[(d[2] + 1 + d[3] % 11) % len(_FIELDS)], "k": d[4] % 5000, "l": d[5] % 200, "e": _ERRORS[d[6] % len(_ERRORS)],
        }  # fmt: skip
        body = d[7] % len(_BODIES)
        code = _BODIES[body].format(**parts)
        out.append(
            _ASKS[d[8] % len(_ASKS)].format(
                code=code, g=("python", "python", "ts", "python", "sql", "python", "rust")[body], **parts
            )
        )
    return out
