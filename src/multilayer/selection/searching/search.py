"""The search for good parameters."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse
from sklearn.base import clone, is_classifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state

from multilayer._checks import check_choice, check_flag, check_seconds
from multilayer.estimators import MLPClassifier, MLPRegressor
from multilayer.exceptions import (
    InterruptedTrainingWarning,
    MultilayerError,
    ParameterError,
    ParameterWarning,
    unknown_name,
)
from multilayer.fits.errors import ConvergenceWarning, warn
from multilayer.packs.running import open_pack
from multilayer.selection.data import Data, checked_estimator, names_of_seeds, network_of
from multilayer.selection.observers import TRIAL_END, observer
from multilayer.selection.protocols import CV, Estimator, Scoring
from multilayer.selection.scores import warn_of_scores_without_weights
from multilayer.selection.scoring import metric_name, one_scorer
from multilayer.selection.searching.candidates import candidates, checked_space
from multilayer.selection.searching.fingerprint import fingerprint
from multilayer.selection.searching.journal import Journal
from multilayer.selection.searching.result import Search
from multilayer.selection.searching.rungs import Rungs, rung_epochs
from multilayer.selection.searching.running import SearchRun
from multilayer.selection.searching.trials import ScoredSplit, SearchListener, SearchProblem, full_name
from multilayer.selection.splitting import divided

BEST, SIMPLEST = "best", "simplest"
N_FOLDS = 5


def search(
    estimator: Estimator,
    space: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    X: ArrayLike,
    y: ArrayLike,
    *,
    scoring: Scoring = None,
    cv: CV = N_FOLDS,
    groups: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    X_val: ArrayLike | None = None,
    y_val: ArrayLike | None = None,
    sample_weight_val: ArrayLike | None = None,
    sampler: str = "auto",
    n_trials: int | None = None,
    max_time: float | None = None,
    halving: bool = True,
    factor: float = 3.0,
    min_epochs: int | None = None,
    refit: Literal["best", "simplest", False] = "best",
    baseline: bool = True,
    journal: str | os.PathLike[str] | None = None,
    callbacks: Sequence[SearchListener] = (),
    n_jobs: int | None = None,
    random_state: int | np.random.RandomState | None = None,
) -> Search:
    """Search for good parameters of a network, with all candidates on all folds as one pack.

    With ``halving`` a candidate is trained for a few epochs first.  If it is among the best 1/factor of the candidates
    so far, its training is resumed up to ``factor`` times as many epochs, and so on up to ``max_iter``.  No rung waits
    for all of its trials (asynchronous successive halving), but the result depends neither on the number of threads nor
    on their speed.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, or a Pipeline that ends in one
        It is cloned and not changed.  If it has no ``random_state``, all candidates get the same, drawn from that of
        the search.
    space : dict, or list of dicts
        Names of parameters with lists of values or distributions of ``scipy.stats``.  In a pipeline names without "__"
        are those of its last step.
    X : array, sparse matrix or frame of shape (m, s_1)
        The rows, as for ``fit``.
    y : array of shape (m,) or (m, K)
        The targets, as for ``fit``.
    scoring : str, callable or None, default=None
        One metric, higher is better; None for the estimator's own ``score``.
    cv, groups, sample_weight : as for :func:`cross_validate`
        The folds, and the groups and weights of the rows.
    X_val, y_val, sample_weight_val : as X, y and sample_weight, default=None
        Rows to score in place of cross-validation; all rows of X train.
    sampler : {"auto", "grid", "random", "optuna"}, default="auto"
        All combinations of lists, random combinations, or what Optuna proposes from the scores of earlier trials.
        "auto" is the grid if the space has lists only and ``n_trials`` allows for all, and random otherwise.
    n_trials : int or None, default=None
        The largest number of candidates.  A space with distributions needs it, or ``max_time``.
    max_time : float or None, default=None
        Seconds after which no candidate is trained further; the best so far is chosen and fitted on all rows.  Training
        that cannot be paused (L-BFGS, estimators of other libraries) is completed once it has started.
    halving : bool, default=True
        Whether to use successive halving; False trains each candidate to its end.
    factor : float, default=3.0
        The best 1/factor of the trials on a rung are trained to factor times as many epochs.
    min_epochs : int or None, default=None
        The epochs of the first rung; None for max_iter / factor², or more if there are few trials.
    refit : {"best", "simplest", False}, default="best"
        Which candidate is fitted on all rows.
    baseline : bool, default=True
        Whether a linear model, a network without hidden layers, is scored on the same folds.
    journal : path or None, default=None
        A file to which each result is written.  The same call with the same file resumes an interrupted search, with
        the same result as without the interruption.  It needs a ``random_state`` if candidates or seeds are drawn.
    callbacks : sequence of callables, default=()
        Each is called with a :class:`TrialScored` for each score of a trial; or its method ``on_trial_end``, where it
        has one.  A method ``on_journal`` is called with the number of results that the journal holds, once the journal
        has been checked.
    n_jobs : int or None, default=None
        The number of networks trained at the same time; None for one on each core.  Within ``joblib.parallel_config``
        they are trained on its backend, such as a cluster, with the same result.
    random_state : int, RandomState or None, default=None
        Seed of the sampler, and of estimators without one.

    Returns
    -------
    Search
        After Ctrl-C it holds the trials scored so far, with an InterruptedTrainingWarning.

    Raises
    ------
    ParameterError
        If the space, the sampler or a number cannot be used, or the space is infinite and nothing ends the search.
    JournalError
        If the journal is damaged, is used by another process, or is that of another search.
    MultilayerError
        The error of the first trial, if all fail.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> network = MLPClassifier(max_iter=30, n_iter_no_change=None, random_state=0)
    >>> space = {"hidden_layer_sizes": [(16,), (64,)], "learning_rate_init": [1e-4, 1e-3, 1e-2]}
    >>> found = search(network, space, X / 16, y, cv=3)
    >>> found.best.params["learning_rate_init"], found.best.mean > found.baseline.mean
    (0.01, True)

    References
    ----------
    Li, L. et al. (2020). A system for massively parallel hyperparameter tuning. MLSys.
    """
    if refit is not False:
        check_choice("refit", refit if isinstance(refit, str) else repr(refit), (BEST, SIMPLEST))
    seconds = check_seconds("max_time", max_time)
    _check_arguments(estimator, groups, X_val, sample_weight_val)
    given = _without_callbacks(estimator)
    estimator = _seeded(given, random_state)
    data = Data.of(X, y, sample_weight, estimator)
    validation = None if X_val is None and y_val is None else _validation(X_val, y_val, sample_weight_val)
    splits = _splits(estimator, data, groups, cv, validation)
    proposed = candidates(space, sampler, n_trials, random_state)
    _check_names(estimator, space)
    if journal is not None and random_state is None and (estimator is not given or proposed.is_random):
        raise ParameterError(
            "with a journal the search needs a random_state, so that it draws the same candidates and seeds when it is "
            "resumed. Pass an integer, such as random_state=0."
        )
    if proposed.n_trials is None and seconds == math.inf:
        raise ParameterError("a space with distributions is infinite. Pass n_trials or max_time, or lists of values.")
    max_epochs = network_of(estimator).get_params().get("max_iter", 1)
    halved = rung_epochs(max_epochs, proposed.n_trials, factor, min_epochs)
    epochs = halved if check_flag("halving", halving) else ()
    if not halving and min_epochs is not None:
        warn("min_epochs has no effect with halving=False, which trains each to its end.", ParameterWarning)
    if validation is not None and cv != N_FOLDS:
        warn(f"cv={cv!r} has no effect with X_val, which all candidates are scored on.", ParameterWarning)
    linear = _linear(estimator) if check_flag("baseline", baseline) else None
    observed = observer(callbacks, TRIAL_END)
    scorer = one_scorer(estimator, scoring)
    warn_of_scores_without_weights(scorer, estimator, splits[0].scored.weight)
    is_metric = scoring is None or isinstance(scoring, str) or hasattr(scoring, "_score_func")
    problem = SearchProblem(estimator, data, splits, scorer, (*epochs[:-1], math.inf), is_metric)
    identity = fingerprint(problem, (data, validation), scoring)
    waiting = open_pack(n_jobs)  # an error before the journal is written
    with Journal(journal, identity) as book, waiting as pack:
        for callback in callbacks if book.known else ():
            if hasattr(callback, "on_journal"):
                callback.on_journal(len(book.known))
        rungs = Rungs(len(problem.epochs), factor, proposed.n_trials)
        searching = SearchRun(problem, proposed, rungs, book, pack, observed, seconds)
        searching.until_the_end(linear)
        was_interrupted = pack.interrupt.pressed
    found = searching.result(metric_name(estimator, scoring))
    if was_interrupted:
        n = len(found.trials)
        warn(f"the search was interrupted; the result is of the {n} trials scored so far.", InterruptedTrainingWarning)
    return _refitted(found, refit, data)


def _check_arguments(estimator: Any, groups: Any, X_val: Any, weight_val: Any) -> None:
    checked_estimator(estimator)
    if X_val is None and weight_val is not None:
        raise ParameterError("sample_weight_val was passed without X_val and y_val. Pass all three, or none.")
    if X_val is not None and groups is not None:
        raise ParameterError("groups divide rows into folds, and with X_val there are none. Leave one of the two out.")


def _check_names(estimator: Any, space: Any) -> None:
    """An error for a name that is no parameter, and for two names of one parameter."""
    known, of_network = estimator.get_params(), network_of(estimator).get_params()
    for part in checked_space(space):
        full = {name: full_name(estimator, name) for name in part}
        for name in part:
            if full[name] not in known:
                raise unknown_name("parameter in space", name, {*known, *of_network})
            if full[name] != name and full[name] in part:
                raise ParameterError(f"space names one parameter twice, {name!r} and {full[name]!r}. Leave one out.")


def _without_callbacks(estimator: Any) -> Any:
    """The estimator without callbacks and printing, which would mix the events of many networks."""
    network = network_of(estimator)
    used = [name for name in ("callbacks", "verbose") if getattr(network, name, None)]
    if not used or not isinstance(network, MLPClassifier | MLPRegressor):
        return estimator
    names = " and ".join(used)
    warn(
        f"{names} of the network have no effect in a search, which trains many networks at once and with pauses. "
        f"Pass callbacks to search, and leave {names} out.",
        ParameterWarning,
    )
    quiet = clone(estimator)
    network_of(quiet).set_params(callbacks=(), verbose=False)
    return quiet


def _seeded(estimator: Any, random_state: Any) -> Any:
    """The estimator with seeds: chance must not decide between candidates, and a journal must be resumable."""
    parameters = estimator.get_params()
    unset = [name for name in names_of_seeds(estimator) if parameters[name] is None]
    if not unset:
        return estimator
    draws = check_random_state(random_state).randint(2**31 - 1, size=len(unset)).tolist()
    return clone(estimator).set_params(**dict(zip(unset, draws, strict=True)))


def _validation(X_val: Any, y_val: Any, weight: Any) -> Data:
    if X_val is None or y_val is None:
        missing = "X_val" if X_val is None else "y_val"
        raise ParameterError(f"{missing} is missing. Pass X_val and y_val together, or neither.")
    return Data.of(X_val, y_val, weight)


def _splits(estimator: Any, data: Data, groups: Any, cv: Any, validation: Data | None) -> list[ScoredSplit]:
    if validation is not None:
        return [ScoredSplit(np.arange(len(data)), validation, np.arange(len(validation)))]
    folds = divided(estimator, data.X, data.y, groups, cv)
    return [ScoredSplit(np.asarray(train), data, np.asarray(test)) for train, test in folds]


def _linear(estimator: Any) -> Any:
    """A network without hidden layers in place of the network, on standardised columns: a linear model."""
    network = network_of(estimator)
    kind = MLPClassifier if is_classifier(network) else MLPRegressor
    kept = ("loss", "quantile", "output", "class_weight", "standardize_targets")
    parameters = {name: getattr(network, name) for name in kept if hasattr(network, name) and hasattr(kind(), name)}
    # alpha=1 is C=1 of scikit-learn's LogisticRegression, and alpha=1 of its Ridge but for the factor m.
    linear = kind((), solver="lbfgs", alpha=1.0, max_iter=1000, random_state=0, **parameters)
    steps = clone(estimator).steps[:-1] if isinstance(estimator, Pipeline) else []
    return Pipeline([*steps, ("standardize", _Standardize()), ("linear", linear)])


class _Standardize(StandardScaler):
    """Mean 0 and deviation 1; a sparse matrix keeps its zeros and so its mean."""

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Any:
        self.with_mean = not issparse(X)
        return super().fit(X, y, sample_weight)


def _refitted(found: Search, refit: str | bool, data: Data) -> Search:
    if refit is False:
        return found
    chosen = found.best if refit == BEST else found.simplest
    try:
        return replace(found, estimator=data.fit(clone(chosen.model), np.arange(len(data))))
    except MultilayerError as error:  # the trials are returned nevertheless
        warn(
            f"the chosen candidate cannot be trained on all rows, so that estimator is None: {error}",
            ConvergenceWarning,
        )
        return found
