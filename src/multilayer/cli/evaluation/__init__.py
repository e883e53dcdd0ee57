"""A run on one split or several: the network, a linear model and the baseline, their scores, and a search."""
