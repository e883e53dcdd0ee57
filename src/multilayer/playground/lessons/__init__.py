"""Lessons: text files with questions that are predicted first, then measured by the library.

A lesson is a TOML file; ``docs/how-to/write-a-lesson.md`` shows how to write one.  The right answers are not in the
file: the library trains, measures and compares.
"""

from multilayer.playground.lessons.lesson import Lesson, Step
from multilayer.playground.lessons.reading import lesson_names, load_lesson
from multilayer.playground.lessons.rehearsal import rehearse

__all__ = ["Lesson", "Step", "lesson_names", "load_lesson", "rehearse"]
