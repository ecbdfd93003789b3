"""A scan as a page, as Markdown, as JSON and as lines for the terminal: what a person reads before deciding."""

from stillwatch.report.page import render_html
from stillwatch.report.redact import redact_examples
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
from stillwatch.report.view_account import QUANTILE_LEVELS, AccountView, CalibrationView, SignalReading
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
    "HourCount",
    "LinkPicture",
    "LookalikeCheck",
    "MemberView",
    "Part",
    "Piece",
    "RejectCount",
    "ReleaseMark",
    "RunFacts",
    "ScanView",
    "SettingUsed",
    "SharedThing",
    "SignalReading",
    "SourceRead",
    "Statement",
    "Tie",
    "TopicShare",
    "UndecidedCount",
    "redact_examples",
    "render_html",
]
