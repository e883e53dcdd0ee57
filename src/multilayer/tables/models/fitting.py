"""The fit of a table model: from a table to its problem, trained members, their weights and out-of-fold results."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from multilayer._checks import check_seed
from multilayer.engines import checked_jobs
from multilayer.exceptions import InputError, InterruptedTrainingWarning, ParameterError, ParameterWarning, argument
from multilayer.fits.errors import input_errors, warn
from multilayer.fits.rows import ValidationArguments
from multilayer.packs import THREADS, Member, MemberEnded, MemberOutcome, run_pack
from multilayer.packs.clusters import executor_of
from multilayer.tables._response import group_numbers
from multilayer.tables.models.budget import Budget
from multilayer.tables.models.companions import BESIDE, TREES, Companion
from multilayer.tables.models.folds import check_enough_rows, check_weights, folds_of, is_series
from multilayer.tables.models.novelty import surroundings_of
from multilayer.tables.models.out_of_fold import (
    OutOfFoldRows,
    cross_fitted_weights,
    digest_of_targets,
    divisions_of,
    mean_of_divisions,
    of_complete_folds,
    of_folds,
    predictions_of_folds,
    selected_weights,
)
from multilayer.tables.models.problem import FoldResult, Problem, check_lengths, joined_weights, weight_of_rows
from multilayer.tables.models.recipes import all_recipes, recipes_of, single_kind
from multilayer.tables.models.rows import Rows, checked_identifiers, identifiers_of, rows_of, with_further_rows
from multilayer.tables.models.single_rows import SingleRows
from multilayer.tables.models.summary import INTERRUPTED, OVER, scores_of
from multilayer.tables.models.training import TrainedMember, Training
from multilayer.tables.models.trees import trees_as_arrays

MAX_SEED = 2**31 - 1


@dataclass(frozen=True, eq=False)
class Trained:
    """The members of a fit, and the models beside them by name.

    Those of fold number ``len(problem.folds)`` are trained on all rows of a series.
    """

    members: list[FoldResult[TrainedMember]]
    companions: dict[str, list[FoldResult[Companion]]]


def fit_model(model: Any, X: Any, y: Any, sample_weight: Any, own: ValidationArguments, began: float) -> None:
    """Fit a table model, of which only the parameters are set; the arguments are those of ``fit``."""
    _check_validation(model, own)
    if y is None:
        raise InputError(f"{type(model).__name__} requires y to be passed, but the target y is None. Pass y.")
    with input_errors(X):
        rows = rows_of(X)
    targets = model._targets(y)
    n_rows = len(rows)
    weight = weight_of_rows(sample_weight, n_rows, "sample_weight")
    check_lengths(n_rows, len(targets))
    random_state = check_random_state(check_seed("random_state", model.random_state))
    seed, classifies, groups = int(random_state.randint(MAX_SEED)), model._classifies, None
    if own.has_rows:
        check_enough_rows(n_rows)
        with input_errors(own.X):
            rows = with_further_rows(rows, own.X)
        n_further, y_val = len(rows) - n_rows, model._more_targets(own.y, targets)
        check_lengths(n_further, len(y_val))
        further = weight_of_rows(own.weight, n_further, "sample_weight_val")
        targets, weight = np.concatenate([targets, y_val]), joined_weights(n_rows, weight, n_further, further)
        folds = [(np.arange(n_rows), np.arange(n_rows, len(rows)))]
    else:
        is_single = model.preset == "quick"
        folds = folds_of(model.cv, targets, own.groups, seed, classifies=classifies, is_single=is_single)
        groups = None if own.groups is None else group_numbers(own.groups, len(rows))
    check_weights(folds, weight, targets if classifies else None)
    loss, class_weight = model._loss, model._class_numbers_weight()
    identifiers = identifiers_of(rows, checked_identifiers(model.identifiers), n_rows)
    problem = Problem(rows, targets, weight, folds, classifies, identifiers, loss, groups, class_weight)
    _train(model, problem, random_state, began, has_own=own.has_rows)
    model.__dict__.pop("_sample_rows", None)
    set_names(model, rows)
    model.fit_time_ = time.perf_counter() - began


def set_names(model: Any, rows: Rows) -> None:
    """Set the attributes that describe the columns of the rows of a fit."""
    model.n_features_in_ = len(rows.names)
    model._names, model._has_names = rows.names, rows.has_names
    if rows.has_names:
        model.feature_names_in_ = np.asarray(rows.names, dtype=object)
    else:
        model.__dict__.pop("feature_names_in_", None)


def _check_validation(model: Any, own: ValidationArguments) -> None:
    own.check_complete()
    for name, value in (("cv", model.cv), ("groups", own.groups)):
        if own.has_rows and value is not None:
            raise ParameterError(
                f"{name} has no effect with X_val, which replaces the folds. Omit {name}, or X_val and y_val."
            )


def _train(model: Any, problem: Problem, random_state: np.random.RandomState, began: float, *, has_own: bool) -> None:
    recipes = recipes_of(model.preset, classifies=problem.classifies)
    model._is_series = is_series(problem.folds)
    n_folds = len(problem.folds) + model._is_series
    seeds = random_state.randint(MAX_SEED, size=(n_folds, len(recipes)))
    seed_of_companions = int(random_state.randint(MAX_SEED))
    surroundings, encoded = surroundings_of(problem.rows.table, problem.identifiers)
    budget, numbers = None, range(len(problem.folds))
    if model.max_time is not None:
        budget = Budget.of(model.max_time, time.perf_counter() - began, checked_jobs(model.n_jobs))
        numbers = numbers[::-1] if model._is_series else numbers  # the last fold of a series has the most rows
    makers = model._network, model._predicted
    training = Training(problem, recipes, *makers, seeds, seed_of_companions, budget, numbers)
    trained = _trained(model, training if budget is None else _within_the_time(model, training, budget))
    model._surroundings = surroundings
    model._single_rows = SingleRows()
    model._n_training_rows = [len(train) for train, _ in problem.folds] + [len(problem.rows)] * model._is_series
    if has_own:
        problem, encoded = problem.validated(), encoded[problem.folds[0][1]]
    deadline = None if model.max_time is None else began + model.max_time
    keep_results(model, problem, trained, encoded, lambda: deadline is not None and time.perf_counter() > deadline)


def _within_the_time(model: Any, training: Training, budget: Budget) -> Training:
    """Return the training of the folds that there is time for, after an epoch of each kind was measured in one."""
    if executor_of(None, model.n_jobs)[0] is not None:
        warn(
            "max_time divides the time among threads of this process, so that the networks are not trained on the "
            f"backend of joblib.parallel_config. Omit {argument('max_time')} to train there.",
            ParameterWarning,
        )
    measurements = training.measurements()
    outcomes = run_pack(measurements, n_jobs=model.n_jobs, backend=THREADS)
    _check(outcomes)
    if len(outcomes) < len(measurements):
        raise KeyboardInterrupt
    least = {name: outcome.value for name, outcome in outcomes.items()}
    single = single_kind(classifies=training.problem.classifies)
    return training.within(budget, least, single, in_the_end=model._is_series)


def _trained(model: Any, training: Training) -> Trained:
    """Train the members of all folds as one pack, and then those of all rows of a series."""
    members, recipes = training.members(), training.recipes
    n_in_the_end = (len(recipes) + model.with_trees) if model._is_series else 0
    n_all = len(members) + n_in_the_end
    values = run_members(model, members, 0, n_all)
    networks = [value for value in values if _is_network(value)]
    complete = of_complete_folds(networks, len(recipes))
    if not complete:
        raise KeyboardInterrupt
    folds = {member.part.fold for member in complete}
    companions = of_folds([each for each in values if each is not None and not _is_network(each)], folds)
    was_interrupted = len(values) < len(members)
    model._end = INTERRUPTED if was_interrupted else OVER
    if was_interrupted:
        warn(
            f"training was interrupted after {len(networks)} of {len(recipes) * len(training.numbers)} networks; "
            "the model holds those of the folds that are complete.",
            InterruptedTrainingWarning,
        )
    else:
        _warn_of_time(model, len(folds), len(training.problem.folds), [recipe.name for recipe in recipes])
    if not model._is_series or was_interrupted:
        return Trained(complete, companions)
    with_trees = model.with_trees and TREES in companions
    last = training.members_of_all_rows([each.part for each in complete], with_trees=with_trees)
    found = run_members(model, last, len(members), n_all)
    if len(found) < len(last):
        warn(
            "training was interrupted before the networks of all rows were complete; the model predicts with those of "
            "the folds.",
            InterruptedTrainingWarning,
        )
        return Trained(complete, companions)
    if None in found:
        warn(
            "no time was left for the networks of all rows, so that the model predicts with those of the folds. "
            f"Increase {argument('max_time')}.",
            ParameterWarning,
        )
        return Trained(complete, companions)
    complete += [each for each in found if _is_network(each)]
    if with_trees:
        companions[TREES] = companions[TREES] + [each for each in found if not _is_network(each)]
    return Trained(complete, companions)


def _is_network(value: Any) -> bool:
    return value is not None and isinstance(value.part, TrainedMember)


def _warn_of_time(model: Any, n_folds: int, n_planned: int, kinds: Sequence[str]) -> None:
    """Warn of folds and kinds of networks that there was no time for."""
    n_kinds = len(recipes_of(model.preset, classifies=model._classifies))
    if n_folds == n_planned and len(kinds) == n_kinds:
        return
    alone = f", and in it for one of {n_kinds} kinds of networks, {kinds[0]}" if len(kinds) < n_kinds else ""
    warn(
        f"the time was enough for {n_folds} of {n_planned} fold{'s' if n_planned > 1 else ''}{alone}. "
        f"Increase {argument('max_time')}.",
        ParameterWarning,
    )


def _check(outcomes: Mapping[Any, MemberOutcome]) -> None:
    """Raise the error of a member that failed."""
    for outcome in outcomes.values():
        if outcome.error is not None:
            raise outcome.error


def run_members(
    model: Any, members: Sequence[Member], n_before: int, n_all: int, *, in_threads: bool = False
) -> list[Any]:
    """Return the values of the members of a pack; events count the members of both packs of a fit."""

    def notify(event: MemberEnded) -> None:
        for callback in model.callbacks:
            callback(replace(event, n_done=event.n_done + n_before, n_members=n_all))

    with warnings.catch_warnings():
        # Here, because filters are common to all threads; of other models, which are there for comparison only.
        warnings.filterwarnings("ignore", module=r"(sklearn|scipy|numpy)\b")
        # The time of a fit is divided among the threads of this process.
        backend = THREADS if in_threads or model.max_time is not None else None
        listener = notify if model.callbacks else None
        outcomes = run_pack(members, n_jobs=model.n_jobs, backend=backend, listener=listener)
    _check(outcomes)
    return _with_common_encoders([outcome.value for outcome in outcomes.values()])


def _with_common_encoders(values: Sequence[Any]) -> list[Any]:
    """Return trained parts that share the encoder of their fold, of which each worker of a cluster sends a copy."""
    encodings = {recipe.name: recipe.encoding for recipe in all_recipes()} | dict(BESIDE)
    known: dict[tuple[int, Any], Any] = {}
    found = []
    for value in values:
        part = None if value is None else value.part
        if part is not None and part.encoder is not None:
            name = part.recipe if isinstance(part, TrainedMember) else part.name
            first = known.setdefault((part.fold, encodings[name]), part)
            if first.encoder is not part.encoder:
                value = replace(value, part=replace(part, encoder=first.encoder, mean_row=first.mean_row))
        found.append(value)
    return found


def keep_results(
    model: Any, problem: Problem, trained: Trained, encoded: NDArray[Any], is_over: Callable[[], bool]
) -> None:
    """Set the fitted attributes: members, weights, out-of-fold predictions and scores."""
    model.members_ = [each.part for each in trained.members]
    model._validation_rows = [validating for _, validating in problem.folds]
    predictions, beside = _predictions_by_name(model, problem, trained)
    rows = np.flatnonzero(~np.isnan(next(iter(predictions.values()))[:, 0]))
    divisions = divisions_of(len(problem.rows), rows, problem)

    def select(found: Sequence[NDArray[np.float64]], of_rows: NDArray[np.intp]) -> NDArray[np.intp]:
        weight = None if problem.weight is None else problem.weight[of_rows]
        if len(found) == 1 or (weight is not None and not weight.any()):
            return np.ones(len(found), dtype=np.intp)
        counts: NDArray[np.intp] = model._selected(list(found), problem.y[of_rows], weight)
        return counts

    model.weights_ = selected_weights(predictions, rows, select)
    weights = cross_fitted_weights(predictions, rows, divisions, select)
    model._weights_of_folds = {fold: of_fold for fold, of_fold in weights.items() if fold >= 0}
    model._oof = mean_of_divisions(predictions, rows, divisions, weights)
    model._trees = _trees_of(model, trained)
    held = OutOfFoldRows.of(problem, rows, divisions, encoded)
    model._groups_of_rows, model._targets_digest = held.groups, digest_of_targets(problem.y)
    model._calibrate(held, is_over)
    model._scores = scores_of(model, beside, held)
    model.oof_score_ = model._scores[0].score
    model.columns_ = model.members_[-1 if model._predicts_with_all_rows else 0].encoder.columns_


def _trees_of(model: Any, trained: Trained) -> list[Companion]:
    """Return the trees as arrays if they have a weight; the other companions are not used after the fit."""
    if not any(of_kinds.get(TREES) for of_kinds in (model.weights_, *model._weights_of_folds.values())):
        return []
    return [replace(each.part, model=trees_as_arrays(each.part.model)) for each in trained.companions[TREES]]


def _predictions_by_name(model: Any, problem: Problem, trained: Trained) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the out-of-fold predictions of the kinds of the model, and of the models beside it."""
    n_folds = len(problem.folds)
    by_recipe: dict[str, list[FoldResult[TrainedMember]]] = {}
    for member in trained.members:
        if member.part.fold < n_folds:
            by_recipe.setdefault(member.part.recipe, []).append(member)
    of_kinds = {name: predictions_of_folds(problem, results) for name, results in by_recipe.items()}
    beside = {
        name: predictions_of_folds(problem, [each for each in results if each.part.fold < n_folds])
        for name, results in trained.companions.items()
    }
    if model.with_trees and TREES not in beside:
        warn(
            f"no time was left for the trees, so that they are no part of the model. Increase {argument('max_time')}.",
            ParameterWarning,
        )
    elif model.with_trees:
        of_kinds[TREES] = beside[TREES]
    return of_kinds, beside
