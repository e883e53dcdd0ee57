"""The search for good parameters: candidates, rungs, journal and result."""
