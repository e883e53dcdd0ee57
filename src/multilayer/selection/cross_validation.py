"""Cross-validation: all folds are trained at the same time."""

from __future__ import annotations

import math
import numbers
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from multilayer.exceptions import InterruptedTrainingError, InterruptedTrainingWarning, ParameterError
from multilayer.fits.errors import FitWarning, warn
from multilayer.packs import Member, PackListener, run_pack
from multilayer.results import Column, Result, Table, failure_notes, frame, plus_minus
from multilayer.selection.data import Data, checked_estimator, network_of
from multilayer.selection.observers import MEMBER_END, observer
from multilayer.selection.out_of_fold import Predictions, out_of_fold, predictions_of
from multilayer.selection.protocols import CV, Estimator, Scoring
from multilayer.selection.scores import score_of, warn_of_scores_without_weights
from multilayer.selection.scoring import scorer_of
from multilayer.selection.splitting import divided
from multilayer.selection.statistics import standard_error
from multilayer.selection.training import Fitted, ModelTraining, warn_once
from multilayer.training.batching import RowNumbers

RAISE = "raise"  # the value of error_score with which the error of a fold is raised


@dataclass(frozen=True)
class Fold:
    """A fold that was trained and scored.

    Attributes
    ----------
    number : int
        Its number, from 0.
    estimator : estimator
        The fitted model.
    train, test : array of int
        The numbers of the training rows and of the test rows.
    scores : dict of str to float
        The scores by their keys in the result: "test_score", ...
    fit_time, score_time : float
        Seconds.
    data : Data or None
        The table, for ``predicted``; None for a fold from a file.
    warnings : sequence of FitWarning
        The warnings of the fit.
    stored : mapping of str, or None
        The predictions of a fold from a file.
    """

    number: int
    estimator: Any
    train: RowNumbers
    test: RowNumbers
    scores: dict[str, float]
    fit_time: float
    score_time: float
    data: Data | None = None
    warnings: Sequence[FitWarning] = ()
    stored: Mapping[str, Any] | None = None

    @cached_property
    def predicted(self) -> Mapping[str, Any]:
        """The predictions for the test rows by method, computed at the first access."""
        if self.stored is not None:
            return self.stored
        return {} if self.data is None else predictions_of(self.estimator, self.data.part(self.test)[0])


