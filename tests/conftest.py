"""What all tests share."""

from __future__ import annotations

from hypothesis import settings

# A test gives the same answer every time, on a slow or busy machine too.
settings.register_profile("multilayer", deadline=None, derandomize=True, max_examples=40)
settings.load_profile("multilayer")
