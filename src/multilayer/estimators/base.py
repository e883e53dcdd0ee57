"""What the two estimators share: ``fit`` and its relatives, which train a copy and take it over on success."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any, ClassVar, Self

from numpy.typing import ArrayLike

from multilayer.equations.activations import Hidden
from multilayer.estimators.fitted import FittedNetwork
from multilayer.estimators.printing import EpochTable
from multilayer.exceptions import ParameterError
from multilayer.fits.fit import Fit, begin
from multilayer.fits.reading import shared_table
from multilayer.fits.resume import restored_on_failure
from multilayer.fits.rows import NO_VALIDATION, FitRequest, SharedTable, ValidationArguments
from multilayer.fits.scikit_learn_callbacks import (
    CALLBACK_ATTRIBUTES,
    CallbackSupportMixin,
    ScikitLearnTasks,
    torn_down,
)
from multilayer.fits.settings import Settings, settings_of
from multilayer.training import Listener
from multilayer.training.starting import Initialization
from multilayer.training.state import write_into


class BaseMLP(CallbackSupportMixin, FittedNetwork):
    """A multilayer perceptron behind scikit-learn's interface; what its targets mean is left to the two estimators."""

    # With metadata routing, groups are for splitters; fit gets them where set_fit_request(groups=True) says so.
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
            float32 stays float32, everything else is computed in float64.  Other sparse formats become CSR.
        y : array of shape (m,) or (m, K)
            The targets: class labels, zeros and ones in one column a label, or numbers.
        sample_weight : array of shape (m,), default=None
            How many rows each row counts for; not negative.
        X_val, y_val : as X and y, default=None
            Rows to validate on after each epoch; none of them is trained on, and all rows of X are.  The best weights
            are kept; with ``early_stopping`` training stops by them, too.  y_val has no labels that y has not.
        sample_weight_val : array of the length of y_val, default=None
            Their weights.
        groups : array of shape (m,), default=None
            For a ``validation_fraction`` that splits by groups.

        Returns
        -------
        self
            The fitted estimator.  If training fails, it is as it was before.
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
                "partial_fit does not support early_stopping=True: a part of the data has no rows to spare, and "
                "one epoch no stop to make. Set early_stopping=False, and watch score() on rows of your own, or "
                "pass them as X_val and y_val."
            )
        resumes = hasattr(self, "_training_state")
        return self._train(
            settings, FitRequest(X, y, sample_weight, validation, resumes, is_part=True, classes=classes)
        )

    def _finish(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, given: ValidationArguments) -> Self:
        """Train the epochs that are left of a fit that was cut off, as if it had not been."""
        given.check_complete()
        settings, done = settings_of(self), self.n_iter_
        settings = replace(settings, max_iter=settings.max_iter - done)
        return self._train(settings, FitRequest(X, y, sample_weight, given, resumes=True, epochs_done=done))

    def _train(self, settings: Settings, request: FitRequest) -> Self:
        """Train a copy, and take it over on success: an error leaves this estimator as it was."""
        model: Any = object.__new__(type(self))
        before = dict(vars(self))
        model.__dict__.update(before)
        shared = restored_on_failure(self._training_state, self.loss_curve_) if request.resumes else nullcontext()
        has_callbacks = not CALLBACK_ATTRIBUTES.isdisjoint(vars(model))
        with torn_down(model) if has_callbacks else nullcontext(), shared:
            fit = begin(model, settings, model._target_adapter(), request)
            listeners = list(settings.callbacks)
            if settings.verbose:
                listeners.append(EpochTable(fit.problem.cost_divisor, every_epoch=settings.verbose > 1))
            if has_callbacks and not request.is_part:
                listeners.append(ScikitLearnTasks(fit))
            for listener in listeners:
                if hasattr(listener, "on_fit_begin"):  # it wants more than events
                    listener.on_fit_begin(fit.snapshot)
            fit.train(listeners=listeners)
            # Within the block: where warnings are errors, they too leave everything as it was.
            fit.end()
        # Whoever holds the parameters, or views of them, sees those that the network has now.
        shown = self.parameters_ if request.resumes else fit.state.last
        model.parameters_ = write_into(shown, fit.state, model.parameters_)
        take_over(self, model, before)
        return self

    def _begin(self, request: FitRequest) -> Fit:
        """A fit of this estimator itself, before its first update, for a driver that trains it in parts."""
        return begin(self, settings_of(self), self._target_adapter(), request)

    def _shared_table(self, X: Any, y: Any, sample_weight: Any) -> SharedTable:
        """The data of many fits, checked as ``fit`` of this estimator would check them."""
        return shared_table(self, self._target_adapter(), X, y, sample_weight)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _learns_in_parts(self) -> bool:
        if self.solver == "lbfgs":
            raise AttributeError(
                "partial_fit is only available for solver='adam' and 'sgd': 'lbfgs' needs all of the data at once."
            )
        return True


def _validation(X: Any, y: Any, weight: Any, groups: Any) -> ValidationArguments:
    """The arguments of ``fit`` for validation; they are complete."""
    if X is None and y is None and weight is None and groups is None:
        return NO_VALIDATION
    given = ValidationArguments(X, y, weight, groups)
    given.check_complete()
    return given


def take_over(estimator: object, trained: object, before: Mapping[str, Any]) -> None:
    """Give an estimator the attributes of the copy that was trained in its place.

    ``before`` are its attributes when the copy was made; what others have set on it since stays.
    """
    own, new = vars(estimator), vars(trained)
    for name in before.keys() - new.keys():
        own.pop(name, None)
    own.update({name: value for name, value in new.items() if name not in before or before[name] is not value})


def keep_parameters(estimator: object, arguments: dict[str, Any]) -> None:
    """The body of a constructor: each argument becomes an attribute of its name, unchecked, as scikit-learn asks."""
    vars(estimator).update({name: value for name, value in arguments.items() if name not in ("self", "__class__")})
