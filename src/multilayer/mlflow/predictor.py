"""The predictions of a model of MLflow, as mlflow.pyfunc calls them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sklearn.base import is_classifier

from multilayer import files
from multilayer.exceptions import InputError, ParameterError, similar_names
from multilayer.mlflow.signature import COVERAGE, PROBABILITIES, has_intervals, names_of
from multilayer.tables.models import input_encoder, input_kinds, prediction_columns, row_answers

NOTHING: Mapping[str, Any] = {}


class Predictor:
    """A model with the method ``predict`` that MLflow calls.

    Parameters
    ----------
    model : estimator or pipeline
        The model.
    """

    def __init__(self, model: Any) -> None:
        self.model = model

    def predict(self, model_input: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Return predictions for rows.

        Parameters
        ----------
        model_input : frame or array of m rows
            The rows, with the columns that the model needs, in any order.
        params : mapping, default=None
            ``"proba": True`` adds the probabilities of the classes, ``"interval": 0.9`` intervals or sets of this
            coverage.

        Returns
        -------
        array or pandas.DataFrame of m rows
            What ``predict`` of the model returns; with a parameter a frame with the columns of
            :func:`multilayer.tables.models.prediction_columns`.

        Raises
        ------
        InputError
            If a column is missing.
        ParameterError
            For a parameter that the model does not have.
        """
        wanted = {
            name: value for name, value in (params or NOTHING).items() if value is not None and value is not False
        }
        self._check(wanted)
        X = self._rows(model_input)
        if not hasattr(self.model, "predict"):
            return self.model.transform(X)
        if not wanted:
            return self.model.predict(X)
        import pandas as pd

        answers = row_answers(self.model, X, wanted.get(COVERAGE))
        answers.far.warn()
        columns = prediction_columns(self.model, answers, probabilities=bool(wanted.get(PROBABILITIES)))
        return pd.DataFrame(columns, index=getattr(model_input, "index", None))

    def get_raw_model(self) -> Any:
        """Return the estimator."""
        return self.model

    def _check(self, wanted: Mapping[str, Any]) -> None:
        can = {PROBABILITIES: hasattr(self.model, "predict") and is_classifier(self.model)}
        can[COVERAGE] = has_intervals(self.model)
        for name in wanted:
            if not can.get(name):
                known = ", ".join(repr(each) for each, is_possible in can.items() if is_possible) or "none"
                kind = type(self.model).__name__
                raise ParameterError(f"params has {name!r}, which a {kind} does not take. Its parameters: {known}.")

    def _rows(self, rows: Any) -> Any:
        """Return the rows in the form of the fit."""
        if not hasattr(rows, "columns"):
            return rows
        names = names_of(self.model)
        if names is None:  # MLflow makes a frame of an array
            return rows.to_numpy(dtype=object) if input_encoder(self.model) is not None else rows.to_numpy()
        for name in names:
            if name not in rows.columns:
                near = similar_names(name, [str(each) for each in rows.columns], n=1)
                hint = f" Rename {near[0]!r}, if it is this column." if near else ""
                raise InputError(f"the rows lack the column {name!r}, which the model needs.{hint}")
        return _with_dates(rows[names], input_kinds(self.model))


def _with_dates(frame: Any, kinds: Mapping[str, str]) -> Any:
    """Return a frame whose dates and durations are none of text, as JSON passes them."""
    import pandas as pd

    found = {}
    for name, kind in kinds.items():
        if kind not in ("date", "duration") or not _is_text(frame[name]):
            continue
        try:
            cells = frame[name]
            found[name] = pd.to_datetime(cells, format="ISO8601") if kind == "date" else pd.to_timedelta(cells)
        except ValueError as error:
            what = "dates in ISO 8601, such as 2024-05-01 or 2024-05-01T12:00" if kind == "date" else "durations"
            raise InputError(f"the column {name!r} must hold {what}: {error!s:.200}") from None
    return frame.assign(**found) if found else frame


def _is_text(column: Any) -> bool:
    """Return whether the first cell that is no gap is text."""
    cells = column.dropna().head(1).tolist()
    return bool(cells) and isinstance(cells[0], str)


def _load_pyfunc(path: str | os.PathLike[str]) -> Predictor:
    """Load a model for mlflow.pyfunc."""
    return Predictor(files.load_model(Path(path)))
