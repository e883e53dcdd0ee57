"""The interface of a fitted network: attributes, outputs, inspection and copies; it trains nothing."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache, lru_cache, partial
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from multilayer import inspection
from multilayer.engines import get_engine
from multilayer.equations.checking import GradientCheck
from multilayer.equations.extensions.tracing import Trace
from multilayer.estimators.documentation import DocumentedMixin
from multilayer.exceptions import ShapeError
from multilayer.fits.errors import NotFittedError
from multilayer.fits.reading import rows_to_predict
from multilayer.fits.resume import without_memory
from multilayer.fits.target_scale import TargetScale
from multilayer.fits.targets import TargetAdapter
from multilayer.network import Floats, Network, coefs, intercepts, norms, thetas
from multilayer.training import TrainingState


class FittedNetwork(DocumentedMixin, TransformerMixin, BaseEstimator, ABC):
    """A network with its parameters; :class:`multilayer.estimators.base.BaseMLP` trains it."""

    engine: str
    n_jobs: int | None
    warm_start: bool
    network_: Network
    parameters_: Floats
    n_outputs_: int
    loss_curve_: list[float]
    _training_state: TrainingState
    _last_was_part: bool  # whether the last call was partial_fit

    @abstractmethod
    def _target_adapter(self) -> TargetAdapter:
        """Return the adapter between y and the targets of the network."""

    @property
    def thetas_(self) -> list[Floats]:
        self._check_is_fitted()
        return ParameterViews(thetas(self.network_, self.parameters_))

    @property
    def coefs_(self) -> list[Floats]:
        self._check_is_fitted()
        return ParameterViews(coefs(self.network_, self.parameters_))

    @coefs_.setter
    def coefs_(self, values: Sequence[Floats]) -> None:
        _write("coefs_", self.coefs_, values)

    @property
    def intercepts_(self) -> list[Floats]:
        self._check_is_fitted()
        return ParameterViews(intercepts(self.network_, self.parameters_))

    @intercepts_.setter
    def intercepts_(self, values: Sequence[Floats]) -> None:
        _write("intercepts_", self.intercepts_, values)

    @property
    def norms_(self) -> list[Floats]:
        self._check_is_fitted()
        return ParameterViews(norms(self.network_, self.parameters_))

    @property
    def _target_scale(self) -> TargetScale | None:
        """The scale of the targets, if they are standardised."""
        mean, deviation = getattr(self, "target_mean_", None), getattr(self, "target_scale_", None)
        return None if mean is None or deviation is None else TargetScale(mean, deviation)

    def _check_is_fitted(self) -> None:
        if not hasattr(self, "parameters_"):
            raise NotFittedError(f"this {type(self).__name__} is not fitted yet. Call fit(X, y) first.")

    def _output(self, X: ArrayLike, output: str | None = None) -> Floats:
        """Return H, (m, K), or the output with another output unit: "identity" gives Z."""
        self._check_is_fitted()
        return self._forward(output)(rows_to_predict(self, X))

    def _forward(self, output: str | None = None) -> Callable[[Any], Floats]:
        """Return the function from checked rows to H, or to the output with another output unit."""
        network = self.network_ if output is None else _with_output(self.network_, output)
        return partial(get_engine(self.engine, network, self.n_jobs).predict, network, self.parameters_)

    def transform(self, X: ArrayLike, layer: int | None = None) -> Floats:
        """Return the activations of a layer.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (m, s_1)
            The rows.
        layer : int or None, default=None
            The number l of the layer, counted as in the textbook: 2 is the first hidden layer, ``n_layers_`` the output
            layer.  None: the last hidden layer.

        Returns
        -------
        array of shape (m, s_l)
            A_l, in the dtype of the network.

        Raises
        ------
        ParameterError
            For a layer that does not exist; and, after ``set_output``, for any but the last hidden layer, whose
            columns :meth:`get_feature_names_out` names.

        Examples
        --------
        >>> from multilayer import MLPRegressor
        >>> X = [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
        >>> model = MLPRegressor((4, 3), solver="lbfgs", random_state=0).fit(X, [1.0, 1.0, 2.0])
        >>> model.transform(X).shape, model.transform(X, layer=2).shape
        ((3, 3), (3, 4))
        """
        self._check_is_fitted()
        return inspection.activations(self, X, layer)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[np.object_]:
        """Return the names of the columns of :meth:`transform`: the units of the last hidden layer.

        Parameters
        ----------
        input_features : ignored
            Present for scikit-learn's interface only.

        Returns
        -------
        array of str of shape (s_{L-1},)
            Such as "mlpclassifier0", as scikit-learn names unnamed columns.
        """
        self._check_is_fitted()
        del input_features
        prefix = type(self).__name__.lower()
        n_units = self.network_.layer_sizes[inspection.layer_number(self, None) - 1]
        return np.array([f"{prefix}{unit}" for unit in range(n_units)], dtype=object)

    def input_gradient(self, X: ArrayLike, output: int | None = None, of: str = "H") -> Floats:
        """Return the derivative of the network's output with respect to each input, for each row.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (m, s_1)
            The rows.
        output : int or None, default=None
            The number of the output unit, from 0; for a classifier, the position of the class in ``classes_``.  A
            network for two classes has a single unit, 0, for the second class.  None: all units.
        of : {"H", "Z"}, default="H"
            "H": the output of the unit.  For a classifier, this is a probability, before ``output="sigmoid"`` divides
            by the sum; for a regressor with standardised targets, it is in the units of y.
            "Z": the weighted sum of the unit, as :meth:`decision_function` returns it.  If an output is near 0 or 1,
            its derivative is near 0 for every input, but that of the sum is not.

        Returns
        -------
        array of shape (m, s_1), or (m, K, s_1) for all of several outputs
            In the dtype of the network; computed in float64, by (V2) of docs/learn/extensions.md.

        Examples
        --------
        >>> from multilayer import MLPRegressor
        >>> X = [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
        >>> model = MLPRegressor((), solver="lbfgs", tol=1e-9, alpha=0, random_state=0).fit(X, [2.0, 1.0, 3.0])
        >>> model.input_gradient(X[:1]).round(3)
        array([[1., 2.]])
        """
        self._check_is_fitted()
        return inspection.input_gradient(self, X, output, of)

    def trace(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Trace:
        """Return all Z, A, delta, Delta and D of one forward and backward pass over these rows.

        Parameters
        ----------
        X, y, sample_weight
            As in :meth:`fit`.  All arrays are kept: pass only the rows of interest, not the whole table.

        Returns
        -------
        Trace
            In float64, by :func:`multilayer.equations.trace`, with ``alpha`` as λ.  Print it for a table.

        Examples
        --------
        >>> from multilayer import MLPClassifier
        >>> X, y = [[0.0], [1.0], [2.0]], ["no", "yes", "yes"]
        >>> model = MLPClassifier((2,), solver="lbfgs", random_state=0).fit(X, y)
        >>> trace = model.trace(X, y)
        >>> trace
        <Trace of 3 examples through 1-2-1 units, J = ...>
        >>> [D.shape for D in trace.D]
        [(2, 2), (1, 3)]
        """
        self._check_is_fitted()
        return inspection.trace(self, self._target_adapter(), X, y, sample_weight)

    def check_gradient(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> GradientCheck:
        """Compare the gradient of backpropagation with difference quotients, weight by weight.

        Parameters
        ----------
        X, y, sample_weight
            As in :meth:`fit`.  Each weight needs four passes over these rows; a few dozen rows are enough.

        Returns
        -------
        GradientCheck
            The report of :func:`multilayer.equations.check_gradient`, with this network's cost and its ``alpha``.

        Examples
        --------
        >>> from multilayer import MLPClassifier
        >>> X, y = [[0.0], [1.0], [2.0]], ["no", "yes", "yes"]
        >>> model = MLPClassifier((2,), "tanh", solver="lbfgs", random_state=0).fit(X, y)
        >>> model.check_gradient(X, y).max_error < 1e-7
        True
        """
        self._check_is_fitted()
        return inspection.check_gradient(self, self._target_adapter(), X, y, sample_weight)

    def diagnose(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
    ) -> inspection.Diagnosis:
        """Look for common faults of the fitted network, with advice for each.

        These are dead, saturated and constant units, constant outputs, weights that hardly move, vanishing gradients, a
        step size that is too large or too small, training that ended too soon, badly scaled inputs and targets,
        underfitting and overfitting.  The network is not changed: one more update is done on a copy.

        Parameters
        ----------
        X, y, sample_weight
            As in :meth:`fit`: the rows that the network was trained on.
        X_val, y_val : as X and y, default=None
            Held-out rows.  Without them, the rows held out by ``early_stopping`` are used.

        Returns
        -------
        Diagnosis
            Each of its ``findings`` has a severity, evidence and advice.  Print it, or draw it with
            :func:`multilayer.plots.plot_diagnosis`.

        Raises
        ------
        ParameterError
            For X_val without y_val, or y_val without X_val.

        Examples
        --------
        >>> from multilayer import MLPClassifier
        >>> X, y = [[0.0], [1000.0], [2000.0], [3000.0]], [0, 0, 1, 1]
        >>> model = MLPClassifier((4,), max_iter=5, n_iter_no_change=None, random_state=0).fit(X, y)
        >>> [finding.where for finding in model.diagnose(X, y) if finding.name == "inputs badly scaled"]
        ['column 0 of X']

        References
        ----------
        Glorot, X. and Bengio, Y. (2010). Understanding the difficulty of training deep feedforward neural networks.
        AISTATS.
        """
        self._check_is_fitted()
        return inspection.diagnose(self, self._target_adapter(), X, y, sample_weight, X_val, y_val)

    @classmethod
    @cache
    def _get_param_names(cls) -> list[str]:
        """Return the names of the parameters, cached: reading the signature takes most of the time of a clone."""
        names: list[str] = super()._get_param_names()
        return names

    def __getstate__(self) -> dict[str, Any]:
        """Return what a pickle holds: the training state only if the estimator is to continue training."""
        state: dict[str, Any] = super().__getstate__()
        if "_training_state" in state and not (self.warm_start or self._last_was_part):
            return state | {"_training_state": without_memory(self._training_state, self.parameters_)}
        return state

    # Unlike a pickle, a copy holds everything.

    def __copy__(self) -> Self:
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__)
        return other

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        other = memo[id(self)] = type(self).__new__(type(self))
        other.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return other


class ParameterViews(list[Floats]):
    """Views of the parameter vector, one per layer.

    Assigning to an entry, ``model.coefs_[0] = W``, writes into the vector; a plain list would only replace the view.
    """

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            for view, new in zip(self[index], value, strict=True):
                view[...] = new
        else:
            self[index][...] = value


@lru_cache(maxsize=64)
def _with_output(network: Network, output: str) -> Network:
    """Return a network with another output unit."""
    return replace(network, output=output, cost=None)


def _write(name: str, views: list[Floats], values: Iterable[Any]) -> None:
    """Copy new arrays into the views, if all shapes match."""
    new = list(values)
    shapes = [getattr(value, "shape", None) for value in new]
    if shapes != [view.shape for view in views]:
        raise ShapeError(f"{name} must be arrays of shapes {[view.shape for view in views]}, got {shapes}.")
    for view, value in zip(views, new, strict=True):
        view[...] = value
