"""All answers for some rows at once equal those of the methods, and the rows are encoded once."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from multilayer.exceptions import NoveltyWarning, ParameterError
from multilayer.tables.models import far_rows, row_answers
from multilayer.tables.models.novelty import Surroundings

from ...files.table_models import equal, fitted, rows_of


@pytest.mark.parametrize("name", ["classifier", "regressor", "quantile", "quantiles", "several outputs", "array"])
@pytest.mark.parametrize("coverage", [None, 0.8])
def test_answers_equal_those_of_the_methods(name: str, coverage: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    model, rows = fitted(name), rows_of(name)[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NoveltyWarning)
        expected: list[Any] = [model.predict_proba(rows) if name == "classifier" else model.predict(rows)]
        if coverage is not None:
            more = (
                [model.predict_set(rows, coverage)] if name == "classifier" else model.predict_interval(rows, coverage)
            )
            expected += more
    far = far_rows(model, model._table_to_predict(rows))
    calls, counted = [], Surroundings.by_column

    def by_column(self: Surroundings, table: Any) -> Any:
        calls.append(table)
        return counted(self, table)

    monkeypatch.setattr(Surroundings, "by_column", by_column)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = row_answers(model, rows, coverage)
    assert len(calls) == 1
    assert equal([found.predicted, *(found.region or ())], expected)
    assert (found.region is None) == (coverage is None)
    assert (found.far, found.far.n_rows) == (far, len(rows))
    if name == "classifier":
        assert found.far.n_far > 0


def test_a_coverage_outside_of_0_to_1_is_an_error() -> None:
    for name in ("classifier", "regressor"):
        with pytest.raises(ParameterError, match="coverage"):
            row_answers(fitted(name), rows_of(name)[0], 1.5)
    assert np.isfinite(row_answers(fitted("regressor"), rows_of("regressor")[0]).predicted).all()