class CrossValidation(Result, Mapping[str, Any]):
    """The result of :func:`cross_validate`, a mapping with scikit-learn's keys.

    The keys are "test_score" (with several metrics "test_<metric>") and, with ``return_train_score``, "train_score",
    arrays with one number for each fold; "fit_time" and "score_time" in seconds; "estimator", the fitted estimators;
    and "indices", a dict of "train" and "test", each with the row numbers of all folds.

    Parameters
    ----------
    folds : mapping of int to Fold or Exception
        Each fold by its number; the error of a fold that failed.
    splits : sequence or mapping of pairs of arrays
        The training and test rows of all folds.
    n_rows : int
        The number of rows of the table.
    error_score : float
        The score of a fold that failed.

    Attributes
    ----------
    folds : list of Fold
        The folds that were trained.
    numbers : list of int
        The numbers of all folds, in the order of the arrays.
    failures : dict of int to Exception
        The errors of the folds that failed, by number; their scores are ``error_score``.
    n_rows : int
        The number of rows of the table.
    error_score : float
        The score of a fold that failed.
    """

    def __init__(
        self,
        folds: Mapping[int, Fold | Exception],
        splits: Sequence[Any] | Mapping[int, Any],
        n_rows: int,
        error_score: float = math.nan,
    ) -> None:
        found = [fold if isinstance(fold, Fold) else None for fold in folds.values()]  # None for a fold that failed
        self.folds: list[Fold] = [fold for fold in found if fold is not None]
        self.failures = {i: error for i, error in folds.items() if isinstance(error, Exception)}
        self.numbers, self.n_rows, self.error_score = list(folds), n_rows, error_score
        self._values: dict[str, Any] = {
            "fit_time": np.array([math.nan if fold is None else fold.fit_time for fold in found]),
            "score_time": np.array([math.nan if fold is None else fold.score_time for fold in found]),
            "estimator": [None if fold is None else fold.estimator for fold in found],
            "indices": {"train": [splits[i][0] for i in folds], "test": [splits[i][1] for i in folds]},
        }
        for name in self.folds[0].scores if self.folds else ():
            scores = [error_score if fold is None else fold.scores[name] for fold in found]
            self._values[name] = np.array(scores)

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    @property
    def mean(self) -> dict[str, float]:
        """The mean of each score over the folds, by key; folds without a score do not count."""
        known = {name: self[name][~np.isnan(self[name])] for name in self._score_names()}
        return {name: float(scores.mean()) if len(scores) else math.nan for name, scores in known.items()}

    @property
    def standard_error(self) -> dict[str, float]:
        """The standard error of each mean.

        It is the standard deviation over the folds divided by √(number of folds), by key; NaN for a single fold.
        """
        return {name: float(standard_error(self[name])) for name in self._score_names()}

    @cached_property
    def predictions(self) -> Predictions:
        """The out-of-fold predictions: each row is predicted by a network that was not trained on it.

        With repeats they are means.
        """
        predicted = [(fold.test, fold.predicted, fold.estimator) for fold in self.folds]
        return out_of_fold(predicted, self.n_rows)

    @property
    def loss_curves(self) -> list[list[float]]:
        """The costs after each epoch, for the network of each fold.

        They are the attributes ``loss_curve_``; empty for an estimator without one.
        """
        return [getattr(network_of(fold.estimator), "loss_curve_", []) for fold in self.folds]

    def to_frame(self) -> Any:
        """The folds as a frame.

        Returns
        -------
        pandas.DataFrame
            A row for each fold: scores, times, numbers of rows, epochs.
        """
        columns = {name: self[name] for name in [*self._score_names(), "fit_time", "score_time"]}
        sizes = {f"n_{side}": [len(rows) for rows in self["indices"][side]] for side in ("train", "test")}
        return frame(columns | sizes | {"epochs": [_epochs(model) for model in self["estimator"]]})

    @property
    def table(self) -> Table:
        """The folds and the mean scores as a table."""
        names, sides = self._score_names(), list(zip(*self["indices"].values(), strict=True))
        columns = [Column("fold"), Column("rows"), *(Column(name, ".4f") for name in names)]
        rows: list[list[object]] = []
        for i, (train, test) in enumerate(sides):
            model = self["estimator"][i]
            ended = ("failed", None) if model is None else (_epochs(model), float(self["fit_time"][i]))
            rows.append([i + 1, f"{len(train)} + {len(test)}", *(float(self[name][i]) for name in names), *ended])
        rows.append(["mean", None, *((self.mean[name], self.standard_error[name]) for name in names), None, None])
        columns += [Column("epochs", "g"), Column("fit_time", ".2f")]
        notes = failure_notes(self.failures, len(sides), "folds")
        return Table(tuple(columns), rows, notes=notes, n_summary_rows=1)

    def __repr__(self) -> str:
        n = len(self.folds)
        parts = [f"{n} fold{'' if n == 1 else 's'}"]
        parts += [f"{name} {plus_minus(self.mean[name], self.standard_error[name])}" for name in self._score_names()]
        parts += [f"{len(self.failures)} failed"] if self.failures else []
        return f"<CrossValidation: {', '.join(parts)}>"

    def _score_names(self) -> list[str]:
        return [name for name in self if name.startswith(("test_", "train_"))]


