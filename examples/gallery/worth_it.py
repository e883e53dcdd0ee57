"""
Is a network worth it?
======================

A table model fits gradient-boosted trees, a linear model and a constant in the same folds, and says whether its lead
may be chance. The program asks the question of three tables: one where a linear model is as good, one where trees are
better, and one where the network is clearly better.
"""
