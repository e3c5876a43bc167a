"""The instructor's guide: its commands run as they stand, in their order, and the page is in the contents."""

import os
import re
import shlex
import zipfile
from pathlib import Path

import pytest
import tiny_course as tiny

from course_lib.grading.cli import main

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "book" / "reference" / "grading.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
COMMANDS = [shlex.split(line)[1:] for block in BLOCKS for line in block.splitlines()]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="sealed grading needs Linux or macOS")
def test_the_commands_of_the_guide_run_in_their_order(tmp_path, monkeypatch, capsys):
    source = tiny.write_course(tmp_path)
    tiny.write(tmp_path / "submitted" / "bob" / "tiny" / "tiny.ipynb", tiny.submission())
    with zipfile.ZipFile(tmp_path / "download.zip", "w") as download:
        handed = tmp_path / "submitted" / "bob" / "tiny" / "tiny.ipynb"
        download.write(handed, "Ann Lee_123_assignsubmission_file_x.ipynb")
    monkeypatch.chdir(tmp_path)
    assert {words[0] for words in COMMANDS} == {"batch", "collect", "export", "merge"}
    for words in COMMANDS:
        here = ["--source", str(source)] if words[0] in ("batch", "collect") else []
        assert main([*words, *here]) == 0, (words, capsys.readouterr())
    for name in re.findall(r"`((?:grades|junit|records)\.\w+|index\.html)`", GUIDE):
        assert (tmp_path / "results" / name).is_file(), name


def test_the_guide_is_in_the_contents():
    assert "book/reference/grading\n        title: Grading a class" in (ROOT / "_toc.yml").read_text()
