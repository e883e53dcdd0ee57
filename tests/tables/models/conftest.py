"""Short training of table models."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from multilayer.tables.models import recipes


@pytest.fixture(autouse=True, scope="session")
def _short_training() -> Iterator[None]:
    """Train the networks of table models for a few epochs, which is enough for tests of what surrounds them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recipes, "n_epochs", lambda recipe, n_rows, batch: 40)  # noqa: ARG005 the signature of n_epochs
        yield
