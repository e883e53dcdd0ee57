"""The reasons of table models: which columns matter, and why single rows have their predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from multilayer.cli.evaluation.run import Fits, Run
from multilayer.cli.evaluation.scores import ModelScores
from multilayer.cli.evaluation.tasks import Classification
from multilayer.cli.progress import waiting

_MOST_ROWS = 2_000  # for the importance of columns, of all models together


@dataclass(frozen=True)
class ExplainedRow:
    """A tested row with the contribution of each column to its prediction."""

    name: str  # of the picture
    words: str  # which row it is, what was predicted and what is right
    explanation: Any  # multilayer.tables.models.Explanation of one row


def importance_of(run: Run, fits: Fits, seed: int) -> Any:
    """How much each column matters on rows that models were not trained on; None where the time is over.

    Of a single split these are the test rows or the validation rows of the folds, whichever are more; of several
    splits the test rows of all, with the mean over the models.
    """
    if run.deadline.is_over or run.output.was_interrupted:
        return None
    with waiting(run.output, "the importance of the columns"), run.output.noting_warnings():
        if run.splits.is_single:
            return _importance(run, fits.models[0], 0, _MOST_ROWS, seed, may_be_out_of_fold=True)
        most = max(_MOST_ROWS // len(fits.models), 1)
        return _mean([_importance(run, model, fold, most, seed) for fold, model in fits.models.items()])


def _importance(run: Run, model: Any, fold: int, most: int, seed: int, *, may_be_out_of_fold: bool = False) -> Any:
    train, test = run.splits.rows[fold]
    if run.problem.info.task == "classification":
        test = test[np.isin(run.y[test], run.y[train])]
    is_out_of_fold = may_be_out_of_fold and _n_out_of_fold(model) > len(test)
    rows = train if is_out_of_fold else test
    return model.importance(
        run.features.take(rows), run.y[rows], out_of_fold=is_out_of_fold, max_rows=most, random_state=seed
    )


def _n_out_of_fold(model: Any) -> int:
    """The number of training rows with an out-of-fold prediction."""
    predicted = model.oof_proba_ if hasattr(model, "oof_proba_") else model.oof_prediction_
    return int(np.isfinite(predicted.reshape(len(predicted), -1)[:, 0]).sum())


def _mean(found: Sequence[Any]) -> Any:
    """The mean of the importances of several models on different rows, with the standard errors over the rows."""
    n = len(found)
    return replace(
        found[0],
        values=np.mean([each.values for each in found], axis=0),
        errors=np.sqrt(np.sum([each.errors**2 for each in found], axis=0)) / n,
        score=float(np.mean([each.score for each in found])),
        n_rows=sum(each.n_rows for each in found),
        dropped=tuple(name for name in found[0].dropped if all(name in each.dropped for each in found)),
    )


def explained_rows(run: Run, fits: Fits, scores: ModelScores) -> list[ExplainedRow]:
    """The tested row with the largest error of a single split, and a typical one; none without time."""
    if run.deadline.is_over or run.output.was_interrupted:
        return []
    tested, predicted = run.splits.rows[0][1], scores.predictions[0]
    order = np.argsort(run.task.losses(run.y[tested], predicted), kind="stable")
    chosen = {"largest_error": order[-1], "typical_error": order[(len(order) - 1) // 2]}
    if len(order) == 1:
        chosen.pop("typical_error")
    with waiting(run.output, "the reasons of predictions"), run.output.noting_warnings(lambda _: ""):
        found = fits.models[0].explain(run.features.take(tested[list(chosen.values())]))
    return [
        ExplainedRow(name, _in_words(run, name, int(tested[row]), predicted[row]), found[at])
        for at, (name, row) in enumerate(chosen.items())
    ]


def _in_words(run: Run, name: str, row: int, predicted: Any) -> str:
    which = {
        "largest_error": "the test row with the largest error",
        "typical_error": "a typical test row, whose error is the median",
    }[name]
    actual = run.y[row]
    if isinstance(run.task, Classification):
        label, share = run.task.classes[predicted.argmax()], float(predicted.max())
        said = f"predicted {label} with a probability of {share:.1%}, actually {actual}"
    else:
        said = f"predicted {run.task.in_words(float(predicted))}, actually {run.task.in_words(float(actual))}"
    (named,) = run.problem.named(np.array([row]))
    return f"{named[:1].upper() + named[1:] if run.problem.ids is None else named}, {which}: {said}."
