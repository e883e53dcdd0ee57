"""PlayData: the rows that a network of the playground learns from, and the code that makes them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from multilayer._checks import check_choice, check_integer, check_real, check_seed
from multilayer.exceptions import ParameterError, argument
from multilayer.playground.data.shapes import BLOB_CENTRES, SHAPES, Shape, make_shape

LEAST_ROWS, MOST_ROWS = 20, 20_000
MOST_NOISE = 2.0
MOST_VALIDATION = 0.9


@dataclass(frozen=True)
class PlayColumn:
    """A column of the data as it was given.

    Attributes
    ----------
    name : str
        The name.
    kind : {"number", "Boolean", "text", "date", "time", "duration", "empty"}
        The kind of the values.
    missing : int
        The number of training rows without a value.
    inputs : tuple of int
        The numbers of the network's inputs that the column became, from 0; empty for a dropped column.
    """

    name: str
    kind: str
    missing: int
    inputs: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class PlayData:
    """Training and validation rows.

    Attributes
    ----------
    name : str
        The name of the shape, or "table".
    title : str
        The name in a sentence.
    task : {"classification", "regression"}
        Whether y holds labels or amounts.
    X, y : arrays of shape (m, s_1) and (m,)
        The training rows, float64, and their labels or amounts.
    X_val, y_val : arrays or None
        The validation rows; None without.
    class_names : tuple of str
        The labels as text, in sorted order; empty for amounts.
    target_name : str
        What y is called.
    columns : tuple of PlayColumn
        The columns as they were given, without the target.
    inputs : tuple of str
        The names of the s_1 inputs.
    is_table : bool
        Whether the rows are from a table.
    notes : tuple of str
        Sentences on how the data were read.
    encoder : TableEncoder or None
        The fitted encoder of a table.
    python_lines : tuple of str
        Code that makes X, X_val, y and y_val with public names alone.
    fingerprint : str
        Equal data, made in the same way, have the same fingerprint.
    table, table_val : pyarrow.Table or None
        The columns of the training and validation rows of a table before encoding.
    """

    name: str
    title: str
    task: Literal["classification", "regression"]
    X: NDArray[np.float64]
    y: NDArray[Any]
    X_val: NDArray[np.float64] | None
    y_val: NDArray[Any] | None
    class_names: tuple[str, ...]
    target_name: str
    columns: tuple[PlayColumn, ...]
    inputs: tuple[str, ...]
    is_table: bool
    notes: tuple[str, ...]
    encoder: Any
    python_lines: tuple[str, ...]
    fingerprint: str
    table: Any = field(default=None, repr=False)
    table_val: Any = field(default=None, repr=False)

    @cached_property
    def classes(self) -> NDArray[Any] | None:
        """The labels in sorted order, as ``classes_`` of a fitted classifier; None for amounts."""
        return np.unique(self.y) if self.task == "classification" else None

    @cached_property
    def targets(self) -> NDArray[Any]:
        """The class number or the amount of each training row."""
        return self._targets(self.y)

    @cached_property
    def targets_val(self) -> NDArray[Any] | None:
        """The class number or the amount of each validation row."""
        return None if self.y_val is None else self._targets(self.y_val)

    def _targets(self, y: NDArray[Any]) -> NDArray[Any]:
        return y if self.classes is None else np.searchsorted(self.classes, y).astype(np.int64)


def shape_data(
    name: str, rows: int = 500, noise: float | None = None, seed: int = 0, validation_fraction: float = 0.3
) -> PlayData:
    """Return the data of a shape, divided into training and validation rows.

    Parameters
    ----------
    name : str
        One of :data:`SHAPES`.
    rows : int, default=500
        The number of rows in all, from 20 to 20,000.
    noise : float or None, default=None
        The noise, from 0 to 2; None for the one that suits the shape.
    seed : int, default=0
        The seed of the rows and of their division.
    validation_fraction : float, default=0.3
        The share of validation rows, from 0 to 0.9; each class has the same share.

    Returns
    -------
    PlayData
        The data.

    Raises
    ------
    ParameterError
        For an unknown name, an argument out of its range, or fewer training or validation rows than classes.

    Examples
    --------
    >>> data = shape_data("moons", rows=100)
    >>> data.X.shape, data.X_val.shape
    ((70, 2), (30, 2))
    >>> for line in data.python_lines:
    ...     print(line)
    from sklearn.datasets import make_moons
    from sklearn.model_selection import train_test_split
    <BLANKLINE>
    X, y = make_moons(n_samples=100, noise=0.2, random_state=0)
    X, X_val, y, y_val = train_test_split(X, y, test_size=0.3, stratify=y, random_state=0)
    """
    shape = SHAPES[check_choice("shape", name, list(SHAPES))]
    rows = int(check_real("rows", check_integer("rows", rows, LEAST_ROWS), LEAST_ROWS, MOST_ROWS))
    noise = check_real("noise", shape.noise if noise is None else noise, 0, MOST_NOISE)
    seed = checked_seed(seed)
    fraction = checked_fraction(validation_fraction)
    X, y = make_shape(name, rows, noise, seed)
    is_classes = shape.task == "classification"
    X, X_val, y, y_val = divided(X, y, fraction, seed, stratified=is_classes)
    making, imports = _making_line(shape, rows, noise, seed)
    dividing = dividing_lines(fraction, seed, stratified=is_classes)
    if fraction:
        imports += ["from sklearn.model_selection import train_test_split"]
    key = repr((name, rows, noise, seed, fraction))
    return PlayData(
        name=name,
        title=shape.title,
        task=shape.task,
        X=X,
        y=y,
        X_val=X_val,
        y_val=y_val,
        class_names=tuple(map(str, np.unique(y).tolist())) if is_classes else (),
        target_name="class" if is_classes else "height",
        columns=(PlayColumn("x", "number", 0, (0,)), PlayColumn("y", "number", 0, (1,))),
        inputs=("x", "y"),
        is_table=False,
        notes=(),
        encoder=None,
        python_lines=(*sorted(imports), "", making, *dividing),
        fingerprint=hashlib.blake2b(key.encode(), digest_size=16).hexdigest(),
    )


def sorted_by_target(data: PlayData) -> PlayData:
    """Return the data with the training rows in the order of their targets."""
    order = data.targets.argsort(kind="stable")
    table = None if data.table is None else data.table.take(order)
    lines = (*data.python_lines, 'order = y.argsort(kind="stable")', "X, y = X[order], y[order]")
    fingerprint = f"{data.fingerprint}-sorted"
    return replace(data, X=data.X[order], y=data.y[order], table=table, python_lines=lines, fingerprint=fingerprint)


def _making_line(shape: Shape, rows: int, noise: float, seed: int) -> tuple[str, list[str]]:
    """Return the line that makes X and y, and the import that it needs."""
    if not shape.maker.__module__.startswith("sklearn."):
        call = f"make_shape({shape.name!r}, n_samples={rows}, noise={noise!r}, random_state={seed})"
        return f"X, y = {call}", ["from multilayer.playground import make_shape"]
    maker = shape.maker.__name__
    options = "".join(f", {name}={_plain(value)!r}" for name, value in shape.options.items())
    call = f"{maker}(n_samples={rows}, {shape.noise_argument}={noise!r}, random_state={seed}{options})"
    return f"X, y = {call}", [f"from sklearn.datasets import {maker}"]


def _plain(value: Any) -> Any:
    return list(value) if value is BLOB_CENTRES else value


def checked_fraction(value: Any) -> float:
    """Return a valid share of validation rows."""
    return check_real("validation_fraction", value, 0, MOST_VALIDATION)


def checked_seed(value: Any) -> int:
    """Return a valid seed, which must be an integer: data must come out the same again."""
    if value is None or not isinstance(value, int | np.integer):
        check_integer("seed", value, 0)
    return int(check_seed("seed", value))


def divided(
    X: Any, y: NDArray[Any], fraction: float, seed: int, *, stratified: bool
) -> tuple[Any, Any, NDArray[Any], NDArray[Any] | None]:
    """Divide rows into training and validation rows as :func:`dividing_lines` says.

    ``X`` may be an array, or the row numbers of a table.

    Raises
    ------
    ParameterError
        If a part would have fewer rows than there are classes, or no row of a class would be left for training.
    """
    if not fraction:
        return X, None, y, None
    n_validation = int(np.ceil(fraction * len(y)))
    n_classes = len(np.unique(y)) if stratified else 2  # R² needs two amounts
    for n, part in ((n_validation, "validation"), (len(y) - n_validation, "training")):
        if n < n_classes:
            wanted = f"a row of each of the {n_classes} classes" if stratified else "2"
            raise ParameterError(
                f"{argument('validation_fraction')}={fraction:g} leaves {n} of {len(y):,} rows for {part}, which needs "
                f"at least {wanted}. {_other_fraction(len(y), n_classes)}"
            )
    X, X_val, y_train, y_val = train_test_split(
        X, y, test_size=fraction, stratify=y if stratified else None, random_state=seed
    )
    if stratified and len(np.unique(y_train)) < n_classes:
        missing = np.setdiff1d(y_val, y_train)[0]
        raise ParameterError(
            f"{argument('validation_fraction')}={fraction:g} leaves no training row of the class {missing.item()!r}. "
            "Choose a smaller share."
        )
    return X, X_val, y_train, y_val


def _other_fraction(n_rows: int, n_classes: int) -> str:
    least, most = n_classes / n_rows, 1 - n_classes / n_rows
    if least > min(most, MOST_VALIDATION):
        return "Choose 0 for no validation rows."
    # Rounded inwards, so that the bounds themselves are valid.
    low, high = np.ceil(least * 100) / 100, min(np.floor(most * 100) / 100, MOST_VALIDATION)
    return f"Choose a share from {low:g} to {high:g}, or 0 for no validation rows."


def dividing_lines(fraction: float, seed: int, *, stratified: bool, X: str = "X") -> Sequence[str]:
    """Return the code that divides the rows; ``X`` is the name of what is divided together with y."""
    if not fraction:
        return [f"{X}_val = y_val = None"]
    stratify = "stratify=y, " if stratified else ""
    division = f"train_test_split({X}, y, test_size={fraction!r}, {stratify}random_state={seed})"
    return [f"{X}, {X}_val, y, y_val = {division}"]
