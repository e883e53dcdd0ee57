"""table_data: from a table in a file to the rows that a network of the playground learns from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer._checks import check_integer
from multilayer.exceptions import InputError, argument
from multilayer.playground.data.play_data import (
    PlayColumn,
    PlayData,
    checked_fraction,
    checked_seed,
    divided,
    dividing_lines,
)
from multilayer.playground.data.table_source import Reading, Source, note_sentences, table_of
from multilayer.tables import (
    TableEncoder,
    TargetInfo,
    data_fingerprint,
    encode_target,
    row_identifiers,
    split_target,
)
from multilayer.tables.models.parts import columns_in

MOST_ROWS = 100_000
LEAST_ROWS = 10
LARGEST_AMOUNT = 1e100
MOST_CLASSES = 50
MOST_INPUTS = 2000
MOST_ENTRIES = 50_000_000
_MOST_NAMED = 5  # columns in a note


@dataclass(frozen=True, eq=False)
class _Selection:
    """The rows of a table that are used, their targets, and how they were selected."""

    rows: NDArray[np.intp]
    y: NDArray[Any]
    lines: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def table_data(
    source: Source,
    target: str,
    *,
    validation_fraction: float = 0.3,
    seed: int = 0,
    task: str = "auto",
    max_rows: int = MOST_ROWS,
    file_name: str | None = None,
    reading: Reading | None = None,
) -> PlayData:
    """Read a table, divide it into training and validation rows, and encode its columns as numbers.

    The file is read by :func:`~multilayer.tables.read_table`, the task chosen by
    :func:`~multilayer.tables.encode_target`.  Rows without a target are dropped.  The
    :class:`~multilayer.tables.TableEncoder` is fitted on the training rows alone; columns that only identify rows are
    dropped unless no other column is left.  Amounts are not scaled: train on them with
    ``MLPRegressor(standardize_targets=True)``.

    Parameters
    ----------
    source : str, path, binary file object or pyarrow.Table
        The file, or the table that :func:`~multilayer.tables.read_table` returns for it.
    target : str
        The column to predict.
    validation_fraction : float, default=0.3
        The share of validation rows, from 0 to 0.9.  Each class has the same share; a class with a single row is
        dropped unless the share is 0.
    seed : int, default=0
        The seed of the division.
    task : {"auto", "classification", "regression"}, default="auto"
        The task.
    max_rows : int, default=100,000
        Of a longer table, a random sample of so many rows is used.
    file_name : str or None, default=None
        The name of the file in ``python_lines``; by default that of ``source``, or "table.csv".
    reading : mapping, optional
        Options of :func:`~multilayer.tables.read_table`, such as ``{"decimal": ","}``.

    Returns
    -------
    PlayData
        The data.

    Raises
    ------
    DataFileError
        If the file cannot be read as a table.
    InputError
        For an unknown target column; for a target of one value, of too many classes, or that cannot be predicted; for
        fewer than 10 rows, or more than 2,000 inputs; and if no column can be used.
    ParameterError
        For an invalid argument, and for a share that leaves too few rows of a class.

    Examples
    --------
    >>> import io
    >>> file = io.BytesIO(b"size,town,price\\n" + b"50,Ulm,1.5\\n70,Bonn,2.5\\n,Ulm,2.25\\n" * 10)
    >>> data = table_data(file, "price", file_name="flats.csv")
    >>> data.inputs
    ('size', 'size=(gap)', 'town=Bonn', 'town=Ulm')
    >>> for line in data.python_lines:
    ...     print(line)
    from multilayer.tables import TableEncoder, encode_target, read_table, split_target
    from sklearn.model_selection import train_test_split
    <BLANKLINE>
    features, column = split_target(read_table('flats.csv'), 'price')
    target = encode_target(column, drop_gaps=True)
    rows, y = target.rows, target.y
    rows, rows_val, y, y_val = train_test_split(rows, y, test_size=0.3, random_state=0)
    encoder = TableEncoder(identifiers=[], row_numbers='drop', text='typed')
    X = encoder.fit_transform(features.take(rows))
    X_val = encoder.transform(features.take(rows_val))
    """
    fraction, seed = checked_fraction(validation_fraction), checked_seed(seed)
    check_integer("max_rows", max_rows, LEAST_ROWS)
    file = file_name or (str(source) if isinstance(source, str | os.PathLike) else "table.csv")
    table = table_of(source, reading)
    features, column = split_target(table, target)
    info = encode_target(column, task, name=target, drop_gaps=True)
    selection = _selected(info, target, fraction, seed, max_rows)
    is_classes = info.task == "classification"
    rows, rows_val, y, y_val = divided(selection.rows, selection.y, fraction, seed, stratified=is_classes)
    identifiers = _dropped_identifiers(features)
    encoder = TableEncoder(identifiers=identifiers, row_numbers="drop", text="typed")
    train, val = features.take(rows), None if rows_val is None else features.take(rows_val)
    encoder.fit(train)
    _check_width(encoder, len(selection.y))
    X = np.asarray(encoder.transform(train), dtype=np.float64)
    X_val = None if val is None else np.asarray(encoder.transform(val), dtype=np.float64)
    lines = [
        *_reading_lines(file, target, task, selection, reading or {}),
        *dividing_lines(fraction, seed, stratified=is_classes, X="rows"),
        *_encoding_lines(identifiers, has_validation=fraction > 0),
    ]
    return PlayData(
        name="table",
        title=Path(file).name,
        task=info.task,
        X=X,
        y=y,
        X_val=X_val,
        y_val=y_val,
        class_names=tuple(map(str, np.unique(y).tolist())) if is_classes else (),
        target_name=target,
        columns=_columns(encoder),
        inputs=tuple(map(str, encoder.get_feature_names_out())),
        is_table=True,
        notes=(*_reading_sentences(table, info, column), *selection.notes, *_dropped_columns(encoder)),
        encoder=encoder,
        python_lines=(*_imports(lines), "", *lines),
        fingerprint=_fingerprint(features, column, (target, info.task, fraction, seed, max_rows)),
        table=train,
        table_val=val,
    )


def _selected(info: TargetInfo, target: str, fraction: float, seed: int, max_rows: int) -> _Selection:
    """Return the rows that are used: at most ``max_rows``, and of each class two if there are validation rows."""
    rows, y, lines, notes = info.rows, info.y, [], []
    if len(y) > max_rows:
        chosen = np.sort(np.random.default_rng(seed).choice(len(y), max_rows, replace=False))
        rows, y = rows[chosen], y[chosen]
        lines += [
            f"chosen = np.sort(np.random.default_rng({seed}).choice(len(y), {max_rows}, replace=False))",
            "rows, y = rows[chosen], y[chosen]",
        ]
        notes += [f"Of {len(info.y):,} rows a random sample of {max_rows:,} is used."]
    if info.task == "classification" and fraction:
        labels, numbers, counts = np.unique(y, return_inverse=True, return_counts=True)
        if counts.min() == 1:
            kept = counts[numbers] > 1
            rows, y = rows[kept], y[kept]
            lines += [
                "labels, numbers, counts = np.unique(y, return_inverse=True, return_counts=True)",
                "rows, y = rows[counts[numbers] > 1], y[counts[numbers] > 1]",
            ]
            notes += [_single_rows_note(labels[counts == 1].tolist())]
    _check_rows(y, info.task, target)
    return _Selection(rows, y, tuple(lines), tuple(notes))


def _single_rows_note(labels: list[Any]) -> str:
    said = ", ".join(repr(label) for label in labels[:_MOST_NAMED])
    more = f" and {len(labels) - _MOST_NAMED} more" if len(labels) > _MOST_NAMED else ""
    if len(labels) == 1:
        return f"The class {said} is not used: it has a single row, and training and validation need one each."
    return (
        f"{len(labels)} classes are not used: each has a single row, and training and validation need one each "
        f"({said}{more})."
    )


def _check_rows(y: NDArray[Any], task: str, target: str) -> None:
    if len(y) < LEAST_ROWS:
        raise InputError(
            f"target {target!r} leaves {len(y)} rows, but the playground needs at least {LEAST_ROWS}. Use a longer "
            "table, or another target."
        )
    if task != "classification":
        largest = float(np.abs(y.astype(np.float64)).max())
        if largest > LARGEST_AMOUNT:
            raise InputError(
                f"target {target!r} has amounts up to {largest:.0e}, whose squares are too large to compute with. Use "
                "another unit, or the logarithm."
            )
        return
    n_classes = len(np.unique(y))
    if n_classes < 2:
        raise InputError(f"target {target!r} has a single class with more than one row. Choose another column.")
    if n_classes > MOST_CLASSES:
        amounts = f" Pass {argument('task', 'regression')} if they are amounts." if y.dtype.kind in "iu" else ""
        raise InputError(
            f"target {target!r} has {n_classes:,} classes, but the playground shows at most {MOST_CLASSES}. Choose "
            f"another column.{amounts}"
        )


def _check_width(encoder: TableEncoder, n_rows: int) -> None:
    """Raise an InputError for a table that is too wide to be drawn, or too large to be kept."""
    width = len(encoder.get_feature_names_out())
    if width > MOST_INPUTS or width * n_rows > MOST_ENTRIES:
        raise InputError(
            f"the columns of the table become {width:,} inputs in {n_rows:,} rows, but the playground takes at most "
            f"{MOST_INPUTS:,} inputs and {MOST_ENTRIES:,} numbers in all. Remove columns, those of text with many "
            "categories first, or rows."
        )


def _dropped_identifiers(features: Any) -> list[str]:
    """Return the columns that only identify rows; none if they are all that there is."""
    found = row_identifiers(features, text="typed")
    return [] if len(found) == len(features.column_names) else list(found)


def _columns(encoder: TableEncoder) -> tuple[PlayColumn, ...]:
    places = columns_in(encoder)
    return tuple(
        PlayColumn(
            report.name,
            report.kind,
            report.n_gaps,
            tuple(range(places[report.name].start, places[report.name].stop)) if report.width else (),
        )
        for report in encoder.columns_
    )


def _reading_lines(file: str, target: str, task: str, selection: _Selection, reading: Reading) -> Sequence[str]:
    chosen = "" if task == "auto" else f", {task!r}"
    options = "".join(f", {name}={value!r}" for name, value in reading.items())
    return [
        f"features, column = split_target(read_table({file!r}{options}), {target!r})",
        f"target = encode_target(column{chosen}, drop_gaps=True)",
        "rows, y = target.rows, target.y",
        *selection.lines,
    ]


def _encoding_lines(identifiers: list[str], *, has_validation: bool) -> Sequence[str]:
    return [
        f"encoder = TableEncoder(identifiers={identifiers!r}, row_numbers='drop', text='typed')",
        "X = encoder.fit_transform(features.take(rows))",
        "X_val = encoder.transform(features.take(rows_val))" if has_validation else "X_val = None",
    ]


def _imports(lines: Sequence[str]) -> Sequence[str]:
    """Return the imports that the code needs, in the order of a formatter."""
    code = "\n".join(lines)
    imports = ["import numpy as np", ""] if "np." in code else []
    imports += ["from multilayer.tables import TableEncoder, encode_target, read_table, split_target"]
    return imports + ["from sklearn.model_selection import train_test_split"] * ("train_test_split" in code)


def _reading_sentences(table: Any, info: TargetInfo, column: Any) -> Sequence[str]:
    """Return the notes of the reader, the reason for the task, and the number of rows without a target."""
    notes = [*note_sentences(table), info.reason]
    if n_gaps := len(column) - len(info.rows):
        is_gap = np.ones(len(column), dtype=np.bool_)
        is_gap[info.rows] = False
        first = int(is_gap.argmax()) + 1
        notes.append(
            f"1 row without a target is not used: data row {first}."
            if n_gaps == 1
            else f"{n_gaps:,} rows without a target are not used; the first is data row {first}."
        )
    return notes


def _dropped_columns(encoder: TableEncoder) -> Sequence[str]:
    dropped = [report for report in encoder.columns_ if not report.width]
    notes = [
        f"Column {report.name!r} is not used: {report.encoding.removeprefix('dropped: ')}."
        for report in dropped[:_MOST_NAMED]
    ]
    rest = len(dropped) - len(notes)
    return notes + ([f"{rest} more {'column is' if rest == 1 else 'columns are'} not used."] if rest else [])


def _fingerprint(features: Any, column: Any, options: tuple[Any, ...]) -> str:
    key = repr((data_fingerprint(features, column), *options))
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
