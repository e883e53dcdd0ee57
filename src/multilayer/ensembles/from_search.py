"""An ensemble of the best candidates of a search."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import clone, is_classifier

from multilayer._checks import check_integer
from multilayer.ensembles.classifier import EnsembleClassifier
from multilayer.ensembles.greedy import MAX_SIZE, greedy_selection
from multilayer.ensembles.regressor import EnsembleRegressor
from multilayer.exceptions import InputError, InputTypeError, InterruptedTrainingError, InterruptedTrainingWarning
from multilayer.fits.errors import ConvergenceWarning, warn
from multilayer.packs.members import Member
from multilayer.packs.running import run_pack
from multilayer.selection import Predictions, Search, Trial
from multilayer.selection.data import work_of
from multilayer.selection.out_of_fold import for_classes, out_of_fold, predictions_of
from multilayer.selection.protocols import Scoring
from multilayer.selection.searching.trials import ScoredSplit, SearchProblem
from multilayer.selection.training import Fitted, ModelTraining


def ensemble_of(
    search: Search,
    *,
    scoring: Scoring = None,
    n_candidates: int = 10,
    max_size: int = MAX_SIZE,
    n_jobs: int | None = None,
) -> EnsembleClassifier | EnsembleRegressor:
    """Fit an ensemble of the best candidates of a search, chosen and weighted by greedy selection.

    The candidates are trained again on the folds of the search, without halving, and :func:`greedy_selection` uses
    their out-of-fold predictions.  The chosen ones are trained on all rows, weighted by how often they were chosen.

    Parameters
    ----------
    search : Search
        The result of :func:`multilayer.selection.search`.
    scoring : str, callable or None, default=None
        As for :func:`greedy_selection`.
    n_candidates : int, default=10
        The number of best trials that are candidates.
    max_size : int, default=50
        As for :func:`greedy_selection`.
    n_jobs : int or None, default=None
        The number of networks trained at the same time; None for one on each core.

    Returns
    -------
    EnsembleClassifier or EnsembleRegressor
        Fitted on all rows, with ``diversity="seed"`` and the ``weights`` of the selection.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from multilayer import MLPClassifier
    >>> from multilayer.selection import search
    >>> X, y = load_digits(return_X_y=True)
    >>> network = MLPClassifier(max_iter=20, n_iter_no_change=None, learning_rate_init=0.01, random_state=0)
    >>> found = search(network, {"hidden_layer_sizes": [(16,), (32,), (64,)], "alpha": [0.0, 1.0]}, X / 16, y, cv=3)
    >>> ensemble = ensemble_of(found, scoring="accuracy")
    >>> len(ensemble.estimators_) == len(ensemble.weights_) <= 6
    True

    References
    ----------
    Caruana, R., Niculescu-Mizil, A., Crew, G. and Ksikes, A. (2004). Ensemble selection from libraries of models. ICML.
    """
    if not isinstance(search, Search):
        raise InputTypeError(
            f"search must be a Search, got {type(search).__name__}. Pass what multilayer.selection.search returns."
        )
    check_integer("n_candidates", n_candidates, 1)
    problem = search.problem
    trials = [trial for trial in search.ranked if not math.isnan(trial.mean)][:n_candidates]
    scored = problem.splits[0].scored
    found = _left_out(problem, trials, n_jobs)
    trials = list(found)
    if is_classifier(problem.estimator):
        classes = np.unique(np.concatenate([predictions.classes for predictions in found.values()]))
        outputs = [for_classes(each.probabilities, each.classes, classes) for each in found.values()]
    else:
        classes, outputs = None, [predictions.predicted for predictions in found.values()]
        if np.size(outputs[0]) != np.size(scored.y):
            raise InputError(
                f"the candidates predict {np.size(outputs[0])} numbers for {np.size(scored.y)} targets, as networks of "
                "several quantiles do, and have no mean to score. Search with one prediction for each target."
            )
    counts = greedy_selection(
        outputs, scored.y, scoring=scoring, classes=classes, max_size=max_size, sample_weight=scored.weight
    )
    kind = EnsembleRegressor if classes is None else EnsembleClassifier
    chosen = [i for i, count in enumerate(counts) if count]
    members = [clone(trials[i].model) for i in chosen]
    ensemble = kind(members, weights=[float(counts[i]) for i in chosen], random_state=0, n_jobs=n_jobs)
    return ensemble.fit(problem.data.X, problem.data.y, problem.data.weight)


def _left_out(problem: SearchProblem, trials: list[Trial], n_jobs: int | None) -> dict[Trial, Predictions]:
    """Return the out-of-fold predictions of each candidate for the scored rows."""
    members = [
        Member(
            (trial.number, fold),
            ModelTraining(problem.data, trial.model, split.train, partial(_split_predictions, split)),
            size=work_of(trial.model, len(split.train)),
        )
        for trial in trials
        for fold, split in enumerate(problem.splits)
    ]
    outcomes = run_pack(members, n_jobs=n_jobs)
    found, m = {}, len(problem.splits[0].scored)
    for trial in trials:
        ended = [outcomes.get((trial.number, fold)) for fold in range(len(problem.splits))]
        if all(outcome is not None and outcome.error is None for outcome in ended):
            found[trial] = out_of_fold([outcome.value for outcome in ended if outcome is not None], m)
    errors = {key[0]: outcome.error for key, outcome in outcomes.items() if outcome.error is not None}
    if not found:
        for error in errors.values():
            raise error
        raise InterruptedTrainingError(
            "Ctrl-C was pressed before any candidate was trained again. Call ensemble_of again."
        )
    if errors:
        number, error = next(iter(errors.items()))
        warn(
            f"{len(errors)} of {len(trials)} candidates failed in the full training and are excluded; "
            f"trial {number}: {error}",
            ConvergenceWarning,
        )
    if len(found) + len(errors) < len(trials):
        warn(
            f"training was interrupted after {len(found)} of {len(trials)} candidates; it is chosen from these.",
            InterruptedTrainingWarning,
        )
    return found


def _split_predictions(split: ScoredSplit, fitted: Fitted) -> Any:
    # Whether training ends too soon is reported once, for the members that are chosen, by the ensemble's own fit.
    return split.test, predictions_of(fitted.model, split.scored.part(split.test)[0]), fitted.model
