"""Learning by doing: ten exercises whose answers the library checks, and seven mistakes (:mod:`multilayer.learn.bugs`).

>>> from multilayer import learn
>>> learn.check("count-parameters", 430)
wrong: the biases are missing.
"""

from multilayer.learn.catalogue import EXERCISES, check, data, exercises, hint, solution
from multilayer.learn.verdicts import Exercise, Solution, Verdict

__all__ = ["EXERCISES", "Exercise", "Solution", "Verdict", "check", "data", "exercises", "hint", "solution"]
