"""The fit of a table model on a dataset: two passes over the rows, the training by windows, and the results."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from multilayer._checks import check_seed
from multilayer.engines import at_most, checked_jobs
from multilayer.exceptions import InputError, InterruptedTrainingWarning, ParameterError, ParameterWarning, argument
from multilayer.fits.errors import warn
from multilayer.fits.rows import ValidationArguments
from multilayer.packs import Member, MemberEnded, MemberOutcome
from multilayer.tables.models.budget import Budget
from multilayer.tables.models.companions import BESIDE, companion_member
from multilayer.tables.models.encoded_folds import encoded_folds
from multilayer.tables.models.fitting import MAX_SEED, Trained, keep_results, run_members, set_names
from multilayer.tables.models.memory import MemoryPlan, checked_memory, memory_plan
from multilayer.tables.models.openmp import openmp_libraries
from multilayer.tables.models.problem import FoldResult
from multilayer.tables.models.recipes import Recipe, recipes_of
from multilayer.tables.models.single_rows import SingleRows
from multilayer.tables.models.streamed.encoding import EncodedTable, encode_rows
from multilayer.tables.models.streamed.networks import StreamTraining
from multilayer.tables.models.streamed.preparing import Prepared, balanced_weight, prepared
from multilayer.tables.models.streamed.progress import PhaseReporter
from multilayer.tables.models.streamed.scratch_folder import ScratchFolder
from multilayer.tables.models.streamed.survey import Survey, survey_of
from multilayer.tables.models.summary import INTERRUPTED, OVER
from multilayer.tables.models.training import TrainedMember
from multilayer.tables.streaming.source import TableStream, open_stream

# The networks begin with at least this share of the time that is left after the passes.
SHARE_OF_LAST_STEPS = 0.06


@dataclass(frozen=True, eq=False)
class StreamFit:
    """A fit on a dataset.

    Attributes
    ----------
    model : TableClassifier or TableRegressor
        The model, of which the parameters are set.
    stream : TableStream
        The dataset.
    plan : MemoryPlan
        The division of the memory.
    folder : ScratchFolder
        Where the encoded rows and the checkpoints are.
    recipes : sequence of Recipe
        The kinds of networks.
    began : float
        The beginning of the fit, by ``time.perf_counter()``.
    """

    model: Any
    stream: TableStream
    plan: MemoryPlan
    folder: ScratchFolder
    recipes: Sequence[Recipe]
    began: float

    @property
    def deadline(self) -> float | None:
        """The end of the fit, by ``time.perf_counter()``."""
        return None if self.model.max_time is None else self.began + self.model.max_time

    def is_over(self) -> bool:
        """Whether the time of the fit is over."""
        return self.deadline is not None and time.perf_counter() > self.deadline


def fit_dataset(model: Any, X: Any, y: Any, sample_weight: Any, own: ValidationArguments, began: float) -> None:
    """Fit a table model, of which only the parameters are set, on a dataset; the arguments are those of ``fit``."""
    _check_arguments(model, y, sample_weight, own)
    recipes = recipes_of(model.preset, classifies=model._classifies)
    memory = checked_memory(model.memory)
    stream = open_stream(X, y)
    with ScratchFolder.opened(model, stream, lambda: memory_plan(memory, len(stream.names) + 1)) as folder:
        stream = open_stream(X, y, block_rows=folder.plan.block_rows)
        fit = StreamFit(model, stream, folder.plan, folder, recipes, began)
        with at_most(checked_jobs(model.n_jobs)):
            _fit(fit)
        model.fit_time_ = time.perf_counter() - began


def _check_arguments(model: Any, y: Any, sample_weight: Any, own: ValidationArguments) -> None:
    if not isinstance(y, str):
        raise InputError(
            f"y must be the name of the target column of the dataset, got {type(y).__name__}. Write fit(path, 'price')."
        )
    given = {"X_val": own.X, "y_val": own.y, "sample_weight_val": own.weight, "groups": own.groups}
    given |= {"sample_weight": sample_weight, "cv": model.cv}
    for name, value in given.items():
        if value is not None:
            raise ParameterError(
                f"{name} cannot be used with a dataset, whose validation rows are chosen by a hash of each row. Omit "
                f"{name}, or read the table into memory."
            )


def _fit(fit: StreamFit) -> None:
    model, folder = fit.model, fit.folder
    random_state = check_random_state(check_seed("random_state", model.random_state))
    seeds = folder.seeds(lambda: random_state.randint(MAX_SEED, size=len(fit.recipes) + 1))
    encodings = [recipe.encoding for recipe in fit.recipes]
    stored = folder.stored_table()
    if stored is None:
        survey = survey_of(
            fit.stream, fit.plan, PhaseReporter(model.callbacks, "reading"), classifies=model._classifies
        )
        found = prepared(model, survey, fit.stream.target, encodings)
        reporter = PhaseReporter(model.callbacks, "encoding", survey.n_rows)
        table = encode_rows(model, fit.stream, survey, found, folder.path, folder.fingerprint, reporter)
        folder.store_table(survey, found, table)
    else:
        survey, found, table = stored.restored(model)
    results = _trained(fit, survey, found, table, seeds[:-1], int(seeds[-1]))
    _keep(fit, survey, found, table, results)
    folder.complete(was_interrupted=model._end == INTERRUPTED and len(results.members) < len(fit.recipes))


def _trained(
    fit: StreamFit, survey: Survey, found: Prepared, table: EncodedTable, seeds: Any, seed_of_companions: int
) -> Trained:
    """Train the models beside the networks on the sample, and then one network of each kind on all rows."""
    model, n_networks = fit.model, len(fit.recipes)
    budget = None
    if model.max_time is not None:
        # One network after another, each on all cores.
        budget = Budget.of(model.max_time, time.perf_counter() - fit.began, 1)
        budget.n_waiting = n_networks
        budget.tasks = dict.fromkeys(filter(None, [*BESIDE, *BESIDE.values()]), 1)
    n_all = n_networks + len(BESIDE)
    beside = run_members(model, _members_beside(found, seed_of_companions, budget), 0, n_all)
    weight = balanced_weight(model, survey.targets.counts) if model._classifies else None
    training = StreamTraining(model, table, found, weight, fit.plan.window_bytes, fit.folder.path)
    networks: list[FoldResult[TrainedMember]] = []
    fewest = np.inf
    model._end = OVER
    for recipe, seed in zip(fit.recipes, seeds.tolist(), strict=True):
        deadline = np.inf if budget is None else time.monotonic() + budget.begin()
        member, n_passes = training.train(recipe, seed, deadline)
        networks.append(member)
        _notify(model, recipe.name, member, len(BESIDE) + len(networks), n_all, fit.began)
        if member.part.network._training_state.reason == "interrupted":
            model._end = INTERRUPTED
            warn(
                f"training was interrupted in network {len(networks)} of {n_networks}; the model holds those so far.",
                InterruptedTrainingWarning,
            )
            break
        fewest = min(fewest, n_passes)
    if fewest < 1 and model.max_time is not None:
        warn(
            f"the time was enough for {fewest:.0%} of one pass over the rows. Increase {argument('max_time')}.",
            ParameterWarning,
        )
    companions: dict[str, list[Any]] = {each.part.name: [each] for each in beside if each is not None}
    return Trained(networks, companions)


def _members_beside(found: Prepared, seed: int, budget: Budget | None) -> list[Member]:
    """Return the models beside the networks as members of a pack; they are trained on the sample."""
    openmp_libraries()
    folds = encoded_folds(found.problem, 0, [each for each in BESIDE.values() if each], budget)
    return [
        Member((name, 0), companion_member(found.problem, name, 0, folds.get(encoding), seed, budget))
        for name, encoding in BESIDE.items()
    ]


def _notify(model: Any, name: str, member: FoldResult[TrainedMember], n_done: int, n_all: int, began: float) -> None:
    outcome = MemberOutcome((name, 0), member, seconds=member.part.seconds)
    for callback in model.callbacks:
        callback(MemberEnded(outcome, n_done, n_all, time.perf_counter() - began))


def _keep(fit: StreamFit, survey: Survey, found: Prepared, table: EncodedTable, results: Trained) -> None:
    """Set the fitted attributes."""
    model = fit.model
    model._is_series = False
    model._surroundings, model._single_rows = table.surroundings, SingleRows()
    model._n_training_rows = [survey.n_training]
    model._sample_rows = found.n_sample if found.n_sample < survey.n_training else None
    keep_results(model, found.problem.validated(), results, found.encoded, fit.is_over)
    set_names(model, found.problem.rows)
