"""TableEncoder: from the columns of a raw table to one array of finite numbers."""

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
    """Encode a table as numbers for a network; equal tables of different libraries give equal arrays.

    ============  =========================================================================================
    a column of   becomes
    ============  =========================================================================================
    numbers       one column, ``(x - mean) / deviation`` (population standard deviation), 0 at a gap
    Booleans      one column of 0 and 1, the share of True at a gap
    text          one column of 0 and 1 for each category, in alphabetical order; 0 in all of them at a gap.
                  Beyond ``max_categories``, the most frequent have a column each, the others share the last one
    dates, times  seconds since 1970 (UTC), or since midnight, as numbers; then parts of the calendar
    gaps          if the fitting rows have gaps, one more column of 0 and 1 that marks them
    ============  =========================================================================================

    The parts of the calendar depend on the span of the fitting rows, of which there must be more than 20: the year (one
    column) and the month (sine and cosine of the position in the year) for a span of a year, the day of the month (sine
    and cosine) for 62 days, the weekday (seven columns) for 14 days, the hour (sine and cosine) for two days, or for 12
    hours in times of day.  They are computed in the column's time zone.

    Columns that are constant (except for rounding), columns without values, and text that only identifies rows
    (identifiers, free text) are dropped; ``columns_`` reports them.

    Numbers far outside the fitted range are clipped smoothly, because a network extrapolates with unjustified certainty
    and float32 may overflow: beyond r deviations from the mean, z becomes ``r (2 - r / |z|)`` with its sign, and
    infinity becomes ``2 r``.  r is 8, or the largest of the fitting rows; ``columns_`` holds the bounds.  Infinity in
    the fitting rows is an error.

    Text of more than 20 different numbers with a few other words becomes numbers, and the words become gaps, as in
    :func:`read_table`.

    ``transform`` finds the encoded columns by name, in any order, and ignores other columns.  Columns of arrays are
    identified by position, and all of them are needed.  An unknown category counts as "other" if that column
    exists; otherwise all its columns are 0.  A column may have gaps that the fitting rows did not have.

    Parameters
    ----------
    max_categories : int, default=64
        Maximum number of columns for the categories of one text column, including the column for the others and
        excluding the one for gaps; at least 2.
    identifiers : "auto" or list of str, default="auto"
        The columns that only identify rows.  Text is dropped; whole numbers stay, with a note in ``columns_``, because
        they may count years.  "auto" applies the rule of :func:`row_identifiers` to the fitting rows; pass the result
        of that function for the whole table to use the same columns in all parts of it.
    dtype : numpy.float64 or numpy.float32, default=numpy.float64
        Type of the array that ``transform`` returns.

    Attributes
    ----------
    columns_ : list of ColumnReport
        The encoding of each column of the table, in the table's order.
    feature_names_in_ : array of str, of shape (n_features_in_,)
        The column names, if the columns have names.
    n_features_in_ : int
        Number of columns of the table.
    encodings_ : tuple of frozen records
        The parameters of each encoded column.

    Notes
    -----
    scikit-learn's OneHotEncoder raises an error at an unknown category by default, and its StandardScaler leaves gaps
    as NaN and does not clip.  Its estimators need named columns in the order of fitting.

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
    year: dropped: every value is 1990
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
        X : pandas, polars or pyarrow table, or array, of shape (m, n_features)
            The fitting rows, at least one.
        y : None
            Ignored; scikit-learn's pipelines pass it.

        Returns
        -------
        TableEncoder
            This object.

        Raises
        ------
        InputError
            For no rows, infinity in a column, a type that cannot be encoded, or if no column can be used.
        ParameterError
            For an invalid parameter.
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
            raise InputError(f"the table has no column that can be used. {_summary(reports)}{single}")
        self.encodings_ = tuple(encodings)
        self.columns_ = reports
        self.n_features_in_ = len(table.names)
        if table.has_names:
            self.feature_names_in_ = np.asarray(table.names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        return self

    def transform(self, X: object) -> Output:
        """Encode the rows of a table.

        Parameters
        ----------
        X : pandas, polars or pyarrow table, or array
            Rows with at least the encoded columns.

        Returns
        -------
        array of shape (m, width)
            Finite numbers of the encoder's ``dtype``, in C order.

        Raises
        ------
        InputError
            If a column is missing or of another kind than in fitting.
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
        """Return the names of the output columns: ``age``, ``age=(gap)``, ``town=Ulm``, ``town=(other)``.

        Parameters
        ----------
        input_features : list of str, default=None
            The names of the input columns; by default those of fitting, or x0, x1, ... for an array.  Other names are
            possible only if an array was fitted.

        Returns
        -------
        array of str, of shape (width,)
            The names.
        """
        check_is_fitted(self)
        fitted = [report.name for report in self.columns_]
        given = fitted if input_features is None else list(input_features)
        if len(given) != len(fitted):
            raise InputError(
                f"input_features should have length equal to number of features ({len(fitted)}), got {len(given)}."
            )
        if hasattr(self, "feature_names_in_") and given != fitted:
            raise InputError("input_features is not equal to feature_names_in_. Omit input_features.")
        name_of = dict(zip(fitted, given, strict=True))
        names = [name for encoding in self.encodings_ for name in encoding.feature_names(name_of[encoding.name])]
        return np.asarray(unique(names), dtype=object)

    def _received_names(self, table: Columns) -> Mapping[str, str]:
        """Map the name of each fitted column to its name in the table: the same, or the one at its position."""
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
    warnings.warn(f"{message}; columns are identified by their position.", MultilayerWarning, stacklevel=5)


def _of_fitted_kind(encoding: Encoding, column: Any) -> Any:
    """Check the kind of a column, and convert a column of gaps only, which may have any type.

    A column without values has no type in a file, and is numbers in pandas.
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
        f"Convert it to {expected}, or fit the encoder again."
    )


def _first_word(column: Any) -> str:
    """Describe the first text in a column of numbers, with its row."""
    for row, word in enumerate(texts(column).to_pylist(), start=1):
        try:
            float(word if word is not None else "nan")
        except ValueError:
            return f" ({word[:40]!r} in data row {row})"
    return " (numbers written as text)"


def _summary(reports: list[ColumnReport]) -> str:
    if not reports:
        return "It has no columns."
    most = 5
    rest = f"; and {len(reports) - most} more" if len(reports) > most else ""
    return "; ".join(f"{report.name!r}: {report.encoding}" for report in reports[:most]) + rest + "."
