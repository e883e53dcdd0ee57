"""TableEncoder: the columns of a raw data frame as one array of finite numbers."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from multilayer.estimators.documentation import DocumentedMixin
from multilayer.exceptions import InputError, ParameterError
from multilayer.tables._arrow import PLURAL, as_frame, column_of, import_pyarrow, kind_of, numbers, texts
from multilayer.tables._names import missing_column, unique
from multilayer.tables.encodings import ColumnReport, Encoding, Output, fit_column


class TableEncoder(DocumentedMixin, TransformerMixin, BaseEstimator):
    """Encode a pandas, polars or pyarrow table as numbers for a network; equal tables give equal arrays.

    ============  =========================================================================================
    a column of   becomes
    ============  =========================================================================================
    numbers       one column, ``(x - mean) / deviation`` (the population's), 0 at a gap
    Booleans      one column of 0 and 1, the share of True at a gap
    text          one column of 0 and 1 for each category, in alphabetical order; 0 in all of them at a gap.
                  Beyond ``max_categories``, the most frequent keep theirs and the others share a last one
    dates, times  seconds since 1970 (UTC), or since midnight, treated as numbers
    gaps          where the fitting rows have gaps, one more column of 0 and 1 that marks them
    ============  =========================================================================================

    Left out, and said so in ``columns_``: columns that hold one value, columns without any value, and text of
    more than 20 values of which 95 % or more differ (identifiers, free text).

    Rows to be transformed need the columns that were kept, by name and in any order; other columns are ignored.
    A category that was not seen in fitting counts as "other" where that column exists and sets nothing
    otherwise.  A column may be newly missing values.

    Parameters
    ----------
    max_categories : int, default=64
        Largest number of columns that the categories of one text column take, the one for the others included
        and the one for gaps not; at least 2.
    dtype : numpy.float64 or numpy.float32, default=numpy.float64
        Type of the array that ``transform`` returns.

    Attributes
    ----------
    columns_ : list of ColumnReport
        What was done with each column of the table, in the table's order.
    feature_names_in_ : array of str, of shape (n_features_in_,)
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
    ...     print(f"{column.name}: {column.done}")
    rooms: standardised: mean 2, deviation 0.8165
    town: a column for each of 2 categories, one for gaps
    year: left out: every value is 1990

    Notes
    -----
    scikit-learn's OneHotEncoder raises at an unseen category unless told otherwise, and its StandardScaler leaves
    gaps as NaN.
    """

    def __init__(self, *, max_categories: int = 64, dtype: DTypeLike = np.float64) -> None:
        self.max_categories = max_categories
        self.dtype = dtype

    def fit(self, X: object, y: object = None) -> Self:  # noqa: ARG002
        """Learn means, deviations and categories from the rows of a data frame.

        Parameters
        ----------
        X : pandas, polars or pyarrow table of shape (m, n_features), m >= 1
        y : ignored; here for scikit-learn's pipelines

        Raises
        ------
        InputError
            No rows, infinity in a column, a type that cannot be encoded, no column left to learn from.
        ParameterError
            A parameter with a value that it cannot have.
        """
        self._checked_dtype()
        most = self._checked_max_categories()
        frame = as_frame(X)
        if not len(frame):
            raise InputError("the table has no rows: the encoder needs at least one.")
        encodings: list[Encoding] = []
        reports: list[ColumnReport] = []
        for name in frame.columns:
            encoding, report = fit_column(name, column_of(frame, name), most)
            reports.append(report)
            if encoding is not None:
                encodings.append(encoding)
        if not encodings:
            raise InputError(f"the table has no column to learn from. {_summary(reports)}")
        self.encodings_ = tuple(encodings)
        self.columns_ = reports
        self.feature_names_in_ = np.asarray(frame.columns, dtype=object)
        self.n_features_in_ = len(frame.columns)
        return self

    def transform(self, X: object) -> Output:
        """The rows of a data frame as numbers, in the same order.

        Parameters
        ----------
        X : pandas, polars or pyarrow table with at least the columns that were kept in fitting

        Returns
        -------
        C-contiguous array of shape (m, width) and of the encoder's ``dtype``, all of it finite.

        Raises
        ------
        InputError
            A column is missing or of another kind than in fitting, or holds infinity.
        """
        check_is_fitted(self)
        frame = as_frame(X)
        names = frame.columns
        for encoding in self.encodings_:
            if encoding.name not in names:
                raise missing_column("column", encoding.name, names)
        widths = [len(encoding.feature_names()) for encoding in self.encodings_]
        out: Output = np.zeros((len(frame), sum(widths)), dtype=self._checked_dtype())
        start = 0
        for encoding, width in zip(self.encodings_, widths, strict=True):
            column = _of_fitted_kind(encoding, column_of(frame, encoding.name))
            encoding.encode_into(out[:, start : start + width], column)
            start += width
        return out

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:  # noqa: ARG002
        """The name of each output column: ``age``, ``age=(gap)``, ``town=Ulm``, ``town=(other)``."""
        check_is_fitted(self)
        names = [name for encoding in self.encodings_ for name in encoding.feature_names()]
        return np.asarray(unique(names), dtype=object)

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
        return tags


def _of_fitted_kind(encoding: Encoding, column: Any) -> Any:
    """The column itself, or a column of nothing but gaps whatever type it came with.

    A file's column without a value has no type, and pandas calls such a column numbers.
    """
    what = f"column {encoding.name!r}"
    received = kind_of(column, what)
    if received in (encoding.kind, "empty"):
        return column
    if column.null_count == len(column) or (received != "text" and np.isnan(numbers(column, what)).all()):
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
    return "; ".join(f"{report.name!r}: {report.done}" for report in reports[:most]) + rest + "."
