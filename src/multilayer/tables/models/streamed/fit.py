"""The fit of a table model on a dataset: two passes over the rows, the training by windows, and the results."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from multilayer._checks import check_seed
from multilayer.engines import at_most, checked_jobs
from multilayer.engines.warmup import warmup
from multilayer.exceptions import (
    DataFileError,
    InputError,
    InterruptedTrainingWarning,
    ParameterError,
    ParameterWarning,
    argument,
)
from multilayer.fits.errors import warn
from multilayer.fits.rows import ValidationArguments
from multilayer.packs import Member, MemberEnded, MemberOutcome
from multilayer.tables._arrow import import_pyarrow
from multilayer.tables.models.budget import Budget
from multilayer.tables.models.companions import BESIDE, companion_member
from multilayer.tables.models.encoded_folds import encoded_folds
from multilayer.tables.models.fitting import MAX_SEED, Trained, keep_results, run_members, set_names
from multilayer.tables.models.memory import (
    MemoryPlan,
    checked_memory,
    memory_plan,
    release_memory,
    resident_memory,
)
from multilayer.tables.models.openmp import openmp_libraries
from multilayer.tables.models.problem import FoldResult
from multilayer.tables.models.recipes import Recipe, recipes_of
from multilayer.tables.models.rows import checked_identifiers
from multilayer.tables.models.single_rows import SingleRows
from multilayer.tables.models.streamed.encoding import EncodedTable, encode_rows, formats_of
from multilayer.tables.models.streamed.networks import StreamTraining, window_rows
from multilayer.tables.models.streamed.passes import store_passes, stored_passes
from multilayer.tables.models.streamed.preparing import Prepared, balanced_weight, fitted, prepared
from multilayer.tables.models.streamed.progress import PhaseReporter
from multilayer.tables.models.streamed.scratch_folder import ScratchFolder, scratch_folder
from multilayer.tables.models.streamed.spelled import accept_text
from multilayer.tables.models.streamed.survey import Survey, survey_of
from multilayer.tables.models.summary import INTERRUPTED, OVER
from multilayer.tables.models.training import TrainedMember
from multilayer.tables.streaming.source import TableStream, open_stream

# Those of open_stream.
OPTIONS_OF_READING = ("separator", "decimal", "encoding", "date_format", "text_columns")


@dataclass(frozen=True, eq=False)
class StreamFit:
    """A fit on a dataset.

    Attributes
    ----------
    model : TableClassifier or TableRegressor
        The model, of which the parameters are set.
    stream : TableStream
        The dataset.
    folder : ScratchFolder
        Where the encoded rows and the checkpoints are, with the plan and the seeds.
    recipes : sequence of Recipe
        The kinds of networks.
    began : float
        The beginning of the fit, by ``time.perf_counter()``.
    """

    model: Any
    stream: TableStream
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


def is_dataset(X: Any) -> bool:
    """Return whether X is a path, a dataset of pyarrow or a result of open_stream, which are read in blocks."""
    if isinstance(X, str | os.PathLike | TableStream):
        return True
    return any(each.__name__ == "Dataset" and each.__module__.startswith("pyarrow") for each in type(X).__mro__)


def fit_dataset(model: Any, X: Any, y: Any, sample_weight: Any, own: ValidationArguments, began: float) -> None:
    """Fit a table model, of which only the parameters are set, on a dataset; the arguments are those of ``fit``."""
    _check_arguments(model, y, sample_weight, own)
    recipes = recipes_of(model.preset, classifies=model._classifies)
    memory = checked_memory(model.memory)
    checked_identifiers(model.identifiers)
    import_pyarrow("fitting on a dataset")
    warmup(("dense", "embedded"), ("float32",))  # the machine code of the networks is a part of the base
    base = resident_memory()
    with _naming_open_stream():
        stream = X if isinstance(X, TableStream) else open_stream(X, y)
    release_memory()
    if stream.target != y:
        raise InputError(f"y is {y!r}, and the table was opened with the target {stream.target!r}. Pass one name.")

    def new_seeds() -> NDArray[Any]:
        random_state = check_random_state(check_seed("random_state", model.random_state))
        return np.asarray(random_state.randint(MAX_SEED, size=len(recipes) + 1))

    def new_plan() -> MemoryPlan:
        return memory_plan(memory, len(stream.names) + 1, base)

    reading = nullcontext() if isinstance(X, TableStream) else _naming_open_stream()
    folders = scratch_folder(model, stream, new_plan, new_seeds)
    with reading, folders as folder, at_most(checked_jobs(model.n_jobs)):
        stream = stream.limited(folder.plan.block_rows, folder.plan.block_bytes)
        _fit(StreamFit(model, stream, folder, recipes, began))
    model.fit_time_ = time.perf_counter() - began


@contextmanager
def _naming_open_stream() -> Iterator[None]:
    """Add to errors that advise an option of reading how a fit takes it."""
    try:
        yield
    except (DataFileError, InputError) as error:
        option = next((each for each in OPTIONS_OF_READING if f"{each}=" in str(error)), None)
        if option is None:
            raise
        raise type(error)(
            f"{error} To fit with {option}=..., pass open_stream(path, target, {option}=...) in place of the path."
        ) from None


def warn_of_options_of_datasets(model: Any) -> None:
    """Warn of parameters that have no effect for a table in memory."""
    for name in ("memory", "scratch"):
        if getattr(model, name) is not None:
            warn(
                f"{argument(name)} has no effect for a table that is in memory already. Pass the path of its file or "
                f"folder to fit, or leave {argument(name)} at None.",
                ParameterWarning,
            )


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
    survey, found, table = _tables(fit)
    results = _trained(fit, survey, found, table)
    _keep(fit, survey, found, table, results)
    if not (fit.folder.is_kept and fit.model._end == INTERRUPTED):
        fit.folder.remove()


def _tables(fit: StreamFit) -> tuple[Survey, Prepared, EncodedTable]:
    """Make the two passes over the rows, or take their results from a killed fit."""
    model, stream, folder = fit.model, fit.stream, fit.folder
    passes = stored_passes(folder)
    if passes is not None:
        found = prepared(model, passes.survey, stream.target, passes.encoders, passes.identifiers)
        return passes.survey, found, passes.table(found)
    survey = survey_of(stream, folder.plan, PhaseReporter(model.callbacks, "reading"), classifies=model._classifies)
    found = fitted(model, survey, stream.target, [recipe.encoding for recipe in fit.recipes])
    survey = replace(survey, summary=None)
    for form in formats_of(model, found.encoders).values():
        window_rows(model, form, folder.plan)  # before the long second pass
    release_memory()
    reporter = PhaseReporter(model.callbacks, "encoding", survey.n_rows)
    table = encode_rows(model, stream, survey, found, folder, reporter)
    if folder.is_kept:
        store_passes(folder, survey, found, table)
    return survey, found, table


def _trained(fit: StreamFit, survey: Survey, found: Prepared, table: EncodedTable) -> Trained:
    """Train the models beside the networks on the sample, and then one network of each kind on all rows."""
    model, n_networks = fit.model, len(fit.recipes)
    *seeds, seed_of_companions = fit.folder.seeds
    release_memory()
    budget = None
    if model.max_time is not None:
        # One network after another, each on all cores.
        budget = Budget.of(model.max_time, time.perf_counter() - fit.began, 1)
        budget.n_waiting = n_networks
        budget.tasks = dict.fromkeys(filter(None, [*BESIDE, *BESIDE.values()]), 1)
    n_all = n_networks + len(BESIDE)
    beside = run_members(model, _members_beside(found, seed_of_companions, budget), 0, n_all, in_threads=True)
    weight = balanced_weight(model, survey.targets.counts) if model._classifies else None
    training = StreamTraining(model, table, found, weight, fit.folder)
    networks: list[FoldResult[TrainedMember]] = []
    fewest = np.inf
    model._end = OVER
    for recipe, seed in zip(fit.recipes, seeds, strict=True):
        release_memory()
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
    model.__dict__.pop("_sample_rows", None)
    if found.n_sample < survey.n_training:
        model._sample_rows = found.n_sample
    keep_results(model, found.problem.validated(), results, found.encoded, fit.is_over)
    accept_text(model, fit.stream.spelled)
    set_names(model, found.problem.rows)
