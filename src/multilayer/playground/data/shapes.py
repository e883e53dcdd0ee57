"""make_shape: points in the plane in classes, or with amounts, from which a small network can learn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import make_blobs, make_circles, make_moons
from sklearn.utils import check_random_state

from multilayer._checks import check_choice, check_integer, check_real, check_seed

Points = tuple[NDArray[np.float64], NDArray[Any]]  # X of shape (m, 2) and y of shape (m,)

BLOB_CENTRES = ((0.0, 1.0), (-0.9, -0.5), (0.9, -0.5))
_TURNS = 1.25  # of a spiral's arm


@dataclass(frozen=True)
class Shape:
    """A data set in the plane, as it is offered in the playground.

    Attributes
    ----------
    name : str
        The name for :func:`make_shape`.
    title : str
        The name in a sentence.
    task : {"classification", "regression"}
        Whether y holds classes or amounts.
    noise : float
        The noise that suits the shape.
    maker : callable
        A function of ``n_samples``, the noise and ``random_state`` that returns X and y.
    noise_argument : str
        What ``maker`` calls the noise.
    options : mapping of str to object
        Further arguments of ``maker``.
    """

    name: str
    title: str
    task: Literal["classification", "regression"]
    noise: float
    maker: Callable[..., Points] = field(repr=False)
    noise_argument: str = "noise"
    options: Mapping[str, Any] = field(default_factory=dict)


def make_shape(name: str, n_samples: int = 500, noise: float = 0.1, random_state: Any = 0) -> Points:
    r"""Return random points in the plane with their classes or amounts.

    ============  ======================================================================================
    ``name``      the points
    ============  ======================================================================================
    ``moons``     two half circles that reach into each other: ``sklearn.datasets.make_moons``
    ``circles``   a circle of half the size inside another: ``sklearn.datasets.make_circles``
    ``spirals``   two arms that wind around each other
    ``xor``       a square whose opposite quarters are of one class
    ``blobs``     three round groups: ``sklearn.datasets.make_blobs``
    ``waves``     a square with an amount at each point, :math:`\sin(3 x_1) \cos(3 x_2)`
    ============  ======================================================================================

    The coordinates are of the size of 1.  More noise makes the task harder: it is the standard deviation of a normal
    error in each coordinate, which is added after the classes are assigned; for ``waves``, in the amount.

    Parameters
    ----------
    name : {"moons", "circles", "spirals", "xor", "blobs", "waves"}
        The shape.
    n_samples : int, default=500
        The number of points.
    noise : float, default=0.1
        The standard deviation of the error; not negative.
    random_state : int, RandomState or None, default=0
        The seed.

    Returns
    -------
    X : array of shape (n_samples, 2)
        The points, in random order.
    y : array of shape (n_samples,)
        Classes 0, 1, ... as int64; for ``waves`` amounts as float64.

    Raises
    ------
    ParameterError
        For an unknown name or an invalid argument.

    Examples
    --------
    >>> X, y = make_shape("spirals", n_samples=200)
    >>> X.shape, np.bincount(y).tolist()
    ((200, 2), [100, 100])
    >>> X, y = make_shape("waves", noise=0)
    >>> bool(np.allclose(y, np.sin(3 * X[:, 0]) * np.cos(3 * X[:, 1])))
    True
    """
    shape = SHAPES[check_choice("shape", name, list(SHAPES))]
    n_samples = check_integer("n_samples", n_samples, 1)
    error = {shape.noise_argument: check_real("noise", noise, 0)}
    seed = check_seed("random_state", random_state)
    return shape.maker(n_samples=n_samples, **error, random_state=seed, **shape.options)


def _make_spirals(n_samples: int, noise: float, random_state: Any) -> Points:
    """Two arms r = t at the angle 2 pi _TURNS t, t from 0 to 1; the second is turned by half a turn."""
    rng = check_random_state(random_state)
    y = rng.permutation(np.arange(n_samples) % 2).astype(np.int64)
    # With the square root, the points are as dense outside as inside.  0.05 keeps the arms apart at the centre.
    t = np.sqrt(rng.uniform(0.05**2, 1, n_samples))
    angle = 2 * np.pi * _TURNS * t + np.pi * y
    X = np.column_stack([t * np.cos(angle), t * np.sin(angle)])
    return X + rng.normal(scale=noise, size=X.shape), y


def _make_xor(n_samples: int, noise: float, random_state: Any) -> Points:
    """A square from -1 to 1; class 1 where the coordinates have different signs."""
    rng = check_random_state(random_state)
    X = rng.uniform(-1, 1, (n_samples, 2))
    y = ((X[:, 0] > 0) != (X[:, 1] > 0)).astype(np.int64)
    return X + rng.normal(scale=noise, size=X.shape), y


def _make_waves(n_samples: int, noise: float, random_state: Any) -> Points:
    """A square from -1 to 1, with hills and valleys of height 1."""
    rng = check_random_state(random_state)
    X = rng.uniform(-1, 1, (n_samples, 2))
    return X, np.sin(3 * X[:, 0]) * np.cos(3 * X[:, 1]) + rng.normal(scale=noise, size=n_samples)


_SHAPES = (
    Shape("moons", "two moons", "classification", 0.2, make_moons),
    Shape("circles", "circles", "classification", 0.1, make_circles, options={"factor": 0.5}),
    Shape("spirals", "two spirals", "classification", 0.03, _make_spirals),
    Shape("xor", "exclusive or", "classification", 0.1, _make_xor),
    Shape("blobs", "three blobs", "classification", 0.35, make_blobs, "cluster_std", {"centers": BLOB_CENTRES}),
    Shape("waves", "waves", "regression", 0.1, _make_waves),
)
SHAPES: Mapping[str, Shape] = MappingProxyType({shape.name: shape for shape in _SHAPES})
"""The shapes by name."""
