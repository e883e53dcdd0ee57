"""From the first pass over a dataset to the problem of its fit: targets, encoders and surroundings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.tables.encoder import TableEncoder
from multilayer.tables.models.class_numbers import labels_alone
from multilayer.tables.models.encoded_folds import ALL_ENCODINGS
from multilayer.tables.models.folds import check_enough_rows
from multilayer.tables.models.novelty import Surroundings, surroundings_of
from multilayer.tables.models.problem import Limits, Problem
from multilayer.tables.models.rows import Rows, checked_identifiers, identifiers_of, with_further_rows
from multilayer.tables.models.streamed.survey import HeldRows, Survey, values_of
from multilayer.tables.reports import ColumnReports
from multilayer.tables.streaming.summaries import CrossFittedMeans


@dataclass(frozen=True, eq=False)
class Prepared:
    """What the second pass and the training need.

    Attributes
    ----------
    problem : Problem
        The sample and the validation rows, in one fold.
    encoders : dict of str to TableEncoder
        The encoders of the training rows, by encoding.
    crossed : dict of str to dict
        The means of the target for the training rows, by encoding; empty after both passes.
    surroundings : Surroundings
        Those of the sample.
    encoded : array of shape (n_validation, width)
        The validation rows in the encoding of the surroundings.
    limits : pair of arrays or None
        The range of the amounts of all training rows.
    """

    problem: Problem
    encoders: Mapping[str, TableEncoder]
    crossed: Mapping[str, CrossFittedMeans]
    surroundings: Surroundings
    encoded: NDArray[Any]
    limits: Limits | None

    @property
    def n_sample(self) -> int:
        """The number of rows of the sample."""
        return len(self.problem.folds[0][0])

    @property
    def validating(self) -> NDArray[np.intp]:
        """The numbers of the validation rows in the problem."""
        return np.asarray(self.problem.folds[0][1])


def fitted(model: Any, survey: Survey, target: str, encodings: Sequence[str]) -> Prepared:
    """Fit the encoders after the first pass, and set the attributes of the model that describe the target.

    Parameters
    ----------
    model : TableClassifier or TableRegressor
        The model.
    survey : Survey
        The result of the first pass.
    target : str
        The name of the target column.
    encodings : sequence of str
        The encodings that networks use.

    Returns
    -------
    Prepared
        The problem with its encoders.
    """
    check_enough_rows(survey.n_training)
    sample, summary = survey.sample.columns, survey.summary
    if summary is None:
        raise RuntimeError("the rows are not summarised.")
    reasons = summary.identifiers(sample, text="typed")
    identifiers = identifiers_of(Rows(sample, True), checked_identifiers(model.identifiers), reasons=reasons)
    found = prepared(model, survey, target, {}, identifiers)
    y = found.problem.y[: len(survey.sample)]
    labels = None
    if model._classifies:
        with labels_alone():
            labels = model._more_targets(np.array(list(survey.targets.counts)), np.zeros(0), name=target).tolist()
    encoders, crossed = {}, {}
    for name in dict.fromkeys(encodings):
        encoders[name] = TableEncoder(
            dtype=np.float32, task=found.problem.task, identifiers=identifiers, **ALL_ENCODINGS[name]
        )
        crossed[name] = summary.fit(encoders[name], sample, y, labels=labels)
        encoders[name].columns_ = ColumnReports(encoders[name].columns_, survey.notes)
    return replace(found, encoders=encoders, crossed=crossed)


def prepared(
    model: Any,
    survey: Survey,
    target: str,
    encoders: Mapping[str, TableEncoder],
    identifiers: Mapping[str, str],
) -> Prepared:
    """Prepare a fit with fitted encoders, and set the attributes of the model that describe the target.

    Parameters
    ----------
    model : TableClassifier or TableRegressor
        The model.
    survey : Survey
        The result of the first pass.
    target : str
        The name of the target column.
    encoders : mapping of str to TableEncoder
        The encoders by encoding.
    identifiers : mapping of str to str
        The columns that only identify rows, and why.

    Returns
    -------
    Prepared
        The problem with its encoders.
    """
    sample, held = survey.sample, survey.validation
    rows = with_further_rows(Rows(sample.columns, True), held.columns)
    set_target(model, survey, target)
    y = np.concatenate([targets_of_rows(model, each, target) for each in (sample, held)])
    folds = [(np.arange(len(sample)), np.arange(len(sample), len(rows)))]
    class_weight = model._class_numbers_weight()
    problem = Problem(rows, y, None, folds, model._classifies, identifiers, model._loss, None, class_weight)
    surroundings, encoded = surroundings_of(rows.table, identifiers)
    limits = None if model._classifies else tuple(model._range)
    return Prepared(problem, encoders, {}, surroundings, encoded[folds[0][1]], limits)


def set_target(model: Any, survey: Survey, target: str) -> None:
    """Set the classes, or the loss and the range of the amounts."""
    counted = survey.targets
    if model._classifies:
        with labels_alone():
            model._targets(np.array(list(counted.counts)))
        return
    model._targets(values_of(survey.sample.target, target, classifies=False))
    model._range = np.array([counted.low]), np.array([counted.high])


def targets_of_rows(model: Any, rows: HeldRows | Any, target: str) -> NDArray[Any]:
    """Return the class numbers or amounts of some rows, or of a block."""
    values = values_of(rows.target, target, classifies=model._classifies)
    found: NDArray[Any] = model._more_targets(values, np.zeros(0), name=target)
    return found


def balanced_weight(model: Any, counts: Mapping[Any, int]) -> Any:
    """Return the weights of the classes by their numbers; those of "balanced" by the labels of all rows."""
    given = model._class_numbers_weight()
    if not isinstance(given, str):
        return given
    of_classes = [counts[label] for label in model.classes_.tolist()]
    total = sum(of_classes)
    return {number: total / (len(of_classes) * count) for number, count in enumerate(of_classes)}
