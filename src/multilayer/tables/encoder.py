"""TableEncoder: the columns of a raw table as one array of finite numbers."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from multilayer.estimators.documentation import DocumentedMixin
from multilayer.exceptions import InputError, MultilayerWarning, ParameterError, ShapeError
from multilayer.tables._arrow import PLURAL, import_pyarrow, kind_of, numbers, texts
from multilayer.tables._frames import Columns, columns_of
from multilayer.tables._identifiers import checked_identifiers
from multilayer.tables._names import missing_column, unique
from multilayer.tables._notes import ColumnNote
from multilayer.tables.encodings import ColumnReport, Encoding, Output, as_spelled
from multilayer.tables.fitting import Identifiers, Rules, fit_column


class TableEncoder(DocumentedMixin, TransformerMixin, BaseEstimator):
    """Encode a table or an array as numbers for a network; equal tables give equal arrays, whatever library holds them.

    ============  =========================================================================================
    a column of   becomes
    ============  =========================================================================================
    numbers       one column, ``(x - mean) / deviation`` (the population's), 0 at a gap
    Booleans      one column of 0 and 1, the share of True at a gap
    text          one column of 0 and 1 for each category, in alphabetical order; 0 in all of them at a gap.
                  Beyond ``max_categories``, the most frequent keep theirs and the others share a last one
    dates, times  seconds since 1970 (UTC), or since midnight, treated as numbers; then parts of the calendar
    gaps          where the fitting rows have gaps, one more column of 0 and 1 that marks them
    ============  =========================================================================================

    Parts of the calendar are those that more than 20 fitting rows can tell something of: the year (one column) and the
    month (sine and cosine of the place in the year) where the rows reach over a year, the day of the month (sine and
    cosine) over 62 days, the weekday (seven columns) over 14 days, the hour (sine and cosine) over two days, or for
    times of day over 12 hours.  They are read by the clock of the column's own time zone.

    Left out, and reported in ``columns_``: columns that hold one value, or numbers that differ by no more than their
    rounding; columns without any value; text that only tells rows apart (identifiers, free text).

    Numbers far outside the fitted range are drawn in, since a network would answer with a certainty for which it has no
    ground, and float32 may not hold them: beyond r deviations from the mean, z becomes ``r (2 - r / |z|)`` with its
    sign, and infinity ``2 r``.  r is 8, or that of the furthest fitting row; ``columns_`` holds the bounds.  In
    fitting, infinity is an error.

    Text of more than 20 different numbers with a few other words, which count as gaps, becomes numbers:
    :func:`read_table` has the rule.

    Rows to be transformed need the columns that were kept, by name and in any order; other columns are ignored.
    Columns without names, of arrays, are told by their place, and all of them are needed.  A category that was not seen
    in fitting counts as "other" where that column exists and sets nothing otherwise.  A column may be newly missing
    values.

    Parameters
    ----------
    max_categories : int, default=64
        Largest number of columns that the categories of one text column take, the one for the others included
        and the one for gaps not; at least 2.
    identifiers : "auto" or names of columns, default="auto"
        The columns that only tell rows apart: text is left out, whole numbers stay in with a warning in ``columns_``,
        since they may count years.  "auto" judges the fitting rows by the rule of :func:`row_identifiers`; names from
        that function, of the whole table, keep the judgement the same for all parts of it.
    dtype : numpy.float64 or numpy.float32, default=numpy.float64
        Type of the array that ``transform`` returns.

    Attributes
    ----------
    columns_ : list of ColumnReport
        What was done with each column of the table, in the table's order.
    feature_names_in_ : array of str, of shape (n_features_in_,)
        Only where the columns have names.
    n_features_in_ : int
        Number of columns of the table.
    encodings_ : tuple of frozen records
        What was learned from each column that was kept.

    Examples
    --------
    >>> import pyarrow
    >>> table = pyarrow.table({"rooms": [1, 2, 3], "town": ["Ulm", None, "Bonn"], "year": [1990, 1990, 1990]})
    >>> encoder = TableEncoder()
    >>> encoder.fit_transform(table)
    array([[-1.22474487,  0.        ,  1.        ,  0.        ],
           [ 0.        ,  0.        ,  0.        ,  1.        ],
           [ 1.22474487,  1.        ,  0.        ,  0.        ]])
    >>> encoder.get_feature_names_out().tolist()
    ['rooms', 'town=Bonn', 'town=Ulm', 'town=(gap)']
    >>> for column in encoder.columns_:
    ...     print(f"{column.name}: {column.encoding}")
    rooms: standardised: mean 2, deviation 0.8165
    town: a column for each of 2 categories, one for gaps
    year: left out: every value is 1990

    Notes
    -----
    scikit-learn's OneHotEncoder raises at an unseen category unless told otherwise, and its StandardScaler leaves
    gaps as NaN and numbers outside the fitted range as they are.  Its estimators want named columns in the order of
    fitting.
    """

    def __init__(
        self,
        *,
        max_categories: int = 64,
        identifiers: Identifiers = "auto",
        dtype: DTypeLike = np.float64,
    ) -> None:
        self.max_categories = max_categories
        self.identifiers = identifiers
        self.dtype = dtype

    def fit(self, X: object, y: object = None) -> Self:  # noqa: ARG002
        """Learn means, deviations and categories from the rows of a table.

        Parameters
        ----------
        X : pandas, polars or pyarrow table, or array, of shape (m, n_features), m >= 1
        y : ignored; here for scikit-learn's pipelines

        Raises
        ------
        InputError
            No rows, infinity in a column, a type that cannot be encoded, no column left to learn from.
        ParameterError
            A parameter with a value that it cannot have.
        """
        self._checked_dtype()
        rules = Rules(self._checked_max_categories(), checked_identifiers(self.identifiers))
        table = columns_of(X)
        if not table.n_rows:
            raise InputError("the table has no rows: the encoder needs at least one.")
        for name in () if isinstance(rules.identifiers, str) else rules.identifiers:
            if name not in table.names:
                raise missing_column("identifier column", name, table.names)
        encodings: list[Encoding] = []
        reports: list[ColumnReport] = []
        for name in table.names:
            encoding, report = fit_column(name, table.arrow(name), rules, table.notes.get(name, ColumnNote()))
            reports.append(report)
            if encoding is not None:
                encodings.append(encoding)
        if not encodings:
            single = " With 1 sample, every column is constant: add rows." if table.n_rows == 1 else ""
            raise InputError(f"the table has no column to learn from. {_summary(reports)}{single}")
        self.encodings_ = tuple(encodings)
        self.columns_ = reports
        self.n_features_in_ = len(table.names)
        if table.has_names:
            self.feature_names_in_ = np.asarray(table.names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        return self

    def transform(self, X: object) -> Output:
        """The rows of a table as numbers, in the same order.

        Parameters
        ----------
        X : pandas, polars or pyarrow table, or array, with at least the columns that were kept in fitting

        Returns
        -------
        C-contiguous array of shape (m, width) and of the encoder's ``dtype``, all of it finite.

        Raises
        ------
        InputError
            A column is missing or of another kind than in fitting.
        """
        check_is_fitted(self)
        table = columns_of(X)
        received = self._received_names(table)
        widths = [len(encoding.feature_names(encoding.name)) for encoding in self.encodings_]
        out: Output = np.zeros((table.n_rows, sum(widths)), dtype=self._checked_dtype())
        start = 0
        for encoding, width in zip(self.encodings_, widths, strict=True):
            column = _of_fitted_kind(encoding, table.arrow(received[encoding.name]))
            encoding.encode_into(out[:, start : start + width], column)
            start += width
        return out

    def get_feature_names_out(self, input_features: Sequence[str] | None = None) -> NDArray[np.object_]:
        """The name of each output column: ``age``, ``age=(gap)``, ``town=Ulm``, ``town=(other)``.

        Parameters
        ----------
        input_features : names of the columns, default=None
            Those of fitting, or x0, x1, ... for an array.  Other names are taken only where an array was fitted.
        """
        check_is_fitted(self)
        fitted = [report.name for report in self.columns_]
        given = fitted if input_features is None else list(input_features)
        if len(given) != len(fitted):
            raise InputError(
                f"input_features should have length equal to number of features ({len(fitted)}), got {len(given)}."
            )
        if hasattr(self, "feature_names_in_") and given != fitted:
            raise InputError("input_features is not equal to feature_names_in_. Leave input_features out.")
        name_of = dict(zip(fitted, given, strict=True))
        names = [name for encoding in self.encodings_ for name in encoding.feature_names(name_of[encoding.name])]
        return np.asarray(unique(names), dtype=object)

    def _received_names(self, table: Columns) -> Mapping[str, str]:
        """Under what name each column of fitting is found in the table: its own, or that of its place."""
        fitted = [report.name for report in self.columns_]
        had_names = hasattr(self, "feature_names_in_")
        if had_names and table.has_names:
            for encoding in self.encodings_:
                if encoding.name not in table.names:
                    raise missing_column("column", encoding.name, table.names)
            return dict(zip(table.names, table.names, strict=True))
        if len(table.names) != len(fitted):
            raise ShapeError(
                f"X has {len(table.names)} features, but TableEncoder is expecting {len(fitted)} features as input."
            )
        if had_names:
            _warn("X does not have valid feature names, but TableEncoder was fitted with feature names")
        elif table.has_names:
            _warn("X has feature names, but TableEncoder was fitted without feature names")
        return dict(zip(fitted, table.names, strict=True))

    def _checked_dtype(self) -> np.dtype[Any]:
        try:
            dtype = np.dtype(self.dtype)
        except TypeError:
            dtype = np.dtype(object)
        if dtype not in (np.float32, np.float64):
            raise ParameterError(f"dtype must be numpy.float32 or numpy.float64, got {self.dtype!r}.")
        return dtype

    def _checked_max_categories(self) -> int:
        most = self.max_categories
        if isinstance(most, bool) or not isinstance(most, int | np.integer) or most < 2:
            raise ParameterError(f"max_categories must be an integer of at least 2, got {most!r}.")
        return int(most)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = [np.dtype(self.dtype).name]
        return tags


def _warn(message: str) -> None:
    warnings.warn(f"{message}; columns are taken by their place.", MultilayerWarning, stacklevel=5)


def _of_fitted_kind(encoding: Encoding, column: Any) -> Any:
    """The column itself, or a column of nothing but gaps whatever type it came with.

    A file's column without a value has no type, and pandas calls such a column numbers.
    """
    what = f"column {encoding.name!r}"
    received = kind_of(column, what)
    if received in (encoding.kind, "empty"):
        return column
    if received == "text" and getattr(encoding, "from_text", False):
        spelled = as_spelled(column)
        if spelled.null_count < len(spelled):
            return spelled
    if column.null_count == len(column) or (
        received != "text" and np.isnan(numbers(column, what, allow_infinity=True)).all()
    ):
        pa = import_pyarrow("encoding tables")
        return pa.chunked_array([pa.nulls(len(column))])
    expected = PLURAL[encoding.kind]
    found = _first_word(column) if received == "text" and encoding.kind == "number" else ""
    raise InputError(
        f"{what} held {expected} when the encoder was fitted, now it holds {PLURAL[received]}{found}. "
        f"Turn it into {expected}, or fit the encoder again."
    )


def _first_word(column: Any) -> str:
    """Where the first text stands that keeps a column from being numbers."""
    for row, word in enumerate(texts(column).to_pylist(), start=1):
        try:
            float(word if word is not None else "nan")
        except ValueError:
            return f" ({word[:40]!r} in data row {row})"
    return " (numbers written as text)"


def _summary(reports: list[ColumnReport]) -> str:
    if not reports:
        return "It has no columns at all."
    most = 5
    rest = f"; and {len(reports) - most} more" if len(reports) > most else ""
    return "; ".join(f"{report.name!r}: {report.encoding}" for report in reports[:most]) + rest + "."
