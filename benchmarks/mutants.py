"""Test mutants of model files, checkpoints and journals: count those that raise errors of this library and those
that are read.

    python benchmarks/mutants.py --count 50000

The exit status is 1 if any other result occurs: another exception, other numbers, a process that dies, more than ten
seconds, or memory far beyond the size of the file. tests/files/mutants.py makes and judges the mutants; each one
depends only on its number.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import importlib
import sys
import time
import traceback
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOM = 3 << 30  # bytes of address space, most of which the interpreter and its libraries use
SECONDS = 10.0
PER_TASK = 50


def generator() -> Any:
    """Return the test module that makes mutants."""
    if str(HERE.parent) not in sys.path:
        sys.path.insert(0, str(HERE.parent))
    return importlib.import_module("tests.files.mutants")


def bound_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (ROOM, ROOM))


def judged(number: int, seeds: range) -> tuple[str, collections.Counter[str], list[str]]:
    """Return the name of the subject, its verdicts, and the failures."""
    made = generator()
    subject = made.subjects()[number]
    verdicts: collections.Counter[str] = collections.Counter()
    wrong = []
    for seed in seeds:
        began = time.perf_counter()
        try:
            verdicts[made.verdict(subject, seed)] += 1
        except BaseException:
            verdicts["WRONG"] += 1
            wrong.append(f"{subject.name}, seed {seed}: {traceback.format_exc(limit=-6)}")
        seconds = time.perf_counter() - began
        if seconds > SECONDS:
            wrong.append(f"{subject.name}, seed {seed}: {seconds:.1f} seconds")
    return subject.name, verdicts, wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=50_000)
    parser.add_argument("--first", type=int, default=0, help="the number of the first mutant of each file")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", nargs="+", metavar="FILE", help="the names of some of the files; by default all")
    arguments = parser.parse_args()
    known = [subject.name for subject in generator().subjects()]
    unknown = set(arguments.only or ()) - set(known)
    if unknown:
        parser.error(f"--only: unknown {', '.join(sorted(unknown))}. Known: {', '.join(known)}.")
    names = [name for name in known if name in (arguments.only or known)]
    per_subject = -(-arguments.count // len(names))
    last = arguments.first + per_subject
    starts = range(arguments.first, last, PER_TASK)
    totals: dict[str, collections.Counter[str]] = {name: collections.Counter() for name in names}
    wrong: list[str] = []
    began = time.perf_counter()
    with concurrent.futures.ProcessPoolExecutor(arguments.jobs, initializer=bound_memory) as pool:
        tasks = {
            pool.submit(judged, number, range(start, min(start + PER_TASK, last))): (name, start)
            for start in starts
            for number, name in enumerate(known)
            if name in names
        }
        for task in concurrent.futures.as_completed(tasks):
            try:
                name, verdicts, found = task.result()
            except concurrent.futures.BrokenExecutor as error:
                wrong.append(f"{tasks[task]}: a process died: {error}")
                continue
            totals[name] += verdicts
            wrong += found
    kinds = sorted({kind for verdicts in totals.values() for kind in verdicts})
    print(f"{'file':28}" + "".join(f"{kind:>28}" for kind in kinds))
    for name, verdicts in [*totals.items(), ("all", sum(totals.values(), collections.Counter()))]:
        print(f"{name:28}" + "".join(f"{verdicts[kind]:28,}" for kind in kinds))
    print(f"{time.perf_counter() - began:.0f} s")
    for each in list({each.rsplit("File", 1)[-1]: each for each in wrong}.values())[:20]:  # one of each kind
        print(each)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
