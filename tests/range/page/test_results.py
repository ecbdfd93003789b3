"""A result keeps its schema, and comes back as it was written."""

from __future__ import annotations

import json
import math

import pytest

from stillwatch.core import Estimate
from stillwatch.core.errors import FormatError
from stillwatch.range.results import (
    FORM,
    Column,
    Table,
    packaged_schema,
    point_of,
    read_result,
    render_result,
    result_schema,
)

from .study import study


def test_the_packaged_schema_is_that_of_the_records() -> None:
    """Written anew by `python -c "..."` in CONTRIBUTING when a record changes; the form's number rises when a meaning does."""
    assert packaged_schema() == result_schema()
    assert FORM.endswith("/1")


def test_a_result_comes_back_as_it_was_written() -> None:
    data = render_result(study())
    assert read_result(data) == study()
    assert json.loads(data)["sections"][0]["figures"][0]["kind"] == "curves"


def test_every_figure_of_a_result_fits_the_schema() -> None:
    schema = json.loads(result_schema())["$defs"]
    for section in json.loads(render_result(study()))["sections"]:
        for figure in section["figures"]:
            kept = schema[{"bars": "Bars", "curves": "Curves", "table": "Table", "note": "Note"}[figure["kind"]]]
            assert set(figure) == set(kept["properties"])


@pytest.mark.parametrize("data", [b"{", b"{}", b'{"form": 7}', b"[]"])
def test_what_is_no_result_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError, match=r"result\.json: got .*expected the JSON of a study"):
        read_result(data)


def test_a_result_of_another_form_is_refused() -> None:
    with pytest.raises(FormatError, match=r"got form stillwatch\.range/9, expected stillwatch\.range/1"):
        read_result(render_result(study()).replace(FORM.encode(), b"stillwatch.range/9"))


def test_what_is_not_finite_is_unknown() -> None:
    point = point_of(1.0, Estimate(value=0.5, low=-math.inf, high=math.inf, n=1, method="bootstrap"))
    assert (point.value, point.low, point.high) == (0.5, None, None)


def test_a_row_that_does_not_fit_its_columns_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="got a row of 2 entries under 1 columns"):
        Table(title="t", columns=(Column(name="a"),), rows=(("x", "y"),))
