"""A search under way: trials as members of one pack, from rung to rung."""

from __future__ import annotations

import math
import time
from functools import partial
from typing import Any

import numpy as np

from multilayer.exceptions import InputError
from multilayer.selection.searching.candidates import Candidates
from multilayer.selection.searching.courses import Course, Preparation
from multilayer.selection.searching.journal import Journal, Scored
from multilayer.selection.searching.progress import SearchListener, TrialScored
from multilayer.selection.searching.result import Search, best_and_simplest
from multilayer.selection.searching.rungs import Rungs
from multilayer.selection.searching.trials import Problem, Trial
from multilayer.training.pack import Member, Pack

BASELINE = -1  # the number of its trial
# Networks put aside hold at most so much together; of those beyond it the worst are given up, and trained again from
# the beginning if they are to go on after all.
BYTES_PUT_ASIDE = 1 << 30


class Searching:
    """A search under way."""

    def __init__(
        self,
        problem: Problem,
        proposed: Candidates,
        rungs: Rungs,
        journal: Journal,
        pack: Pack,
        listener: SearchListener | None = None,
        seconds: float = math.inf,
    ) -> None:
        self.problem, self.proposed, self.rungs, self.journal, self.pack = problem, proposed, rungs, journal, pack
        self.listener, self.seconds, self.began = listener, seconds, time.perf_counter()
        self.preparation = Preparation(problem)
        self.trials: dict[int, Trial] = {}
        self.courses: dict[tuple[int, int], Course] = {}
        self.arriving: dict[tuple[int, int], dict[int, Scored]] = {}  # scores of folds by trial and rung
        self.errors: list[Exception] = []
        self.n_told, self.n_done, self.n_planned = 0, 0, 0
        self.is_exhausted = False

    def until_the_end(self, linear: Any) -> None:
        """Train until there is nothing left to train, or no time."""
        if linear is not None:
            self._begin(Trial(BASELINE, {}, linear))
        while True:
            self._begin_more()
            for outcome in self.pack.ended(self.began + self.seconds):
                trial, fold, rung = outcome.key
                scored = outcome.value
                if outcome.error is not None:
                    self.errors.append(outcome.error)
                    scored = Scored(math.nan, seconds=outcome.seconds, error=_one_line(outcome.error))
                self.journal.add((trial, fold, rung), scored)
                self._arrived(trial, fold, rung, scored)
                self._begin_more()
            if self.pack.interrupt.pressed or self._is_over() or not self._begin_more():
                break
        self.pack.drop_all()

    def result(self, metric: str) -> Search:
        scored = [trial for number, trial in sorted(self.trials.items()) if trial.scores and number != BASELINE]
        if not any(not math.isnan(trial.mean) for trial in scored):
            if self.errors:
                raise self.errors[0]
            why = next((trial.error for trial in scored if trial.error), "")
            raise InputError(
                f"every trial of the search failed: {why}"
                if why
                else "the search ended before any trial had a score. Give it more time."
            )
        best, simplest = best_and_simplest(scored)
        linear = self.trials.get(BASELINE)
        n_epochs = sum(fold.epochs for trial in scored for fold in trial.scores[-1])
        seconds = time.perf_counter() - self.began
        has_baseline = linear is not None and linear.scores
        linear = linear if has_baseline else None
        return Search(scored, linear, best, simplest, None, n_epochs, seconds, metric, self.problem)

    def _begin_more(self) -> bool:
        """Begin as many trials as there are threads for; whether any was begun, or has been begun before."""
        began = False
        while not self.is_exhausted and not self._is_over() and self._wants_more():
            params = self.proposed.next()
            if params is None:
                self.is_exhausted = True
                break
            number = len(self.rungs.trials[0])
            self.rungs.begin(number)
            self._begin(Trial(number, params, self.problem.with_params(params)))
            began = True
        return began

    def _wants_more(self) -> bool:
        n_begun = len(self.rungs.trials[0])
        if self.proposed.ahead is not None:
            return n_begun < self.n_told + self.proposed.ahead
        # As many as keep the threads busy: those that wait cost nothing, but a limit of time may come.
        return self.proposed.n_trials is not None or self.pack.n_waiting < 2 * self.pack.n_jobs

    def _begin(self, trial: Trial) -> None:
        self.trials[trial.number] = trial
        shares = trial.number != BASELINE and self.problem.shares_steps(trial.params)
        for fold in range(len(self.problem.splits)):
            preparation = self.preparation if shares else None
            self.courses[trial.number, fold] = Course(self.problem, fold, trial.model, preparation)
        self._to_rung(trial.number, len(self.problem.epochs) - 1 if trial.number == BASELINE else 0)

    def _to_rung(self, number: int, rung: int) -> None:
        """Train all folds of a trial to a rung; what the journal knows has been."""
        known = []
        self.n_planned += len(self.problem.splits)
        for fold, split in enumerate(self.problem.splits):
            scored = self.journal.known.get((number, fold, rung))
            if scored is not None:
                known.append((fold, scored))
                continue
            course = self.courses[number, fold]
            work = partial(course.to_rung, rung)
            self.pack.add(Member((number, fold, rung), work, size=len(split.train), priority=rung))
        for fold, scored in known:
            self._arrived(number, fold, rung, scored)

    def _arrived(self, number: int, fold: int, rung: int, scored: Scored) -> None:
        """A fold has its score; with the last of them the trial has one, and others may go on because of it."""
        self.n_done += 1
        folds = self.arriving.setdefault((number, rung), {})
        folds[fold] = scored
        if len(folds) < len(self.problem.splits):
            return
        trial = self.trials[number]
        while len(trial.scores) < rung:  # the baseline is on the last rung only
            trial.scores.append([])
        trial.scores.append([folds[i] for i in sorted(folds)])
        is_done = rung == len(self.problem.epochs) - 1 or trial.has_ended or math.isnan(trial.mean)
        if is_done:
            for i in folds:
                self.courses[number, i].give_up()
        self._tell(trial)
        if number != BASELINE:
            self._tell_sampler()
            for promoted, to in self.rungs.arrived(number, rung, trial.mean):
                self._promote(promoted, to)
            self._free_what_is_put_aside()

    def _promote(self, number: int, rung: int) -> None:
        trial = self.trials[number]
        if trial.has_ended:  # longer training changes nothing: it is scored already
            self.n_planned += len(self.problem.splits)
            for fold, scored in enumerate(trial.scores[-1]):
                self._arrived(number, fold, rung, _again(scored))
            return
        self._to_rung(number, rung)

    def _tell_sampler(self) -> None:
        """The first score of each trial, in the order of the trials."""
        while (self.n_told in self.trials) and self.trials[self.n_told].scores:
            trial = self.trials[self.n_told]
            self.proposed.tell(self.n_told, float(np.mean([scored.score for scored in trial.scores[0]])))
            self.n_told += 1

    def _free_what_is_put_aside(self) -> None:
        """Give up the least promising networks where all that are put aside hold too much."""
        working = {(number, fold) for number, fold, _ in self.pack.keys}
        aside = [(key, course) for key, course in self.courses.items() if course.n_bytes and key not in working]
        total = sum(course.n_bytes for _, course in aside)
        for _, course in sorted(aside, key=lambda item: self.trials[item[0][0]].mean):
            if total <= BYTES_PUT_ASIDE:
                return
            total -= course.n_bytes
            course.give_up()

    def _is_over(self) -> bool:
        return time.perf_counter() - self.began >= self.seconds

    def _tell(self, trial: Trial) -> None:
        if self.listener is None:
            return
        scored = [t for number, t in self.trials.items() if number != BASELINE and t.scores and not math.isnan(t.mean)]
        elapsed = time.perf_counter() - self.began
        best = best_and_simplest(scored)[0] if scored else None
        counts = len(self.rungs.trials[0]), self.proposed.n_trials, self.n_done, self.n_planned
        self.listener(TrialScored(trial, best, *counts, elapsed, self.seconds - elapsed))


def _again(scored: Scored) -> Scored:
    return Scored(scored.score, scored.epochs, True, scored.n_weights, 0.0, scored.error)


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
