"""The base class of the two estimators: ``fit`` trains a copy and keeps it on success."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, ClassVar, Self

from numpy.typing import ArrayLike

from multilayer.equations.activations import Hidden
from multilayer.estimators.fitted import FittedNetwork
from multilayer.estimators.printing import EpochTable
from multilayer.exceptions import ParameterError
from multilayer.fits.fit import Fit, begin
from multilayer.fits.reading import shared_table
from multilayer.fits.resume import read_only, restored_on_failure, update_shared
from multilayer.fits.rows import NO_VALIDATION, FitRequest, SharedTable, ValidationArguments
from multilayer.fits.scikit_learn_callbacks import (
    CALLBACK_ATTRIBUTES,
    CallbackSupportMixin,
    ScikitLearnTasks,
    torn_down,
)
from multilayer.fits.settings import Settings, settings_of
from multilayer.training import Listener
from multilayer.training.loop import uninterrupted
from multilayer.training.starting import Initialization
from multilayer.training.state import write_into


class BaseMLP(CallbackSupportMixin, FittedNetwork):
    """A multilayer perceptron with scikit-learn's interface; its subclasses interpret the targets."""

    # With metadata routing, groups are for splitters; fit receives them only after set_fit_request(groups=True).
    __metadata_request__fit: ClassVar[dict[str, bool]] = {"groups": False}
    hidden_layer_sizes: int | Sequence[int]
    activation: Hidden
    solver: str
    early_stopping: bool
    n_iter_no_change: float | None
    initialization: Initialization
    callbacks: Sequence[Listener]

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array, CSR matrix or frame of shape (m, s_1)
            The training rows.  float32 stays float32; everything else is computed in float64.  Other sparse formats
            are converted to CSR.
        y : array of shape (m,) or (m, K)
            The targets: class labels, zeros and ones with one column per label, or numbers.
        sample_weight : array of shape (m,), default=None
            Non-negative weights of the rows.
        X_val, y_val : as X and y, default=None
            Validation rows, which are scored after each epoch and not trained on; all rows of X are trained on.  The
            weights of the best score are kept; ``early_stopping`` stops by that score.  All labels of y_val must be in
            y.
        sample_weight_val : array of the length of y_val, default=None
            Weights of the validation rows.
        groups : array of shape (m,), default=None
            Groups of the rows, for a ``validation_fraction`` that splits by groups.

        Returns
        -------
        self
            The fitted estimator.  If training fails, it is unchanged.

        Examples
        --------
        >>> from multilayer import MLPRegressor
        >>> model = MLPRegressor((8,), solver="lbfgs", random_state=0).fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
        >>> model.predict([[1.0]]).round(1)
        array([3.])

        References
        ----------
        Rumelhart, D. E., Hinton, G. E. and Williams, R. J. (1986). Learning representations by back-propagating errors.
        Nature 323.
        """
        settings = settings_of(self)
        validation = _validation(X_val, y_val, sample_weight_val, groups)
        resumes = settings.warm_start and hasattr(self, "_training_state")
        return self._train(settings, FitRequest(X, y, sample_weight, validation, resumes))

    def _fit_one_epoch(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        validation: ValidationArguments,
        classes: ArrayLike | None = None,
    ) -> Self:
        settings = settings_of(self)
        if settings.early_stopping and not validation.has_rows:
            raise ParameterError(
                "partial_fit does not support early_stopping=True: it trains for one epoch on all rows. "
                "Set early_stopping=False, and watch score() on separate rows, or pass these as X_val and y_val."
            )
        resumes = hasattr(self, "_training_state")
        return self._train(
            settings, FitRequest(X, y, sample_weight, validation, resumes, is_part=True, classes=classes)
        )

    def _finish(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, given: ValidationArguments) -> Self:
        """Train the remaining epochs of an interrupted fit."""
        given.check_complete()
        settings, done = settings_of(self), self.n_iter_
        settings = replace(settings, max_iter=settings.max_iter - done)
        return self._train(settings, FitRequest(X, y, sample_weight, given, resumes=True, epochs_done=done))

    def _train(self, settings: Settings, request: FitRequest) -> Self:
        """Train a copy and keep it on success; an error leaves this estimator unchanged."""
        model: Any = object.__new__(type(self))
        before = dict(vars(self))
        model.__dict__.update(before)
        with ExitStack() as block:
            has_callbacks = not CALLBACK_ATTRIBUTES.isdisjoint(before)
            if has_callbacks:
                block.enter_context(torn_down(self))
            if request.resumes:
                block.enter_context(restored_on_failure(self._training_state, self.loss_curve_))
                block.enter_context(read_only(self.parameters_))
            fit = begin(model, settings, model._target_adapter(), request)
            listeners = list(settings.callbacks)
            if settings.verbose:
                listeners.append(EpochTable(fit.problem.cost_divisor, every_epoch=settings.verbose > 1))
            if has_callbacks and not request.is_part:
                listeners.append(ScikitLearnTasks(fit, self))
            for listener in listeners:
                if hasattr(listener, "on_fit_begin"):  # it receives the fit, too
                    listener.on_fit_begin(fit.snapshot)
            fit.train(listeners=listeners)
            # Within the block: if warnings are errors, they also leave everything unchanged.
            fit.end()
        with uninterrupted():
            # The arrays that users and callbacks hold show the final parameters.
            shown = self.parameters_ if request.resumes else fit.state.last
            model.parameters_ = write_into(shown, fit.state, model.parameters_)
            if request.resumes:
                update_shared(self._training_state, fit.state)
                model._training_state = self._training_state
            take_over(self, model, before)
        return self

    def _begin(self, request: FitRequest) -> Fit:
        """Return the fit of this estimator before its first update, for a driver that trains it in parts."""
        return begin(self, settings_of(self), self._target_adapter(), request)

    def _shared_table(self, X: Any, y: Any, sample_weight: Any) -> SharedTable:
        """Return the data of many fits, checked as ``fit`` checks them."""
        return shared_table(self, self._target_adapter(), X, y, sample_weight)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _supports_partial_fit(self) -> bool:
        if self.solver == "lbfgs":
            raise AttributeError(
                "partial_fit is only available for solver='adam' and 'sgd': 'lbfgs' needs all of the data at once."
            )
        return True


def _validation(X: Any, y: Any, weight: Any, groups: Any) -> ValidationArguments:
    """Return the arguments of ``fit`` for validation, checked to be complete."""
    if X is None and y is None and weight is None and groups is None:
        return NO_VALIDATION
    given = ValidationArguments(X, y, weight, groups)
    given.check_complete()
    return given


def take_over(estimator: object, trained: object, before: Mapping[str, Any]) -> None:
    """Set the attributes of a trained copy on the estimator; attributes that were set since ``before`` are kept."""
    own, new = vars(estimator), vars(trained)
    for name in before.keys() - new.keys():
        own.pop(name, None)
    own.update({name: value for name, value in new.items() if name not in before or before[name] is not value})


def set_parameters(estimator: object, arguments: dict[str, Any]) -> None:
    """Set each argument of a constructor as an attribute, unchecked, as scikit-learn requires."""
    vars(estimator).update({name: value for name, value in arguments.items() if name not in ("self", "__class__")})
