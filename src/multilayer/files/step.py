"""The form of a step of a pipeline in a file: the parameters of its class, and what it has learnt.

Only what a step has learnt is stored; the attributes that follow from it are computed again when a file is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from multilayer.exceptions import ModelFileError, ParameterError
from multilayer.files.kinds import Kind, Record, integer
from multilayer.files.schema import EVERYWHERE, NOT_STORED

MAX_COLUMNS = 1 << 20  # of a step; scikit-learn makes a name for each
OUTPUT_CONFIG = "_sklearn_output_config"


@dataclass(frozen=True)
class Step(Record):
    """A step of a pipeline: its parameters are those of its class, and ``learnt`` are the attributes in a file.

    ``derived`` are the attributes that ``finish`` computes from the others.
    """

    learnt: Mapping[str, Kind] = field(default_factory=dict)
    derived: tuple[str, ...] = ()
    finish: Callable[[Any], None] | None = None
    dtypes: tuple[str, ...] = ()  # the fields that are types of arrays, and names in a file
    width: Callable[[Any], int] = lambda step: int(step.n_features_in_)

    def parts(self, value: Any) -> dict[str, Any]:
        check_is_fitted(value)
        known = {self.attribute(name): name for name in self.fields}
        held = value.get_params(deep=False) | vars(value)
        found = {}
        for name, each in held.items():
            if name in known:
                found[known[name]] = np.dtype(each).name if known[name] in self.dtypes else each
            elif name not in NOT_STORED and name not in self.derived and not _is_deprecated(each):
                raise ParameterError(
                    f"the attribute {name!r} of {self.name} cannot be stored in a file. Use a parameter's default, or "
                    f"remove the attribute: del step.{name}"
                )
        return found

    def built(self, parts: Mapping[str, Any]) -> Any:
        self.check_complete(parts)
        given = {name: np.dtype(each) if name in self.dtypes else each for name, each in parts.items()}
        make: Any = self.make
        names = set(make._get_param_names()) & set(given)
        step = make(**{name: _scalar_type(given[name]) for name in names})
        for name in set(given) - names:
            setattr(step, self.attribute(name), given[name])
        if self.finish is not None:
            try:
                self.finish(step)
            except (TypeError, ValueError, IndexError, KeyError, AttributeError) as error:
                raise ModelFileError(f"{self.name} is inconsistent: {error!s:.200}") from None
        return step

    def check_complete(self, parts: Mapping[str, Any]) -> None:
        """Raise an error if an attribute is missing."""
        for name in self.learnt:
            if name not in parts:
                raise ModelFileError(f"{self.name} has no {name!r}")


def _is_deprecated(value: Any) -> bool:
    """Return whether it is the value of a parameter that scikit-learn has removed and nobody has set."""
    return isinstance(value, str) and value == "deprecated"


def _scalar_type(value: Any) -> Any:
    return value.type if isinstance(value, np.dtype) else value


def step_of(
    make: Any, parameters: Mapping[str, Kind], learnt: Mapping[str, Kind], kind: type[Step] = Step, **options: Any
) -> Step:
    fields = {**parameters, **learnt, "n_features_in_": integer(1, MAX_COLUMNS), **EVERYWHERE}
    attributes = {"output_config": OUTPUT_CONFIG, **options.pop("attributes", {})}
    learnt = {**learnt, "n_features_in_": fields["n_features_in_"]}
    lengths = {"D": "n_features_in_"}
    return kind(make.__name__, make, fields, learnt=learnt, attributes=attributes, lengths=lengths, **options)
