"""The training of a table model on a folder, or a file that is read block by block, and its report."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from multilayer.cli.config import SETTINGS_FILE, settings_text
from multilayer.cli.console import Output
from multilayer.cli.evaluation.evaluation import summary_table
from multilayer.cli.evaluation.run import columns_table
from multilayer.cli.evaluation.table_models import table_models_in_words
from multilayer.cli.evaluation.tasks import TASKS
from multilayer.cli.evaluation.training import unless_expected
from multilayer.cli.folder import MODEL_FILE, OutputFolder
from multilayer.cli.limits import SHARE_OF_TRAINING, Deadline
from multilayer.cli.output.model_file import card_of, tell_how_to_predict
from multilayer.cli.phases import PhaseWatch, phases_display
from multilayer.cli.progress import waiting
from multilayer.cli.source import Source
from multilayer.cli.text import count
from multilayer.exceptions import InputError, unknown_name
from multilayer.tables import TargetInfo, encode_target
from multilayer.tables.models import available_memory

_ROWS_OF_TARGET = 100_000  # from which the task is inferred, or more if they have one value only
_MOST_COLUMNS = 12  # that are printed


@dataclass(frozen=True)
class StreamedSettings:
    """The options of a table model that is trained block by block."""

    preset: str
    with_trees: bool
    seed: int
    memory: str | None
    scratch: Path | None

    @property
    def name(self) -> str:
        """What tables and sentences call the model."""
        return "model" if self.with_trees else "network"


def is_streamed(source: Source, memory: str | None, scratch: Path | None) -> bool:
    """Whether a table is read block by block: a folder, and a file with --memory or --scratch."""
    return memory is not None or scratch is not None or source.file.is_dir()


def check_file_fits(source: Source) -> None:
    """Raise ClickException for a file that is larger than the memory that is available."""
    try:
        n_bytes = os.path.getsize(source.file)
    except OSError:
        return  # the reader reports it
    free = available_memory()
    if not source.is_standard_input and n_bytes > free:
        raise click.ClickException(
            f"{source.label}: has {n_bytes / 1e9:,.1f} GB, and {free / 1e9:,.1f} GB of memory are available. Train on "
            f"it block by block: multilayer train {source.name} --memory {max(free // (2 * 10**9), 1)}GB."
        )


def train_streamed(
    source: Source, settings: StreamedSettings, deadline: Deadline, output: Output, out: OutputFolder | None
) -> None:
    """Train a table model block by block, print its scores on the validation rows, and write it."""
    if source.is_standard_input:
        raise click.UsageError("--memory and --scratch need a file or a folder, because the rows are read twice.")
    if source.target is None:
        raise InputError("name the column to predict with --target.")
    with waiting(output, f"reading {source.name}"):
        stream = source.open_stream(source.target)
    _check_names(source, stream.names)
    info = _target_info(source, stream, output)
    output.say(f"{source.name}: {count(len(stream.names), 'column')} and the target, read block by block.")
    output.say(f"Task: {info.task}. {info.reason}")
    task = TASKS[info.task]
    unused = dict.fromkeys([*source.ignore, *([source.id] if source.id is not None else [])])
    limit = deadline.seconds_for(SHARE_OF_TRAINING, "the table model was trained")
    with (
        output.noting_warnings(lambda warning: unless_expected(warning, str(warning))),
        phases_display(output) as watch,
    ):
        model: Any = task.table_model(
            preset=settings.preset,  # type: ignore[arg-type]
            with_trees=settings.with_trees,
            random_state=settings.seed,
            memory=settings.memory,
            scratch=settings.scratch,
            max_time=limit,
            identifiers=list(unused),
            callbacks=[watch],
        )
        model.fit(stream, source.target)
    if output.was_interrupted:
        again = "; the same command resumes the training" if settings.scratch is not None else ""
        done = count(len(model.members_), "network")
        output.note(f"interrupted: the scores are those of its {done} trained so far{again}")
    _print_notes(model, output)
    n_rows = _report(model, watch, settings, task, output)
    if out is None:
        output.blank()
        output.say("Nothing was written. With --out DIR there is the model.")
        return
    output.blank()
    out.write(SETTINGS_FILE, settings_text(click.get_current_context()))
    card = card_of(source, source.target, info.task, "train", n_rows)
    path = out.write_model(MODEL_FILE, model.set_params(callbacks=()), card, None)
    tell_how_to_predict(output, path)
    output.say("Written:")
    output.lines([str(each) for each in out.written])


def _check_names(source: Source, names: Sequence[str]) -> None:
    for what, name in [*(("column to ignore", each) for each in source.ignore), ("id column", source.id)]:
        if name == source.target:
            raise InputError(f"{name!r} is the target, and cannot be the {what} too. Name another column.")
        if name is not None and name not in names:
            raise InputError(str(unknown_name(what, name, list(names))))


def _target_info(source: Source, stream: Any, output: Output) -> TargetInfo:
    """The task, from the targets of the first rows that have at least two different ones."""
    values: list[Any] = []
    is_part = False
    with waiting(output, f"reading {source.name}"):
        for block in stream.blocks():
            is_part = len(values) >= _ROWS_OF_TARGET
            if is_part and len(set(values)) > 1:
                break
            # Of many rows with one value, those first ones and the last block are kept.
            values = values[:_ROWS_OF_TARGET] + block.target.to_pylist()
    info = encode_target(values if isinstance(values[0], str) else np.array(values), source.task, name=source.target)
    return replace(info, reason=f"{info.reason} (By the first {len(values):,} rows.)") if is_part else info


def _print_notes(model: Any, output: Output) -> None:
    """Print the notes on the files and the cells, and remove them from the model, which would state them again."""
    for note in model.columns_.notes:
        output.note(note)
    for member in model.members_:
        member.encoder.columns_.notes = ()


def _report(model: Any, watch: PhaseWatch, settings: StreamedSettings, task: Any, output: Output) -> int:
    """Print rows, networks, passes, speed and scores; return the number of rows."""
    n_validated = len(model.oof_proba_ if task is TASKS["classification"] else model.oof_prediction_)
    n_training = model._n_training_rows[0]
    output.say(
        f"Split: {n_training:,} rows to train on, {n_validated:,} validation rows, chosen by a hash of each row."
    )
    output.say(f"Trained {table_models_in_words({0: model}, {0: model.fit_time_})}.")
    passes = [f"{name} in {n_rows / n_training:.1f} passes" for name, n_rows in watch.trained.items()]
    output.say(
        f"The networks were trained one after another: {', '.join(passes)}, {watch.rows_per_second:,.0f} rows a second."
    )
    table, verdict = summary_table(task, model, settings.name)
    if verdict:
        output.blank()
        output.say(verdict)
    output.table(table, result=True)
    columns = model.columns_
    most = len(columns) if output.has_all_columns else _MOST_COLUMNS
    output.table(columns_table(columns, most))
    return int(n_training + n_validated)
