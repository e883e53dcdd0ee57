"""The output folder of ``--out``."""

from __future__ import annotations

import hashlib
import os

import click
import pytest

from multilayer.cli.folder import OutputFolder, prepared

from .conftest import SMALL


class TestFiles:
    def test_a_failed_write_leaves_the_old_file_and_no_temporary_file(self, tmp_path, monkeypatch):
        folder = OutputFolder(tmp_path)
        folder.write("a.txt", "old")

        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "replace", full)
        with pytest.raises(click.ClickException, match=r"a\.txt: cannot be written: no space left on device\."):
            folder.write("a.txt", "new")
        assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.txt", "old")]

    @pytest.mark.skipif(os.name != "posix", reason="links and modes of POSIX")
    def test_links_and_modes_are_kept_and_files_of_killed_runs_are_removed(self, tmp_path):
        folder = OutputFolder(tmp_path / "out")
        folder.prepare()
        target = tmp_path / "elsewhere.html"
        target.write_text("old")
        target.chmod(0o600)
        (folder.path / "report.html").symlink_to(target)
        (folder.path / ".cost.png.1-0123abcd.tmp").write_bytes(b"of a run that was killed")
        folder.write("cost.png", b"new")
        folder.write("report.html", "new")
        assert sorted(path.name for path in folder.path.iterdir()) == ["cost.png", "report.html"]
        assert (folder.path / "report.html").is_symlink()
        assert (target.read_text(), target.stat().st_mode & 0o777) == ("new", 0o600)

    def test_prepare_creates_the_folder_and_leaves_it_empty(self, tmp_path):
        folder = OutputFolder(tmp_path / "a" / "b")
        folder.prepare()
        folder.prepare()
        assert list(folder.path.iterdir()) == []

    def test_new_folders_without_files_are_removed(self, tmp_path):
        (tmp_path / "a").mkdir()
        for name in ("a/b/c", "a"):
            with prepared(OutputFolder(tmp_path / name)):
                assert (tmp_path / name).is_dir()
        assert [path.name for path in tmp_path.rglob("*")] == ["a"]
        with prepared(folder := OutputFolder(tmp_path / "a" / "b")):
            folder.write("c.txt", "text")
        assert (tmp_path / "a" / "b" / "c.txt").exists()


class TestEarlierRuns:
    def test_files_of_another_task_are_removed_and_reported(self, run, people):
        out = people.parent / "out"
        assert run("train", people, *SMALL, "--out", out).exit_code == 0
        (out / "notes.txt").write_text("mine")
        (out / "roc.png").write_bytes(b"changed")
        result = run("train", people, "--target", "income", "--hidden", "8", "--epochs", "2", "--out", out)
        said = " ".join(result.stdout.split())
        assert {path.name for path in out.iterdir()} == {
            "predictions.csv",
            "cost.png",
            "network.png",
            "predictions.png",
            "model.safetensors",
            "settings.toml",
            "report.html",
            "notes.txt",
            "roc.png",  # changed since it was written
        }
        removed = said[said.index("Removed, because an earlier run had written them:") :]
        assert "confusion.png" in removed
        assert "calibration.png" in removed
        assert "roc.png" not in removed

    @pytest.mark.parametrize("name", ["../mine.png", "/mine.png", "mine"])
    def test_a_forged_report_removes_no_files_elsewhere(self, tmp_path, name):
        folder = OutputFolder(tmp_path / "out")
        folder.prepare()
        digest = hashlib.sha256(b"mine").hexdigest()
        (tmp_path / "mine.png").write_bytes(b"mine")
        page = f'<title></title><meta name="multilayer-files" content="{name} {digest}">'
        (tmp_path / "out" / "report.html").write_text(page)
        folder.write_report("<title></title>")
        assert folder.removed == []
        assert (tmp_path / "mine.png").exists()
