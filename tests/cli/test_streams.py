"""Streams, errors, exit codes and signals: no command ends in a traceback."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import threading
import warnings

import pytest

from multilayer.cli import process
from multilayer.cli.console import Output
from multilayer.cli.process import GuardedStream, OutputLostError, guarded_streams, watched_signals

from .conftest import SMALL


class Broken(io.StringIO):
    """A stream without a descriptor that cannot be written to."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def write(self, _: str) -> int:
        raise OSError(self.number, os.strerror(self.number))


class TestStreams:
    @pytest.mark.parametrize(("number", "has_left"), [(errno.EPIPE, True), (errno.ENOSPC, False), (errno.EIO, False)])
    def test_first_error_ends_the_command_and_is_kept(self, number, has_left):
        stream = GuardedStream(Broken(number), raises=True)
        with pytest.raises(OutputLostError):
            stream.write("a")
        assert stream.error.errno == number
        assert stream.has_lost_its_reader == has_left
        assert stream.write("nothing more is tried") == 21

    def test_a_command_that_writes_files_continues_without_a_reader(self, monkeypatch):
        stream = GuardedStream(Broken(errno.EPIPE), raises=True)
        monkeypatch.setattr(sys, "stdout", stream)
        process.keep_running_without_reader()
        print("lost")
        assert stream.error is not None

    def test_errors_in_the_thread_of_a_progress_bar_are_not_raised(self):
        stream = GuardedStream(Broken(errno.EPIPE), raises=True)
        thread = threading.Thread(target=stream.write, args=("a",))
        thread.start()
        thread.join()
        assert stream.error is not None

    def test_missing_streams_are_supported(self, monkeypatch):
        monkeypatch.setattr(sys, "stdout", None)
        monkeypatch.setattr(sys, "stderr", None)
        with guarded_streams() as out:
            print("ä", file=sys.stderr)
            Output().say("ä")
        assert out.error is None
        assert sys.stdout is None

    def test_characters_outside_the_encoding_are_replaced(self, monkeypatch):
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
    def test_errors_are_printed_on_one_line(self, run, people, monkeypatch, error, code, text):
        monkeypatch.delenv("MULTILAYER_DEBUG", raising=False)

        def fail(*_, **__):
            raise error

        monkeypatch.setattr("multilayer.cli.evaluation.problem.encode_target", fail)
        result = run("train", people, *SMALL)
        assert result.exit_code == code
        assert result.stderr.splitlines()[-1].startswith(f"multilayer: {text}")
        assert "Traceback" not in result.stderr

    def test_debug_variable_shows_the_traceback(self, run, people, monkeypatch):
        monkeypatch.setenv("MULTILAYER_DEBUG", "1")
        monkeypatch.setattr("multilayer.cli.evaluation.problem.encode_target", None)
        with pytest.raises(TypeError):
            run("train", people, *SMALL)

    def test_other_warnings_are_printed_on_one_line(self, run, people, monkeypatch):
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
            (("--hidden", "9" * 5000), "got one of 5,000 digits, larger than any computer."),
            (("--hidden", "8," * 3 + "x" * 5000), "--hidden must be positive integers, got"),
            (("--hidden", "1" + "0" * 11), "a network with at least 300,000,000,001 weights would need at least 52,"),
            (("--hidden", ",".join(["100000"] * 200)), "a network with at least 1,990,0"),
            (("--epochs", "1" + "0" * 20), "must be an integer from 1 to 2147483647, got 1"),
            (("--epochs", "9" * 5000), "--epochs must be an integer from 1 to 2147483647, got 99999"),
            (("--batch-size", "1" + "0" * 20), "must be an integer from 1 to 2147483647, got 1"),
            (("--step-size", "1e400"), "--step-size must be a positive number, got 1e400."),
            (("--alpha", "nan"), "--alpha must be a number of at least 0, got nan."),
            (("--minutes", "nan"), "--minutes must be a positive number, got nan."),
            (("--minutes", "-1"), "--minutes must be a positive number, got -1."),
            (("--seed", "4294967296"), "--seed must be an integer from 0 to 4294967295, got 4294967296."),
        ],
    )
    def test_extreme_numbers_are_rejected_before_the_table_is_read(self, run, command, options, text):
        result = run(command, "no-such-file.csv", *options)
        assert result.exit_code == 2
        assert text in result.stderr
        assert result.stderr.count("\n") == 1
        assert len(result.stderr) < 400


class TestExitCodes:
    def test_a_full_disk_is_an_error(self, run, people, monkeypatch):
        def full(*_, **__):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr("multilayer.cli.folder.replace_file", full)
        out = people.parent / "out"
        result = run("train", people, *SMALL, "--out", out)
        assert result.exit_code == 1
        assert result.stderr.splitlines()[-1].endswith("cannot be written: no space left on device.")
        assert not out.exists()

    def test_a_full_disk_is_found_before_the_training(self, run, people, monkeypatch):
        def full(*_, **__):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr("multilayer.cli.folder.tempfile.TemporaryFile", full)
        out = people.parent / "out"
        result = run("train", people, *SMALL, "--out", out)
        assert (result.exit_code, "Trained" in result.stdout) == (1, False)
        assert result.stderr.splitlines()[-1] == f"multilayer: --out {out}: no space left on device."

    @pytest.mark.parametrize("command", ["train", "cv", "search"])
    def test_a_time_too_short_for_any_result_is_an_error(self, run, people, command):
        result = run(command, people, "--target", "buys", "--minutes", "1e-7")
        assert result.exit_code == 1
        assert result.stderr.count("\n") == 1
        assert "the time was over before" in result.stderr
        assert "See:" not in result.stderr


class TestInterrupts:
    def test_ctrl_c_while_plots_are_drawn_still_writes_the_report(self, run, people, monkeypatch):
        def draw(_):
            raise KeyboardInterrupt

        monkeypatch.setattr("multilayer.cli.output.pictures.draw_pictures", draw)
        out = people.parent / "out"
        result = run("train", people, *SMALL, "--out", out)
        assert result.exit_code == 130
        assert "note: the report is without pictures: interrupted\n" in result.stderr
        assert {path.name for path in out.iterdir()} == {
            "model.safetensors",
            "settings.toml",
            "predictions.csv",
            "report.html",
        }

    def test_a_second_ctrl_c_is_immediate_and_handlers_are_restored(self):
        from multilayer.cli.process import end_at_the_next_signal

        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            with watched_signals() as signals:
                end_at_the_next_signal()
                assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler  # which training would delay
                with pytest.raises(KeyboardInterrupt):
                    signal.raise_signal(signal.SIGINT)
                assert signals.exit_code == 130
            assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        finally:
            signal.signal(signal.SIGINT, before)

    def test_sigterm_is_handled_like_ctrl_c(self):
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            with watched_signals() as signals:
                with pytest.raises(KeyboardInterrupt):
                    signal.raise_signal(signal.SIGTERM)
                assert signals.exit_code == 143
        finally:
            signal.signal(signal.SIGINT, before)
