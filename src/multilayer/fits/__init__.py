"""From scikit-learn's words to a training session: parameters, rows, targets, recipe, outcome."""
