"""
A first example
===============

The digits of scikit-learn.
"""

from sklearn.datasets import load_digits

from multilayer import MLPClassifier

X, y = load_digits(return_X_y=True)
model = MLPClassifier((32,), max_iter=20, n_iter_no_change=None, random_state=0).fit(X / 16, y)
model.score(X / 16, y)
