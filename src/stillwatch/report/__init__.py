"""A scan as a page, as Markdown, as JSON and as lines for the terminal: what a person reads before deciding."""

from stillwatch.report.explain import Kind, Line, explain_lines
from stillwatch.report.inert import inert
from stillwatch.report.json_form import json_schema, read_json, render_json
from stillwatch.report.markdown import render_markdown
from stillwatch.report.page import furnish, render_html, sorting_script, stylesheet
from stillwatch.report.parts import Parts, three_parts
from stillwatch.report.pictures import Picture, pictures
from stillwatch.report.plot_evidence import ruler_reach
from stillwatch.report.plot_links import LinkDrawing, draw_links
from stillwatch.report.redact import redact_examples
from stillwatch.report.tables import Table, findings_table
from stillwatch.report.verdict import KeyNumber, key_numbers, verdict
from stillwatch.report.view import (
    ErrorBudget,
    FieldCoverage,
    RejectCount,
    RunFacts,
    ScanView,
    SettingUsed,
    SourceRead,
    UndecidedCount,
)
from stillwatch.report.view_account import (
    QUANTILE_LEVELS,
    AccountView,
    CalibrationView,
    HistoryView,
    ProductWatch,
    SignalReading,
    WatchView,
)
from stillwatch.report.view_actor import (
    ActorView,
    Example,
    FamilyView,
    HeldOutTest,
    HourCount,
    LinkPicture,
    LookalikeCheck,
    MemberView,
    Part,
    Piece,
    ReleaseMark,
    SharedThing,
    Statement,
    Tie,
    TopicShare,
)
from stillwatch.report.view_history import HistoryEvent, LookView
from stillwatch.report.wording import technique_words

__all__ = [
    "QUANTILE_LEVELS",
    "AccountView",
    "ActorView",
    "CalibrationView",
    "ErrorBudget",
    "Example",
    "FamilyView",
    "FieldCoverage",
    "HeldOutTest",
    "HistoryEvent",
    "HistoryView",
    "HourCount",
    "KeyNumber",
    "Kind",
    "Line",
    "LinkDrawing",
    "LinkPicture",
    "LookView",
    "LookalikeCheck",
    "MemberView",
    "Part",
    "Parts",
    "Picture",
    "Piece",
    "ProductWatch",
    "RejectCount",
    "ReleaseMark",
    "RunFacts",
    "ScanView",
    "SettingUsed",
    "SharedThing",
    "SignalReading",
    "SourceRead",
    "Statement",
    "Table",
    "Tie",
    "TopicShare",
    "UndecidedCount",
    "WatchView",
    "draw_links",
    "explain_lines",
    "findings_table",
    "furnish",
    "inert",
    "json_schema",
    "key_numbers",
    "pictures",
    "read_json",
    "redact_examples",
    "render_html",
    "render_json",
    "render_markdown",
    "ruler_reach",
    "sorting_script",
    "stylesheet",
    "technique_words",
    "three_parts",
    "verdict",
]
