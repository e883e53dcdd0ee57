"""One cluster of each kind for all tests of a module."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .local import dask_cluster, ray_cluster


@pytest.fixture(scope="package")
def dask_client() -> Iterator[Any]:
    with dask_cluster() as client:
        yield client


@pytest.fixture(scope="package")
def ray() -> Iterator[Any]:
    with ray_cluster() as module:
        yield module
