"""The bug lab: an engine with a mistake in its program, what it needs, and the check that finds it."""
