"""The methods of table models that give reasons: which columns matter, how, and why a row has its prediction."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from multilayer.tables.models.dependence import PartialDependence, dependence_of
from multilayer.tables.models.explanation import Explanation, explanation_of
from multilayer.tables.models.importance import Importance, importance_of
from multilayer.tables.target import features_and_target

if TYPE_CHECKING:
    from numpy.random import RandomState


class Reasons(ABC):
    """Methods of fitted table models."""

    @abstractmethod
    def _table_to_predict(self, X: Any) -> Any:
        """Return the rows as a table with the columns of the fit."""

    def importance(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        out_of_fold: bool = False,
        n_repeats: int = 5,
        max_rows: int | None = 10_000,
        random_state: int | RandomState | None = None,
    ) -> Importance:
        """Return how much worse the predictions are when a column is shuffled, for each column of the table.

        Parameters
        ----------
        X : table or array of shape (m, n_features)
            Held-out rows, or the fitting table with ``out_of_fold=True``.
        y : array or column of length m, or str
            Their targets, or the name of their column in X.
        sample_weight : array of shape (m,), default=None
            Non-negative weights of the rows.
        groups : array of shape (m,), default=None
            Groups of the rows, for the standard errors; None for those of ``fit`` with ``out_of_fold=True``.
        out_of_fold : bool, default=False
            Whether X and y are those of :meth:`fit`.  Each row is then predicted only by the members that were not
            trained on it, so that no held-out rows are needed.  Values are shuffled within the fold.
        n_repeats : int, default=5
            How often each column is shuffled.
        max_rows : int or None, default=10000
            The largest number of rows, chosen at random; None for all.
        random_state : int, RandomState or None, default=None
            The seed of the choice and of the order.

        Returns
        -------
        Importance
            For each column the rise of the log-loss or of the root mean squared error, with its standard error over the
            rows.

        Raises
        ------
        InputError
            If y has a new class, or if X and y are not those of the fit with ``out_of_fold=True``.

        See Also
        --------
        multilayer.plots.plot_importance : The picture.
        sklearn.inspection.permutation_importance : The same for any model and any score, on frames of pandas.

        Notes
        -----
        The standard error is that of the mean of the paired differences of the loss (T5), so it says whether the
        importance would be found on other rows too; with groups, on rows of other groups.  Rows of a series are
        treated as independent.  Training rows without ``out_of_fold`` overstate all columns.

        Columns that carry the same information replace each other: when one of them is shuffled, the model uses the
        other, and both may seem unimportant.

        References
        ----------
        Breiman, L. (2001). Random forests. Machine Learning 45.  Fisher, A., Rudin, C. and Dominici, F. (2019). All
        models are wrong, but many are useful. Journal of Machine Learning Research 20.

        Examples
        --------
        >>> import numpy as np
        >>> from multilayer import TableRegressor
        >>> X = np.random.RandomState(0).normal(size=(100, 2))
        >>> y = 3 * X[:, 0]
        >>> model = TableRegressor(preset="quick", random_state=0).fit(X, y)
        >>> found = model.importance(X, y, out_of_fold=True, random_state=0)
        >>> bool(found.values[0] > found.values[1])
        True
        """
        X, y = features_and_target(X, y)
        return importance_of(
            self,
            self._table_to_predict(X),
            y,
            sample_weight=sample_weight,
            groups=groups,
            n_repeats=n_repeats,
            out_of_fold=out_of_fold,
            max_rows=max_rows,
            random_state=random_state,
        )

    def partial_dependence(
        self,
        X: Any,
        column: str | int,
        *,
        values: Sequence[Any] | None = None,
        n_values: int = 20,
        max_rows: int | None = 1000,
        random_state: int | RandomState | None = None,
    ) -> PartialDependence:
        """Return the mean prediction if all rows had one value in a column, for several values.

        Parameters
        ----------
        X : table or array of shape (m, n_features)
            The rows over which is averaged.
        column : str or int
            The name of the column, or its number.
        values : list, default=None
            The values; None for a choice from the rows: quantiles of numbers, dates and times, or the most frequent
            categories, and a gap if there are any.
        n_values : int, default=20
            The largest number of these values, without the gap.
        max_rows : int or None, default=1000
            The largest number of rows, chosen at random; None for all.
        random_state : int, RandomState or None, default=None
            The seed of the choice.

        Returns
        -------
        PartialDependence
            The mean predictions: probabilities of all classes, or amounts in the units of y; and how much those of the
            folds differ.

        Raises
        ------
        ParameterError
            If there is no such column, or for no values.

        See Also
        --------
        multilayer.plots.plot_partial_dependence : The picture.
        sklearn.inspection.PartialDependenceDisplay : For any model, and for pairs of columns, on frames of pandas.

        Notes
        -----
        All other columns keep their values, so that combinations may occur that no row has.  The mean prediction is the
        effect of the column only if the columns do not depend on each other.

        References
        ----------
        Friedman, J. H. (2001). Greedy function approximation: a gradient boosting machine. Annals of Statistics 29.

        Examples
        --------
        >>> import numpy as np
        >>> from multilayer import TableRegressor
        >>> X = np.random.RandomState(0).normal(size=(100, 2))
        >>> model = TableRegressor(preset="quick", random_state=0).fit(X, 3 * X[:, 0])
        >>> found = model.partial_dependence(X, 0, values=[-1.0, 0.0, 1.0])
        >>> bool(found.predictions[0, 0] < found.predictions[1, 0] < found.predictions[2, 0])
        True
        """
        return dependence_of(
            self,
            self._table_to_predict(X),
            column,
            values=values,
            n_values=n_values,
            max_rows=max_rows,
            random_state=random_state,
        )

    def explain(self, X: Any, *, target: Any = None, baseline: Any = None) -> Explanation:
        """Return the contribution of each column to the predictions of some rows, by integrated gradients.

        The contributions to the prediction of a row sum to its difference from the prediction for the baseline.  They
        are probabilities of a class, or in the units of y.

        Parameters
        ----------
        X : table or array of shape (m, n_features)
            The rows.
        target : object, default=None
            For a classifier, the class whose probability is explained; None for the predicted class of each row.  For
            a regressor of several outputs, the number of the output.
        baseline : table or array, default=None
            Rows with which the rows are compared: the baseline is the mean of their encoded columns.  None for the mean
            of the training rows of each fold.

        Returns
        -------
        Explanation
            The contributions, for each row and column.

        Raises
        ------
        ParameterError
            If there is no such class or output.

        See Also
        --------
        multilayer.plots.plot_explanation : The picture of one row.

        Notes
        -----
        The contributions are (V3) of docs/learn/extensions.md, for the weighted mean of the networks, each with its
        own encoder, added over all encoded columns of a column.  Their sum is the change (V4), which is tested: the
        number of nodes of the integral is doubled from 32 to at most 512 until 1e-4 of a probability or of the range of
        y is reached; ``errors`` holds what is left.

        Two contributions belong to no column.  Trees have no gradient: if they have a weight (``with_trees``), their
        change is the contribution ``trees``.  If networks of a regressor predict beyond the range of the training
        targets, the change by the limit is the contribution ``limits``.

        The mean row has the mean of each encoded column, such as 0.3 of a category; no row need be like it.

        References
        ----------
        Sundararajan, M., Taly, A. and Yan, Q. (2017). Axiomatic attribution for deep networks. ICML.

        Examples
        --------
        >>> import numpy as np
        >>> from multilayer import TableRegressor
        >>> X = np.random.RandomState(0).normal(size=(100, 2))
        >>> model = TableRegressor(preset="quick", random_state=0).fit(X, 3 * X[:, 0])
        >>> found = model.explain([[1.0, 0.0]])
        >>> bool(abs(found.contributions[0, 0] - 3) < 1)
        True
        >>> change = found.prediction - found.baseline
        >>> bool(np.abs(found.contributions.sum(axis=1) - change).max() < 0.01)
        True
        """
        table = self._table_to_predict(X)
        start = None if baseline is None else self._table_to_predict(baseline)
        return explanation_of(self, table, target=target, baseline=start)
