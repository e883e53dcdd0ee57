"""Seeing inside a fitted network: activations, weighted sums, sensitivities, traces and checks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import TransformerMixin
from sklearn.utils._set_output import _get_output_config

from multilayer.engines import Objective, get_engine
from multilayer.equations.activations import activation
from multilayer.equations.checking import GradientCheck, check_gradient
from multilayer.equations.costs import output_unit
from multilayer.equations.extensions.normalization import normalize
from multilayer.equations.extensions.penalties import Penalty
from multilayer.equations.extensions.sensitivity import SIDES, input_gradient
from multilayer.equations.extensions.tracing import Trace, trace
from multilayer.exceptions import ParameterError, unknown_name
from multilayer.fits.inputs import as_dense
from multilayer.fits.settings import checked
from multilayer.inspection.diagnosis import Diagnosis
from multilayer.inspection.findings import all_findings, validation_score
from multilayer.inspection.vitals import BLOCK, Case, measure, skill
from multilayer.network import Floats, Network, n_parameters, norms, thetas
from multilayer.training import Run

if TYPE_CHECKING:
    from multilayer.fits.rows import Targets
    from multilayer.fits.target_scale import TargetScale


class Inside(TransformerMixin):
    """What a fitted network shows of its inside; each method trains nothing and changes nothing."""

    network_: Network
    parameters_: Floats
    engine: str
    n_outputs_: int
    loss_curve_: list[float]
    _run: Run

    if TYPE_CHECKING:

        @property
        def _target_scale(self) -> TargetScale | None: ...
        def _check_is_fitted(self) -> None: ...
        def _rows(self, X: ArrayLike) -> Any: ...
        def _posed(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None) -> tuple[Objective, Targets]: ...

    def transform(self, X: ArrayLike, layer: int | None = None) -> Floats:
        """The activations of a layer: what the network makes of each row on its way to the answer.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (m, s_1)
        layer : int or None, default=None
            l, the layer's number in the textbook's count: 2 is the first hidden layer, ``n_layers_`` the output layer.
            None: the last hidden layer.

        Returns
        -------
        array of shape (m, s_l)
            A_l, in the dtype of the network.

        Raises
        ------
        ParameterError
            For a layer that there is not; and, after ``set_output``, for another than the last hidden one, whose
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
        number = self._layer_number(layer)
        rows = self._rows(X)
        network = self.network_
        if number == len(network.layer_sizes):
            return get_engine(self.engine, network).predict(network, self.parameters_, rows)
        # The layers up to this one are a network of their own, whose parameters begin the vector of the whole.
        sizes, hidden = network.layer_sizes[:number], network.hidden[: number - 2]
        lower = Network(sizes, hidden, "identity", normalization=network.normalization)
        A = get_engine(self.engine, lower).predict(lower, self.parameters_[: n_parameters(lower)], rows)
        g = activation(network.hidden[number - 2]).g
        of_layers = [norm.astype(np.float64) for norm in norms(network, self.parameters_)]
        for block in _blocks(len(A)):
            Z = A[block].astype(np.float64, copy=False)
            A[block] = g(normalize(Z, of_layers[number - 2]) if of_layers else Z)
        return A

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[np.object_]:
        """Names of the columns of :meth:`transform`: the units of the last hidden layer.

        Parameters
        ----------
        input_features : ignored
            There for scikit-learn's interface: a unit depends on all inputs.

        Returns
        -------
        array of str of shape (s_{L-1},)
            Such as "mlpclassifier0", by scikit-learn's way of naming what has no name.
        """
        self._check_is_fitted()
        del input_features
        prefix = type(self).__name__.lower()
        n_units = self.network_.layer_sizes[self._layer_number(None) - 1]
        return np.array([f"{prefix}{unit}" for unit in range(n_units)], dtype=object)

    def input_gradient(self, X: ArrayLike, output: int | None = None, of: str = "H") -> Floats:
        """The derivative of the network's answer by each input, for each row: which inputs move it, and which way.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (m, s_1)
        output : int or None, default=None
            The number of the output unit, from 0; of a classifier, the place of the class in ``classes_``.  A network
            for two classes has a single unit, 0, which answers for the second.  None: all units.
        of : {"H", "Z"}, default="H"
            "H": the unit's answer (a probability, of a classifier, before ``output="sigmoid"`` divides by their sum;
            of a regressor that standardises its targets, in the units of y).
            "Z": its weighted sum, as :meth:`decision_function` shows it.  Where an answer is firm its derivative is
            near 0 for every input; that of the sum still tells them apart.

        Returns
        -------
        array of shape (m, s_1), or (m, K, s_1) for all of several outputs
            In the dtype of the network; computed in float64, by (V2) of docs/mathematics.md.

        Examples
        --------
        >>> from multilayer import MLPRegressor
        >>> X = [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
        >>> model = MLPRegressor((), solver="lbfgs", tol=1e-9, alpha=0, random_state=0).fit(X, [2.0, 1.0, 3.0])
        >>> model.input_gradient(X[:1]).round(3)
        array([[1., 2.]])
        """
        self._check_is_fitted()
        if of not in SIDES:
            raise unknown_name("of", of, SIDES)
        K = self.n_outputs_
        if output is not None and not _is_index(output, K):
            raise ParameterError(
                f"output must be None or the number of an output unit, from 0 to {K - 1}, got {output!r}. Of a "
                "classifier, that is the place of the class in classes_; for two classes there is the unit 0 alone."
            )
        rows, network = self._rows(X), self.network_
        units = range(K) if output is None else [int(output)]
        gradient = np.empty((rows.shape[0], len(units), rows.shape[1]), dtype=self.parameters_.dtype)
        given = thetas(network, self.parameters_), network.hidden, network.output
        of_layers = norms(network, self.parameters_)
        for block in _blocks(rows.shape[0]):
            dense = as_dense(rows[block])
            for place, unit in enumerate(units):
                gradient[block, place] = input_gradient(dense, *given, unit, of, of_layers)
        scale = self._target_scale
        if of == "H" and scale is not None:
            gradient *= scale.deviation[units, np.newaxis].astype(gradient.dtype)
        return gradient[:, 0] if len(units) == 1 else gradient

    def trace(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Trace:
        """All Z, A, delta, Delta and D of these rows: one pass forward and back, as the textbook does it by hand.

        Parameters
        ----------
        X, y, sample_weight
            As in :meth:`fit`.  Everything is kept: pass the rows to be looked at, not the whole table.

        Returns
        -------
        Trace
            In float64, by :func:`multilayer.equations.trace`; ``alpha`` is the λ in it.  Print it for a table.

        Examples
        --------
        >>> from multilayer import MLPClassifier
        >>> X, y = [[0.0], [1.0], [2.0]], ["no", "yes", "yes"]
        >>> model = MLPClassifier((2,), solver="lbfgs", random_state=0).fit(X, y)
        >>> seen = model.trace(X, y)
        >>> seen
        <Trace of 3 examples through 1-2-1 units, J = ...>
        >>> [D.shape for D in seen.D]
        [(2, 2), (1, 3)]
        """
        return trace(**self._for_the_book(X, y, sample_weight))

    def check_gradient(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> GradientCheck:
        """Backpropagation through the fitted network against difference quotients, weight by weight.

        Parameters
        ----------
        X, y, sample_weight
            As in :meth:`fit`.  Each weight takes four passes over these rows: a few dozen rows are enough.

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
        return check_gradient(**self._for_the_book(X, y, sample_weight))

    def diagnose(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
    ) -> Diagnosis:
        """What may be wrong with the fitted network: units, weights, step size, scales, fit; with what to try.

        Looks for dead, saturated and constant units, constant answers, weights that hardly move, vanishing gradients,
        a step size too large or too small, training that ended too soon, badly scaled inputs and targets, under- and
        overfitting.  Nothing is trained: one more update is done on a copy.

        Parameters
        ----------
        X, y, sample_weight
            As in :meth:`fit`: the rows that the network was trained on.
        X_val, y_val : as X and y, default=None
            Rows that it has not seen.  Without them, the rows held out by ``early_stopping`` take their place.

        Returns
        -------
        Diagnosis
            Its ``findings`` each have a severity, evidence and advice; ``print`` it, or draw it by
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
        """
        if (X_val is None) != (y_val is None):
            raise ParameterError("X_val and y_val belong together: pass both or neither.")
        objective, targets = self._posed(X, y, sample_weight)
        case = Case(
            objective,
            self.parameters_,
            self._run,
            get_engine(self.engine, objective.network),
            checked(self),
            self.loss_curve_,
            targets.cost_divisor,
            targets.score,
            None if X_val is None or y_val is None else self._posed(X_val, y_val, None)[0],
        )
        vitals = measure(case)
        score, _ = skill(case, vitals.H)
        found = tuple(all_findings(case, vitals))
        return Diagnosis(found, tuple(vitals.layers), objective.X.shape[0], score, validation_score(case)[0])

    def _for_the_book(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None) -> dict[str, Any]:
        """The arguments of the book's functions for the fitted network and these data."""
        objective, _ = self._posed(X, y, sample_weight)
        return {
            "X": as_dense(objective.X),
            "Y": objective.Y,
            "thetas": thetas(self.network_, self.parameters_),
            "lam": Penalty(objective.lam, objective.lam1),
            "hidden": self.network_.hidden,
            "output": output_unit(self.network_.output, self.network_.cost),
            "sample_weight": objective.sample_weight,
            "norms": norms(self.network_, self.parameters_),
        }

    def _layer_number(self, layer: int | None) -> int:
        """The layer's number, from 2 to L."""
        sizes = self.network_.layer_sizes
        last = len(sizes)
        if layer is None:
            if last == 2:
                raise ParameterError(
                    "the network has no hidden layer, so there is none to show by default. "
                    "Write layer=2 for its output layer."
                )
            return last - 1
        if not _is_index(layer, last + 1) or layer < 2:
            raise ParameterError(
                f"layer must be None or an integer from 2 to {last}, got {layer!r}. Layers count from 1, the inputs; "
                f"{last} is the output layer."
            )
        is_framed = _get_output_config("transform", self)["dense"] != "default"
        if is_framed and layer != last - 1:
            raise ParameterError(
                f"after set_output, transform names its columns after the last hidden layer, {last - 1}, and cannot "
                f'show layer {layer}. Call set_output(transform="default") first.'
            )
        return int(layer)


def _blocks(n_rows: int) -> Iterator[slice]:
    for start in range(0, n_rows, BLOCK):
        yield slice(start, start + BLOCK)


def _is_index(value: object, n: int) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and 0 <= int(value) < n