def cross_validate(
    estimator: Estimator,
    X: ArrayLike,
    y: ArrayLike,
    *,
    scoring: Scoring | Sequence[str] | Mapping[str, Any] = None,
    cv: CV = 5,
    groups: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    repeats: int = 1,
    return_train_score: bool = False,
    error_score: float | Literal["raise"] = math.nan,
    callbacks: Sequence[PackListener] = (),
    n_jobs: int | None = None,
    backend: str | None = None,
) -> CrossValidation:
    """Train a network on all folds except one and score it on that fold, for each fold.

    The folds are one pack: they are trained at the same time, with one thread for each network, on all cores.  The
    table is checked once and shared by all networks.  The other steps of a pipeline are fitted for each fold on
    its own training rows, so that nothing leaks.  Splits and scores are those of scikit-learn's ``cross_validate``.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, or a Pipeline that ends in one
        It is cloned for each fold and not changed.
    X : array, sparse matrix or frame of shape (m, s_1)
        The rows, as for ``fit``.
    y : array of shape (m,) or (m, K)
        The targets, as for ``fit``.
    scoring : str, callable, list or dict, default=None
        As in scikit-learn; None for the estimator's own ``score``.
    cv : int, splitter or iterable of (train, test), default=5
        As in scikit-learn; an integer is the number of folds, stratified for a classifier.  ``train`` and ``test`` are
        row numbers, or masks with one bool for each row.
    groups : array of shape (m,), default=None
        The group of each row, for splitters that keep groups together.
    sample_weight : array of shape (m,), default=None
        The weight of each row, in training and in scores.
    repeats : int, default=1
        How often the rows are divided into folds, shuffled with the seeds 0, 1, ...  More than one needs a number of
        folds, or a splitter that shuffles and has no ``random_state``.
    return_train_score : bool, default=False
        Whether the training rows are also scored.
    error_score : "raise" or float, default=NaN
        The score of a fold whose training fails; "raise" raises the error after the other folds.
    callbacks : sequence of callables, default=()
        Each receives a :class:`MemberEnded` when a fold is finished, by its method ``on_member_end`` if it has one, and
        otherwise by a call.  The calls are made in the calling thread.
    n_jobs : int or None, default=None
        The number of networks trained at the same time; None for one on each core.
    backend : str or None, default=None
        Where the networks are trained: "threads", or a backend of joblib: "loky" for processes on this machine, "dask"
        or "ray" for a cluster.  None for that of the ``joblib.parallel_config`` around the call, and for threads
        without one.

    Returns
    -------
    CrossValidation
        After Ctrl-C it contains the finished folds, with an InterruptedTrainingWarning.

    Raises
    ------
    InputError
        If the rows, targets, folds or the estimator cannot be used.
    ParameterError
        If the metric is unknown, ``cv`` is not a splitter, or repeats would divide the rows in the same way.
    Exception
        The first error of the folds, if all of them fail, or with ``error_score="raise"``.
    InterruptedTrainingError
        If Ctrl-C is pressed before any fold is finished.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from multilayer import MLPClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> model = MLPClassifier((50,), max_iter=40, n_iter_no_change=None, random_state=0)
    >>> result = cross_validate(model, X / 16, y)
    >>> result["test_score"].shape, result.mean["test_score"] > 0.9
    ((5,), True)

    References
    ----------
    Stone, M. (1974). Cross-validatory choice and assessment of statistical predictions. Journal of the Royal
    Statistical Society B 36(2).
    """
    score_of_failures = _checked_error_score(error_score)
    checked_estimator(estimator)
    scorer = scorer_of(estimator, scoring)
    data = Data.of(X, y, sample_weight, estimator)
    if data.weight is not None:
        warn_of_scores_without_weights(scorer, estimator, data.weight)
    listener = observer(callbacks, MEMBER_END) if callbacks else None
    splits = divided(estimator, data.X, data.y, groups, cv, repeats)
    members = []
    for i, (train, test) in enumerate(splits):
        finish = partial(_fold, data, scorer, return_train_score, i, train, test)
        members.append(Member(i, ModelTraining(data, estimator, train, finish), size=len(train)))
    outcomes = run_pack(members, n_jobs=n_jobs, backend=backend, listener=listener)
    if not outcomes:
        raise InterruptedTrainingError(
            f"Ctrl-C was pressed before any of the {len(splits)} folds was finished. Call cross_validate again."
        )
    # Processes send folds back without the table.
    folds = {i: outcome.error or replace(outcome.value, data=data) for i, outcome in outcomes.items()}
    result = CrossValidation(folds, splits, len(data), score_of_failures)
    if result.failures and (error_score == RAISE or len(result.failures) == len(splits)):
        raise data.reason(result.failures.values())
    if len(outcomes) < len(splits):
        warn(
            f"cross-validation was interrupted after {len(outcomes)} of {len(splits)} folds; the result holds these.",
            InterruptedTrainingWarning,
        )
    warn_once([fold.warnings for fold in result.folds], len(outcomes), "folds")
    return result


def _checked_error_score(value: Any) -> float:
    """Return the score of a fold that fails."""
    if value == RAISE:
        return math.nan
    if not isinstance(value, numbers.Real):
        raise ParameterError(f"error_score must be a number or {RAISE!r}, got {value!r}.")
    return float(value)


def _fold(
    data: Data,
    scorer: Callable[..., Any],
    return_train_score: bool,
    number: int,
    train: RowNumbers,
    test: RowNumbers,
    fitted: Fitted,
) -> Fold:
    model, scores = fitted.model, dict[str, float]()
    began = time.perf_counter()
    for side, rows in (("test", test), ("train", train))[: 1 + return_train_score]:
        found = score_of(scorer, model, data.part(rows), data.known)
        by_name = found if isinstance(found, dict) else {"score": found}
        scores |= {f"{side}_{name}": float(score) for name, score in by_name.items()}
    score_time = time.perf_counter() - began
    return Fold(number, model, train, test, scores, fitted.seconds, score_time, warnings=fitted.warnings)


def _epochs(model: Any) -> float:
    """Return the epochs of a model's network; NaN for None and for an estimator without epochs."""
    epochs = math.nan if model is None else getattr(network_of(model), "n_iter_", math.nan)
    return float(epochs) if isinstance(epochs, int | float) else math.nan
