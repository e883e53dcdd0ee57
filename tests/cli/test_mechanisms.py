"""What keeps every command from ending in a traceback or beyond its time, in this process."""

from __future__ import annotations

import errno
import html
import io
import os
import signal
import sys
import threading
import warnings
from pathlib import Path
from types import SimpleNamespace

import click
import numpy as np
import pyarrow as pa
import pytest

from multilayer.cli import memory, streams
from multilayer.cli.console import Output
from multilayer.cli.deadline import Deadline, limited_linear_model
from multilayer.cli.evaluation.advice import Course, advice, advice_on_trials, has_risen
from multilayer.cli.evaluation.duplicates import find_duplicates, note_on_duplicates
from multilayer.cli.signals import watched_signals
from multilayer.cli.streams import GuardedStream, OutputLostError, guarded_streams
from multilayer.cli.text import shell_line
from multilayer.tables import ColumnReport, TableEncoder

from .conftest import SMALL, lines_of_people, write


class Broken(io.StringIO):
    """A stream without a descriptor whose text goes nowhere."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def write(self, _: str) -> int:
        raise OSError(self.number, os.strerror(self.number))


class TestStreams:
    @pytest.mark.parametrize(("number", "has_left"), [(errno.EPIPE, True), (errno.ENOSPC, False), (errno.EIO, False)])
    def test_the_first_error_ends_the_command_and_is_kept(self, number, has_left):
        stream = GuardedStream(Broken(number), raises=True)
        with pytest.raises(OutputLostError):
            stream.write("a")
        assert stream.error.errno == number
        assert stream.has_lost_its_reader == has_left
        assert stream.write("nothing more is tried") == 21

    def test_where_files_are_written_the_command_goes_on(self, monkeypatch):
        stream = GuardedStream(Broken(errno.EPIPE), raises=True)
        monkeypatch.setattr(sys, "stdout", stream)
        streams.keep_running_without_reader()
        print("lost")
        assert stream.error is not None

    def test_no_error_in_the_thread_of_a_progress_bar(self):
        stream = GuardedStream(Broken(errno.EPIPE), raises=True)
        thread = threading.Thread(target=stream.write, args=("a",))
        thread.start()
        thread.join()
        assert stream.error is not None

    def test_streams_that_are_not_there(self, monkeypatch):
        monkeypatch.setattr(sys, "stdout", None)
        monkeypatch.setattr(sys, "stderr", None)
        with guarded_streams() as out:
            print("ä", file=sys.stderr)
            Output().say("ä")
        assert out.error is None
        assert sys.stdout is None

    def test_characters_that_an_encoding_lacks(self, monkeypatch):
        raw = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, "ascii"))
        with guarded_streams():
            Output().say("Größe \udcff ₃")
        assert raw.getvalue().decode("ascii").rstrip() == "Gr??e ? ?"


class TestErrors:
    @pytest.mark.parametrize(
        ("error", "code", "text"),
        [
            (MemoryError("Unable to allocate 7 TiB"), 1, "out of memory (Unable to allocate 7 TiB). Use a smaller"),
            (MemoryError(), 1, "out of memory. Use a smaller network"),
            (OSError(28, "No space left on device", "/x/y"), 1, "/x/y: No space left on device."),
            (RecursionError("too deep"), 1, "unexpected RecursionError: too deep. This is an error in multilayer"),
            (KeyboardInterrupt(), 130, "interrupted."),
        ],
    )
    def test_are_one_line(self, run, people, monkeypatch, error, code, text):
        monkeypatch.delenv("MULTILAYER_DEBUG", raising=False)

        def fail(*_, **__):
            raise error

        monkeypatch.setattr("multilayer.cli.evaluation.problem.encode_target", fail)
        result = run("train", people, *SMALL)
        assert result.exit_code == code
        assert result.stderr.splitlines()[-1].startswith(f"multilayer: {text}")
        assert "Traceback" not in result.stderr

    def test_traceback_of_a_fault_for_those_who_ask(self, run, people, monkeypatch):
        monkeypatch.setenv("MULTILAYER_DEBUG", "1")
        monkeypatch.setattr("multilayer.cli.evaluation.problem.encode_target", None)
        with pytest.raises(TypeError):
            run("train", people, *SMALL)

    def test_warnings_that_nobody_has_put_into_words(self, run, people, monkeypatch):
        def warn(*_, **__):
            with warnings.catch_warnings():
                warnings.simplefilter("always")
                warnings.warn("first\n  line", UserWarning, stacklevel=1)
            raise KeyboardInterrupt

        monkeypatch.setattr("multilayer.cli.evaluation.problem.encode_target", warn)
        assert run("train", people, *SMALL).stderr.splitlines()[0] == "note: first line"

    @pytest.mark.parametrize("command", ["train", "cv"])
    @pytest.mark.parametrize(
        ("options", "text"),
        [
            (("--hidden", "9" * 5000), "a layer of 5,000 digits is larger than any computer."),
            (("--hidden", "8," * 3 + "x" * 5000), "is not a positive integer."),
            (("--hidden", "1" + "0" * 11), "a network with at least 300,000,000,001 weights would need at least 52,"),
            (("--hidden", ",".join(["100000"] * 200)), "a network with at least 1,990,0"),
            (("--epochs", "1" + "0" * 20), "is not in the range 1<=x<=2147483647."),
            (("--epochs", "9" * 5000), "'--epochs': '99999"),
            (("--batch-size", "1" + "0" * 20), "is not in the range 1<=x<=2147483647."),
            (("--step-size", "1e400"), "'--step-size': 1e400 is not a finite number."),
            (("--alpha", "nan"), "'--alpha': nan is not a finite number."),
            (("--minutes", "nan"), "'--minutes': nan is not a positive number of minutes."),
            (("--minutes", "-1"), "'--minutes': -1 is not a positive number of minutes."),
            (("--seed", "4294967296"), "'--seed': 4294967296 is not in the range 0<=x<=4294967295."),
        ],
    )
    def test_numbers_beyond_all_bounds_are_refused_before_anything_is_read(self, run, command, options, text):
        result = run(command, "no-such-file.csv", *options)
        assert result.exit_code == 2
        assert text in result.stderr
        assert result.stderr.count("\n") == 1
        assert len(result.stderr) < 400


class TestExitCodes:
    def test_a_disk_that_is_full(self, run, people, monkeypatch):
        def full(*_, **__):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr("multilayer.cli.folder.replace_file", full)
        out = people.parent / "out"
        result = run("train", people, *SMALL, "--out", out)
        assert result.exit_code == 1
        assert result.stderr.splitlines()[-1].endswith("cannot be written: no space left on device.")
        assert not out.exists()

    def test_a_disk_that_is_full_before_the_training(self, run, people, monkeypatch):
        def full(*_, **__):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr("multilayer.cli.folder.tempfile.TemporaryFile", full)
        out = people.parent / "out"
        result = run("train", people, *SMALL, "--out", out)
        assert (result.exit_code, "Trained" in result.stdout) == (1, False)
        assert result.stderr.splitlines()[-1] == f"multilayer: --out {out}: no space left on device."

    @pytest.mark.parametrize("command", ["train", "cv", "search"])
    def test_no_time_for_anything(self, run, people, command):
        result = run(command, people, "--target", "buys", "--minutes", "1e-7")
        assert result.exit_code == 1
        assert result.stderr.count("\n") == 1
        assert "the time was over before" in result.stderr
        assert "See:" not in result.stderr


class TestMemory:
    def test_by_hand(self):
        assert memory.n_weights([3, 4, 2]) == 4 * 4 + 5 * 2
        # 26 weights with their gradient and two means, 6 units with four numbers for 32 rows, of 4 bytes each.
        assert memory.bytes_to_train([3, 4, 2]) == 4 * (4 * 26 + 6 * 4 * 32)

    def test_the_network_of_a_table_is_checked_before_it_is_trained(self, run, people, monkeypatch):
        monkeypatch.setattr(memory, "memory", lambda: 40_000)
        assert memory.check_hidden_layers([64]) is None
        for command, text in (("train", "a network with 513 weights would need"), ("cv", "networks at a time, each")):
            result = run(command, people, "--target", "buys", "--hidden", "64", *["--jobs", "2"] * (command == "cv"))
            assert (result.exit_code, "Trained" in result.stdout) == (2, False)
            assert text in result.stderr

    def test_many_layers_are_not_all_printed(self, run, people):
        result = run("train", people, "--target", "buys", "--hidden", ",".join(["2"] * 10), "--epochs", "1")
        assert "Trained a network of 6 - 2 - ... - 1 units in 12 layers" in result.stdout


def advised(*, worse=False, loss=1.0, trained=1.0, risen=False, ran_out=True) -> str:
    return advice(Course(9, risen, ran_out), worse, loss, trained)


class TestAdvice:
    @pytest.mark.parametrize(
        ("known", "text"),
        [
            ({"risen": True, "worse": True}, ""),  # a note says what to do
            (
                {"worse": True, "trained": 0.1},
                " Fewer --epochs, a larger --alpha or fewer --hidden units may help.",
            ),
            ({"worse": True}, " More --epochs or another --step-size may help."),
            (
                {"worse": True, "ran_out": False},
                " Another --step-size, a smaller --alpha or more --hidden units may help.",
            ),
            ({"trained": 0.1}, ""),  # still falling, but on the training rows alone
            ({"ran_out": False}, ""),
        ],
    )
    def test_one_recommendation_or_none(self, known, text):
        assert advised(**known) == text

    def test_more_epochs_with_the_reason(self):
        assert advised().endswith("are about as good as for the training rows: more --epochs may help.")

    def test_a_single_epoch_does_not_tell_whether_the_cost_falls(self, run, people):
        assert not has_risen(SimpleNamespace(loss_curve_=[0.7], loss_=0.7))
        assert has_risen(SimpleNamespace(loss_curve_=[0.7, 0.8], loss_=0.8))
        result = run("train", people, "--target", "buys", "--hidden", "8", "--epochs", "1")
        assert "has not fallen" not in result.stderr

    def test_of_a_search(self):
        assert advice_on_trials([-0.5, -0.4]) == "More --trials or --epochs may find a better one."
        assert advice_on_trials([-0.4, -0.5]) == advice_on_trials([-0.4]) == "More --trials may find a better one."


class TestDuplicates:
    REPORTS = (
        ColumnReport("a", "number", "", 0, 1),
        ColumnReport("b", "text", "", 0, 2),
        ColumnReport("id", "text", "", 0, 0),
    )

    def test_equal_in_all_columns_that_are_used_and_in_the_target(self):
        rng = np.random.RandomState(0)
        a, b = rng.normal(size=100), rng.choice(["x", "y", None], 100)
        a[50:53], b[50:53] = a[:3], b[:3]  # the third has another target
        a[60], a[7] = np.nan, np.nan
        y = np.zeros(100)
        y[52] = 1.0
        features = pa.table({"a": a, "b": b.tolist(), "id": [f"id {i}" for i in range(100)]})
        found = find_duplicates(features, self.REPORTS, y, [(np.arange(50), np.arange(50, 100))])
        n = 2 + (b[60] == b[7])
        assert found[:2] == (n, 50)
        note = note_on_duplicates(*found, "Remove them")
        assert note.startswith(f"{n} of 50 tested rows equal rows to train on in every column")
        assert note.endswith("the scores are too good. Remove them")

    def test_a_column_that_numbers_the_rows_is_not_compared(self):
        a = np.tile(np.random.RandomState(0).normal(size=50), 2)
        features = pa.table({"a": a, "number": np.arange(100)})
        encoder = TableEncoder().fit(features)
        assert encoder.columns_[1].is_identifier
        assert encoder.columns_[1].width == 1
        found = find_duplicates(features, encoder.columns_, np.zeros(100), [(np.arange(50), np.arange(50, 100))])
        assert found[:2] == (50, 50)

    def test_few_different_values_are_alike_by_chance(self):
        rng = np.random.RandomState(0)
        features = pa.table({"a": rng.randint(3, size=400), "b": rng.choice(["x", "y"], 400).tolist()})
        found = find_duplicates(
            features, self.REPORTS[:2], rng.randint(2, size=400), [(np.arange(300), np.arange(300, 400))]
        )
        assert found[0] == 100
        assert note_on_duplicates(*found, "Remove them") == ""

    def test_few_in_a_large_table_are_a_fact_without_advice(self):
        assert note_on_duplicates(1, 1000, 0.0, "Remove") == (
            "1 of 1,000 tested rows equals a row to train on in every column and in the target"
        )

    @pytest.mark.parametrize("command", ["train", "cv"])
    def test_said_on_the_console(self, run, tmp_path, command):
        head, *rows = lines_of_people(40)
        path = write(tmp_path / "t.csv", [head, *rows, *rows])
        result = run(command, path, *SMALL)
        note = next(line for line in result.stderr.splitlines() if "tested rows" in line)
        assert "equal rows to train on in every column and in the target: if these are repeats" in note
        assert "--group COLUMN" in note
        n, _, n_tested = note.split()[1:4]
        assert int(n) > 0.6 * int(n_tested)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class TestDeadline:
    def test_parts_share_what_is_left(self):
        clock = Clock()
        deadline = Deadline(2.0, clock)
        assert deadline.seconds_for(0.5, "") == 60.0
        clock.now += 100.0
        assert deadline.seconds_for(0.5, "") == pytest.approx(10.0)
        clock.now += 100.0
        assert deadline.is_over
        with pytest.raises(click.ClickException, match="was over before the network was trained, with --minutes 2"):
            deadline.seconds_for(0.5, "the network was trained")
        assert Deadline(None, clock).seconds_for(0.5, "") is None

    def test_linear_model_has_iterations_for_its_share(self):
        from sklearn.linear_model import LogisticRegression, Ridge

        clock = Clock()

        def fit(model):
            clock.now += 0.5 * model.max_iter

        # A probe of 3 iterations takes 1.5 s; a quarter of 60 s is 15 s for four fits of 0.5 s an iteration.
        assert limited_linear_model(LogisticRegression(max_iter=1000), fit, Deadline(1.0, clock), 4.0).max_iter == 7
        assert limited_linear_model(LogisticRegression(max_iter=5), fit, Deadline(10.0, clock)).max_iter == 5
        assert limited_linear_model(LogisticRegression(max_iter=1000), fit, Deadline(None, clock)).max_iter == 1000
        assert limited_linear_model(Ridge(), fit, Deadline(1.0, clock)).max_iter is None

    @pytest.mark.parametrize("command", ["train", "cv", "search"])
    def test_commands_end_in_time_with_what_there_is(self, run, people, command):
        out = people.parent / "out"
        endless = ["--epochs", "2000000"]
        endless += (
            ["--trials", "2", "--folds", "2"] if command == "search" else ["--hidden", "8", "--step-size", "1e-9"]
        )
        result = run(command, people, "--target", "buys", "--minutes", "0.02", "--out", out, *endless)
        if result.exit_code == 1:  # a machine so slow that there was no time for anything
            assert "Increase --minutes." in result.stderr
        else:
            assert result.exit_code == 0
            assert "the time" in result.stderr
            assert (out / "report.html").exists()

    def test_pictures_are_left_out_when_the_time_is_over(self, run, people, monkeypatch):
        monkeypatch.setattr(Deadline, "is_over", True)
        out = people.parent / "out"
        result = run("train", people, *SMALL, "--out", out)
        assert result.exit_code == 0
        assert "note: the report is without 4 pictures: the time was over\n" in result.stderr
        assert {path.name for path in out.iterdir()} == {"predictions.csv", "confusion.png", "report.html"}


class TestInterrupts:
    def test_in_the_drawing_the_report_is_written(self, run, people, monkeypatch):
        def draw(_):
            raise KeyboardInterrupt

        monkeypatch.setattr("multilayer.cli.output.pictures.draw_pictures", draw)
        out = people.parent / "out"
        result = run("train", people, *SMALL, "--out", out)
        assert result.exit_code == 130
        assert "note: the report is without pictures: interrupted\n" in result.stderr
        assert {path.name for path in out.iterdir()} == {"predictions.csv", "report.html"}

    def test_the_second_is_not_put_off_and_handlers_are_put_back(self):
        from multilayer.cli.signals import end_at_the_next_signal

        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            with watched_signals() as signals:
                end_at_the_next_signal()
                assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler  # which training puts off
                with pytest.raises(KeyboardInterrupt):
                    signal.raise_signal(signal.SIGINT)
                assert signals.exit_code == 130
            assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        finally:
            signal.signal(signal.SIGINT, before)

    def test_sigterm_takes_the_way_of_ctrl_c(self):
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            with watched_signals() as signals:
                with pytest.raises(KeyboardInterrupt):
                    signal.raise_signal(signal.SIGTERM)
                assert signals.exit_code == 143
        finally:
            signal.signal(signal.SIGINT, before)


class TestNames:
    def test_of_files_that_are_not_utf_8(self, run, tmp_path, monkeypatch):
        try:
            path = write(Path(os.fsdecode(os.fsencode(tmp_path) + b"/t\xff.csv")), lines_of_people())
        except (OSError, UnicodeDecodeError):
            pytest.skip("the file system takes names in UTF-8 alone")
        out = Path(os.fsdecode(os.fsencode(tmp_path) + b"/out\xff"))
        monkeypatch.setitem(sys.modules, "matplotlib", None)  # whose pictures hold no names of files
        result = run("train", path, *SMALL, "--out", out)
        assert result.exit_code == 0
        page = (out / "report.html").read_text("utf-8")
        assert "read_table(&#x27;" in page
        assert "t\\udcff.csv" in page  # as Python reads it back
        missing = run("train", path.with_name("no\udcff.csv"), *SMALL)
        assert (missing.exit_code, missing.stderr.count("\n")) == (2, 1)

    def test_as_a_shell_reads_them(self):
        assert shell_line(["a b", "c", "it's \udcff\n"]) == "'a b' c $'it\\x27s \\xff\\x0a'"

    def test_one_column_of_a_terminal(self, monkeypatch, capsys):
        monkeypatch.setattr("multilayer.cli.console._is_terminal", lambda: True)
        for columns in ("0", "1"):
            monkeypatch.setenv("COLUMNS", columns)
            Output().say("one two")
        assert capsys.readouterr().out.split() == ["one", "two"] * 2


class TestReading:
    def test_options_say_how_the_file_is_written(self, run, tmp_path, monkeypatch):
        lines = ["tag;größe;y", *(f"{1 + i % 28:02}.0{1 + i % 9}.2024;{i % 17},5;{'ab'[i % 2]}" for i in range(60))]
        path = tmp_path / "t.csv"
        path.write_bytes("\n".join(lines).encode("latin-1"))
        options = ("--separator", ";", "--decimal", ",", "--encoding", "latin-1", "--date-format", "%d.%m.%Y")
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        out = ("--out", tmp_path / "out")
        result = run("train", path, "--target", "y", "--hidden", "4", "--epochs", "1", *options, *out)
        assert result.exit_code == 0
        page = (tmp_path / "out" / "report.html").read_text("utf-8")
        assert "größe" in page
        for text in ("separator=&#x27;;&#x27;", "decimal=&#x27;,&#x27;", "date_format=&#x27;%d.%m.%Y&#x27;"):
            assert text in page

    def test_standard_input(self, people):
        from click.testing import CliRunner

        from multilayer.cli import main

        result = CliRunner().invoke(main, ["train", "-", *SMALL], input=people.read_bytes())
        assert result.exit_code == 0
        assert "standard input: 80 rows, 3 columns and the target." in result.output
        piped = CliRunner().invoke(main, ["train", "-", *SMALL], input=b"")
        assert "is empty. Column names and rows are needed." in piped.output

    @pytest.mark.parametrize(
        ("options", "text"),
        [
            (("--separator", "ab"), "multilayer: --separator must"),
            (("--encoding", "klingon"), "multilayer: unknown --encoding"),
            (("--decimal", ":"), "multilayer: --decimal must"),
            (("--date-format", "day"), "multilayer: --date-format"),
        ],
    )
    def test_options_that_cannot_be(self, run, people, options, text):
        result = run("train", people, *SMALL, *options)
        assert result.exit_code == 2
        assert result.stderr.startswith(text)
        assert result.stderr.count("\n") == 1

    def test_what_the_reader_reports_is_on_the_console_and_in_the_report(self, run, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        head, *rows = lines_of_people()
        cells = [f"{row},{i:05}" for i, row in enumerate(rows)]
        cells[11] = cells[11].replace(cells[11].split(",")[1], "n/a!", 1)
        path = write(tmp_path / "t.csv", ["# exported", f"{head},code", *cells])
        result = run("train", path, *SMALL, "--out", tmp_path / "out")
        page = (tmp_path / "out" / "report.html").read_text("utf-8")
        notes = [line.removeprefix("note: ") for line in result.stderr.splitlines()]
        for words in (("1 line above", "# exported"), ("income", "n/a!"), ("code", "text")):
            assert [note for note in notes if all(word in note for word in words)], words
        assert all(note in html.unescape(page) for note in notes)

    def test_a_column_that_numbers_the_rows_is_reported(self, run, tmp_path):
        head, *rows = lines_of_people()
        path = write(tmp_path / "t.csv", [f"no,{head}", *(f"{i},{row}" for i, row in enumerate(rows, start=1))])
        said = " ".join(run("train", path, *SMALL).stdout.split())
        assert "it numbers the rows" in said
