"""Predictions of a saved model for the rows of a file, batch by batch."""
