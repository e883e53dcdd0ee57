"""TableEncoder: from the columns of a raw table to one array of finite numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import cache
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from multilayer.engines import at_most, in_threads
from multilayer.estimators.documentation import DocumentedMixin
from multilayer.exceptions import InputError, ParameterError
from multilayer.tables._fitted_columns import of_fitted_kind, received_names
from multilayer.tables._frames import Columns, columns_of
from multilayer.tables._names import missing_column, unique
from multilayer.tables._response import Response, response_of
from multilayer.tables.column_summaries import TableSummaries, summaries_of
from multilayer.tables.encodings import Encoding, Output
from multilayer.tables.fitting import fit_columns
from multilayer.tables.reports import ColumnReports
from multilayer.tables.rules import (
    Identifiers,
    ManyCategories,
    Numbers,
    Piecewise,
    RowNumberChoice,
    Text,
    TwoValues,
    checked_rules,
)
from multilayer.tables.target_means import CrossFitting, TargetMeanEncoding

# From this number of entries of the output on, columns are encoded on all cores.
_LARGE = 1 << 18


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
    :func:`read_table`; other text stays text unless ``text="typed"``.

    ``transform`` finds the encoded columns by name, in any order, and ignores other columns.  Columns of arrays are
    identified by position, and all of them are needed.  An unknown category counts as "other" if that column
    exists; otherwise all its columns are 0.  A column may have gaps that the fitting rows did not have.

    Parameters
    ----------
    max_categories : int, default=64
        Maximum number of columns for the categories of one text column, including the column for the others and
        excluding the one for gaps; at least 2.
    identifiers : "auto", list of str or dict of str to str, default="auto"
        The columns that only identify rows.  Text is dropped; whole numbers stay by default, because they may count
        years, see ``row_numbers``.  "auto" applies the rule of :func:`row_identifiers` to the fitting rows; pass the
        result of that function for the whole table to use the same columns in all parts of it.  A dict maps names to
        reasons, which ``columns_`` states: these columns are dropped, whatever they hold.
    dtype : numpy.float64 or numpy.float32, default=numpy.float64
        Type of the array that ``transform`` returns.
    numbers : {"standard", "robust"}, default="standard"
        The scaling of numbers, dates and times: by mean and deviation as above, or robustly.  Robust scaling divides
        the distance from the median by that of the quartiles, ``z = (x - median) / (q75 - q25)``, or by half of the
        range, ``(max - min) / 2``, if the quartiles are equal; then the clip ``z / sqrt(1 + (z / 3)^2)`` (X1) limits
        all numbers to (-3, 3).  A gap becomes the median, 0.
    piecewise : {None, "quantile", "tree"}, default=None
        The thresholds of a piecewise-linear encoding of numbers and durations of more than two values, in addition to
        the scaled number.  For the edges e_0 < ... < e_n, which are the minimum, the thresholds and the maximum of the
        fitting rows, the parts are ``clip((x - e_i) / (e_{i+1} - e_i), 0, 1) - 0.5`` (X2), i = 0, ..., n - 1.  A gap
        has the parts of the number that replaces it.  The thresholds are quantiles, or those of a decision tree that
        predicts y from the column alone.  A column has at most max(4, min(48, 384 // k)) parts if k columns have them,
        at most 32 for classes with "tree", and a part at least max(8, m // 1000) of the m rows with a value.
    two_values : {"zero_one", "signs"}, default="zero_one"
        The encoding of Booleans and of text of two categories: columns of 0 and 1 as above, or one column of -1 (False,
        the first category in alphabetical order) and 1, with 0 for gaps and unknown categories.
    many_categories : {"frequent", "target"}, default="frequent"
        The encoding of text of more than ``max_categories`` categories: columns for the most frequent ones as above, or
        target encoding, see Notes.
    min_frequency : int, default=1
        Minimum number of fitting rows of a category with a column of its own; rarer ones share the column of the
        others.
    text : {"as_given", "typed"}, default="as_given"
        Whether text of which all or nearly all cells spell more than 20 different numbers (without leading zeros) or
        dates (``2026-11-23``, ``2026-11-23 17:00:00``) becomes numbers or dates; also text of which all cells are
        numbers of one form that more than half of them show, such as ``1,234`` or ``$950``, unless it is ambiguous, as
        ``$1.234``.  By default, only text of numbers with a few other words does.
    row_numbers : {"keep", "drop"}, default="keep"
        Whether whole numbers that only identify rows are kept, with a note in ``columns_``, or dropped.
    task : {"auto", "classification", "regression"}, default="auto"
        Whether y holds classes or amounts, if the encoding depends on y; by default the choice of
        :func:`encode_target`.

    Attributes
    ----------
    columns_ : ColumnReports
        The encoding of each column of the table, in the table's order: a list of :class:`ColumnReport` that prints as a
        table, with the method ``to_frame``.
    feature_names_in_ : array of str, of shape (n_columns,)
        The column names, if the columns have names.
    n_features_in_ : int
        Number of columns of the table.
    encodings_ : tuple of frozen records
        The parameters of each encoded column.
    number_columns_ : array of bool, of shape (width,)
        Whether each output column is a scaled number, date or time of more than two values: not a Boolean, a category,
        a part of a piecewise-linear encoding, a mean of the target, a sine or cosine, or a mark of gaps.

    See Also
    --------
    sklearn.preprocessing.RobustScaler : Median and quartiles without the clip.
    sklearn.preprocessing.TargetEncoder : Target encoding of arrays.

    Notes
    -----
    Target encoding replaces a category c of n_c fitting rows i by the smoothed mean of an output t of the target less
    its overall mean, ``d_c = sum_i t_i / (n_c + 10)`` (X3).  The outputs are the indicators of the classes (for two
    classes, of the second one), or the standardised amounts, each column of y.  ``fit_transform`` encodes the fitting
    rows by cross-fitted means (X4): the sum, n_c and the overall mean cover only rows of the other of five folds, since
    otherwise a rare category would tell the row's own target.  ``transform`` uses all fitting rows.  Both are divided
    by the deviation of the cross-fitted means and clipped smoothly as above.  One more column holds the standardised
    ``log n_c``, also clipped.  Categories of a single fitting row, unknown ones, and all beyond the 100,000 most
    frequent (with more than ten outputs, fewer: a million means in all) have the overall mean, 0, and n_c = 1.  A gap
    is 0 in all these columns; one more column marks gaps if the fitting rows have any.

    Piecewise-linear encoding and its thresholds are those of [1]_, except that all parts are limited to their range
    and centred; robust scaling and the smooth clip are those of [2]_; smoothed target means are those of [3]_.

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
    >>> print(encoder.columns_)
    column  kind    gaps  width  encoding
    rooms   number            1  standardised: mean 2, deviation 0.8165
    town    text       1      3  a column for each of 2 categories, one for gaps
    year    number               dropped: every value is 1990

    Robust scaling, and a decision tree with one threshold in the middle, 9.5:

    >>> encoder = TableEncoder(numbers="robust", piecewise="tree")
    >>> frame = pyarrow.table({"size": range(20)})
    >>> encoder.fit(frame, [size >= 10 for size in range(20)]).get_feature_names_out().tolist()
    ['size', 'size=(0 to 9.5)', 'size=(9.5 to 19)']
    >>> encoder.transform(frame)[[0, 4, 19]].round(3).tolist()
    [[-0.949, -0.5, -0.5], [-0.568, -0.079, -0.5], [0.949, 0.5, 0.5]]

    References
    ----------
    .. [1] Gorishniy, Rubachev, Babenko (2022), "On Embeddings for Numerical Features in Tabular Deep Learning",
       NeurIPS.
    .. [2] Holzmueller, Grinsztajn, Steinwart (2024), "Better by Default: Strong Pre-Tuned MLPs and Boosted Trees on
       Tabular Data", NeurIPS.
    .. [3] Micci-Barreca (2001), "A Preprocessing Scheme for High-Cardinality Categorical Attributes in Classification
       and Prediction Problems", ACM SIGKDD Explorations 3(1).
    """

    # With metadata routing, groups are for splitters; fit receives them only after set_fit_request(groups=True).
    __metadata_request__fit: ClassVar[dict[str, bool]] = {"groups": False}

    def __init__(
        self,
        *,
        max_categories: int = 64,
        identifiers: Identifiers = "auto",
        dtype: DTypeLike = np.float64,
        numbers: Numbers = "standard",
        piecewise: Piecewise | None = None,
        two_values: TwoValues = "zero_one",
        many_categories: ManyCategories = "frequent",
        min_frequency: int = 1,
        text: Text = "as_given",
        row_numbers: RowNumberChoice = "keep",
        task: Literal["auto", "classification", "regression"] = "auto",
    ) -> None:
        self.max_categories = max_categories
        self.identifiers = identifiers
        self.dtype = dtype
        self.numbers = numbers
        self.piecewise = piecewise
        self.two_values = two_values
        self.many_categories = many_categories
        self.min_frequency = min_frequency
        self.text = text
        self.row_numbers = row_numbers
        self.task = task

    def fit(self, X: object, y: object = None, *, groups: object = None) -> Self:
        """Learn means, deviations, categories and thresholds from the rows of a table.

        Parameters
        ----------
        X : table, array or list, of shape (m, n_features)
            The fitting rows, at least one: a frame of pandas, polars or pyarrow, a lazy frame or a relation of DuckDB,
            which is collected, an array, a list of rows, or a list of dictionaries.
        y : series, array or list, of shape (m,) or (m, n_outputs), default=None
            The target: classes or amounts, without gaps.  It is needed for ``piecewise="tree"`` and
            ``many_categories="target"``, and ignored otherwise.
        groups : array of shape (m,), default=None
            Groups of the rows that are kept in one of the five folds of cross-fitted means.

        Returns
        -------
        TableEncoder
            This object.

        Raises
        ------
        InputError
            For no rows, infinity in a column, a type that cannot be encoded, no y where it is needed, or if no column
            can be used.
        ParameterError
            For an invalid parameter.
        """
        self._fit(summaries_of(columns_of(X)), y, groups)
        return self

    def fit_transform(self, X: object, y: object = None, *, groups: object = None) -> Output:
        """Fit the encoder, and encode the fitting rows.

        With target encoding, ``fit(X, y).transform(X)`` does not equal ``fit_transform(X, y)``, as in scikit-learn's
        ``TargetEncoder``: ``fit_transform`` encodes each fitting row by means over other rows, ``transform`` by means
        over all fitting rows.  Train on the result of ``fit_transform``, as a pipeline does, because the means of
        ``transform`` reveal the targets of the fitting rows.  Without target encoding, both results are equal.

        Parameters
        ----------
        X : table, array or list, of shape (m, n_features)
            The fitting rows, as in :meth:`fit`.
        y : series, array or list, of shape (m,) or (m, n_outputs), default=None
            The target, as in :meth:`fit`.
        groups : array of shape (m,), default=None
            Groups of the rows, as in :meth:`fit`.

        Returns
        -------
        array of shape (m, width)
            Finite numbers of the encoder's ``dtype``, in C order.

        Raises
        ------
        InputError
            As in :meth:`fit`.
        ParameterError
            For an invalid parameter.
        """
        table = columns_of(X)
        response = self._fit(summaries_of(table), y, groups)
        return self._encode(table, {name: name for name in table.column_names}, response)

    def transform(self, X: object) -> Output:
        """Encode the rows of a table, each independently of the others.

        Parameters
        ----------
        X : table, array or list
            Rows with at least the encoded columns, as in :meth:`fit`.

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
        names = [report.name for report in self.columns_]
        return self._encode(
            table, received_names(table, names, hasattr(self, "feature_names_in_"), self.encodings_), None
        )

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

    def _fit(
        self, table: TableSummaries, y: object, groups: object, classes: Sequence[Any] | None = None
    ) -> Response | None:
        """Fit the columns, and return the target of the rows in memory if the encoding depends on it.

        ``classes`` are those of all rows, of which the rows in memory may lack some; None for those of y.
        """
        self._checked_dtype()
        rules = checked_rules(self)
        if not table.num_rows:
            raise InputError("the table has no rows: the encoder needs at least one.")
        for name in () if isinstance(rules.identifiers, str) else rules.identifiers:
            if name not in table.column_names:
                raise missing_column("identifier column", name, table.column_names)
        response = response_of(y, self.task, table.n_cells, groups, classes) if rules.needs_target else None
        fitted = fit_columns(table, rules, response)
        encodings: list[Encoding] = [encoding for encoding, _ in fitted if encoding is not None]
        reports = ColumnReports((report for _, report in fitted), table.file_notes)
        if not encodings:
            single = " With 1 sample, every column is constant: add rows." if table.num_rows == 1 else ""
            raise InputError(f"the table has no column that can be used. {reports.summary()}{single}")
        self.encodings_ = tuple(encodings)
        self.columns_ = reports
        self.number_columns_ = np.array([flag for encoding in encodings for flag in encoding.are_numbers()])
        self.n_features_in_ = len(table.column_names)
        if table.has_names:
            self.feature_names_in_ = np.asarray(table.column_names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        return response

    def _encode(self, table: Columns, received: Mapping[str, str], crossed: CrossFitting | None) -> Output:
        """Encode rows; ``crossed`` has the means of the target for fitting rows, if the encoding needs them."""
        widths = [len(encoding.are_numbers()) for encoding in self.encodings_]
        out: Output = np.zeros((table.num_rows, sum(widths)), dtype=self._checked_dtype())
        columns = [of_fitted_kind(encoding, table.column(received[encoding.name])) for encoding in self.encodings_]
        stops = np.cumsum(widths).tolist()

        def encode(i: int) -> None:
            encoding, part = self.encodings_[i], out[:, stops[i] - widths[i] : stops[i]]
            if crossed is not None and isinstance(encoding, TargetMeanEncoding):
                encoding.encode_fitted_into(part, columns[i], crossed)
            else:
                encoding.encode_into(part, columns[i])

        with nullcontext() if out.size >= _LARGE else at_most(1):
            in_threads(encode, len(columns))
        return out

    def _checked_dtype(self) -> np.dtype[Any]:
        try:
            dtype = np.dtype(self.dtype)
        except TypeError:
            dtype = np.dtype(object)
        if dtype not in (np.float32, np.float64):
            raise ParameterError(f"dtype must be numpy.float32 or numpy.float64, got {self.dtype!r}.")
        return dtype

    @classmethod
    @cache
    def _get_param_names(cls) -> list[str]:
        """Return the names of the parameters, cached: a model has many encoders."""
        names: list[str] = super()._get_param_names()
        return names

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.target_tags.required = self.piecewise == "tree" or self.many_categories == "target"
        tags.transformer_tags.preserves_dtype = [np.dtype(self.dtype).name]
        return tags
