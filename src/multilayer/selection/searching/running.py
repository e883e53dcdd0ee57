"""A search under way: trials as members of one pack, from rung to rung."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Any

import numpy as np

from multilayer.exceptions import DivergenceError, InputError, InterruptedTrainingError, MultilayerError
from multilayer.packs.clusters import ClusterPack
from multilayer.packs.members import Member
from multilayer.packs.pack import Pack
from multilayer.selection.data import work_of
from multilayer.selection.searching.candidates import Candidates
from multilayer.selection.searching.fingerprint import candidate
from multilayer.selection.searching.fold_training import FoldTraining, Preparation, RungTask
from multilayer.selection.searching.journal import Journal, JournalKey, Scored
from multilayer.selection.searching.result import Search, best_and_simplest, rank
from multilayer.selection.searching.rungs import Rungs
from multilayer.selection.searching.trials import SearchListener, SearchProblem, Trial, TrialScored

BASELINE = -1  # the number of its trial
# Networks put aside hold at most so much together; of those beyond it the worst are given up, and trained again from
# the beginning if they are to go on after all.
BYTES_PUT_ASIDE = 1 << 30


class SearchRun:
    """A search under way."""

    def __init__(
        self,
        problem: SearchProblem,
        proposed: Candidates,
        rungs: Rungs,
        journal: Journal,
        pack: Pack | ClusterPack,
        listener: SearchListener | None = None,
        seconds: float = math.inf,
    ) -> None:
        self.problem, self.proposed, self.rungs, self.journal, self.pack = problem, proposed, rungs, journal, pack
        self.listener, self.seconds, self.began = listener, seconds, time.perf_counter()
        self.preparation = Preparation(problem)
        self.trials: dict[int, Trial] = {}
        self.trainings: dict[tuple[int, int], FoldTraining] = {}
        self.arriving: dict[tuple[int, int], dict[int, Scored]] = {}  # scores of folds by trial and rung
        self.errors: list[Exception] = []  # of the candidates
        self.aside: dict[tuple[int, int], int] = {}  # bytes that networks hold which nobody works on
        self.n_bytes_aside = 0
        self.best: Trial | None = None
        self.n_told, self.n_done, self.n_planned = 0, 0, 0
        self.is_exhausted = False

    def until_the_end(self, linear: Any) -> None:
        """Train until there is nothing left to train, or no time."""
        if linear is not None:
            self._begin(Trial(BASELINE, {}, linear, candidate(linear)))
        while True:
            self._begin_more()
            for outcome in self.pack.ended(self.began + self.seconds):
                trial, fold, rung = outcome.key
                scored = outcome.value
                if outcome.error is not None:
                    if trial != BASELINE:
                        self.errors.append(outcome.error)
                    scored = Scored(math.nan, seconds=outcome.seconds, error=_one_line(outcome.error))
                if outcome.error is None or isinstance(outcome.error, MultilayerError | ValueError):
                    # Another error, such as a want of memory, need not come again.
                    self.journal.add(self._place(trial, fold, rung), scored, repr(self.trials[trial].params))
                self._arrived(trial, fold, rung, scored)
                self._begin_more()
            if self.pack.interrupt.pressed or self._is_over() or not self._begin_more():
                break
        self.pack.drop_all()

    def result(self, metric: str) -> Search:
        scored = [trial for number, trial in sorted(self.trials.items()) if trial.scores and number != BASELINE]
        if all(math.isnan(trial.mean) for trial in scored):
            raise self._why_there_is_none(scored, metric)
        best, simplest = best_and_simplest(scored)
        linear = self.trials.get(BASELINE)
        n_epochs = sum(fold.epochs for trial in scored for fold in trial.scores[-1])
        seconds = time.perf_counter() - self.began
        linear = linear if linear is not None and linear.scores else None
        return Search(scored, linear, best, simplest, None, n_epochs, seconds, metric, self.problem)

    def _why_there_is_none(self, scored: list[Trial], metric: str) -> Exception:
        """The error of a search without a score."""
        if self.errors:
            return self.errors[0]
        reached = f"{self.n_done} of {self.n_planned} networks that it had begun with were trained"
        if self.pack.interrupt.pressed:
            return InterruptedTrainingError(f"Ctrl-C came before any candidate had a score; {reached}.")
        if not scored:
            return InputError(
                f"max_time={self.seconds:g} seconds were over before any candidate had a score; {reached}. Give the "
                "search more time, or fewer folds, rows or epochs."
            )
        why = next((trial.error for trial in scored if trial.error), "")
        if why:  # known from the journal alone
            return InputError(f"every trial of the search failed: {why}")
        return InputError(
            f"{metric} is not a number for any of the {len(scored)} candidates: it cannot score the test rows of a "
            "fold. Use another scoring, or folds with more rows and all classes."
        )

    def _place(self, number: int, fold: int, rung: int) -> JournalKey:
        epochs = self.problem.epochs[rung]
        return self.trials[number].digest, fold, 0 if epochs == math.inf else int(epochs)

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
            model = self.problem.with_params(params)
            self._begin(Trial(number, params, model, candidate(model)))
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
            self.trainings[trial.number, fold] = FoldTraining(self.problem, fold, trial.model, preparation)
        self._to_rung(trial.number, len(self.problem.epochs) - 1 if trial.number == BASELINE else 0)

    def _to_rung(self, number: int, rung: int) -> None:
        """Train all folds of a trial to a rung; what the journal knows has been."""
        known = []
        self.n_planned += len(self.problem.splits)
        for fold, split in enumerate(self.problem.splits):
            scored = self.journal.known.get(self._place(number, fold, rung))
            if scored is not None:
                known.append((fold, scored))
                continue
            self._note_aside(number, fold, 0)
            work = RungTask(self.trainings[number, fold], self.problem.epochs[rung])
            size = work_of(self.trials[number].model, len(split.train))
            self.pack.add(Member((number, fold, rung), work, size=size, priority=rung))
        for fold, scored in known:
            self._arrived(number, fold, rung, scored)

    def _arrived(self, number: int, fold: int, rung: int, scored: Scored) -> None:
        """A fold has its score; with the last of them the trial has one, and others may go on because of it."""
        self.n_done += 1
        self._note_aside(number, fold, self.trainings[number, fold].n_bytes)
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
                self._give_up(number, i)
        if number != BASELINE:
            self._learn_best(trial)
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
                self._arrived(number, fold, rung, replace(scored, seconds=0.0))
            return
        self._to_rung(number, rung)

    def _tell_sampler(self) -> None:
        """The first score of each trial, in the order of the trials."""
        while (self.n_told in self.trials) and self.trials[self.n_told].scores:
            trial = self.trials[self.n_told]
            self.proposed.tell(self.n_told, float(np.mean([scored.score for scored in trial.scores[0]])))
            self.n_told += 1

    def _note_aside(self, number: int, fold: int, n_bytes: int) -> None:
        self.n_bytes_aside += n_bytes - self.aside.pop((number, fold), 0)
        if n_bytes:
            self.aside[number, fold] = n_bytes

    def _give_up(self, number: int, fold: int) -> None:
        self.trainings[number, fold].release()
        self._note_aside(number, fold, 0)

    def _free_what_is_put_aside(self) -> None:
        """Give up the least promising networks where all that are put aside hold too much."""
        if self.n_bytes_aside <= BYTES_PUT_ASIDE:
            return
        scores = {number: self.trials[number].mean for number, _ in self.aside}
        means = {number: -math.inf if math.isnan(score) else score for number, score in scores.items()}
        for number, fold in sorted(self.aside, key=lambda place: means[place[0]]):
            if self.n_bytes_aside <= BYTES_PUT_ASIDE:
                return
            self._give_up(number, fold)

    def _learn_best(self, trial: Trial) -> None:
        if trial is self.best and math.isnan(trial.mean):  # it has failed on a later rung
            known = [t for number, t in self.trials.items() if number != BASELINE and not math.isnan(t.mean)]
            self.best = max(known, key=rank, default=None)
        elif not math.isnan(trial.mean) and (self.best is None or rank(trial) > rank(self.best)):
            self.best = trial

    def _is_over(self) -> bool:
        return time.perf_counter() - self.began >= self.seconds

    def _tell(self, trial: Trial) -> None:
        if self.listener is None:
            return
        elapsed = time.perf_counter() - self.began
        counts = len(self.rungs.trials[0]), self.proposed.n_trials, self.n_done, self.n_planned
        self.listener(TrialScored(trial, self.best, *counts, elapsed, self.seconds - elapsed))


def _one_line(error: Exception) -> str:
    """The kind of an error and its text, without advice, on one line."""
    text = error.finding if isinstance(error, DivergenceError) else str(error)
    return f"{type(error).__name__}: {' '.join(text.split())}"
