"""Failed assertions of the contract show their values, like those of a test module."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(f"{__package__}.contract")
