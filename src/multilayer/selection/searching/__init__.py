"""The search for good parameters: candidates, rungs, a journal, and what comes out."""
