"""The data sets: shapes, ranges, and a split that stays what it is."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import sklearn.datasets

from course_lib import digits_split, english_text, load_digits_counts


def test_digits_are_counts_of_ink():
    X, y = load_digits_counts()
    assert (X.shape, X.dtype) == ((1797, 64), np.uint8)
    assert (X.min(), X.max()) == (0, 16)
    assert X.sum(dtype=int) == 561_718
    np.testing.assert_array_equal(np.bincount(y), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180])


@pytest.mark.parametrize("found", [True, False])
def test_digits_are_those_of_scikit_learn_wherever_it_keeps_them(found, monkeypatch):
    if not found:
        monkeypatch.setattr(Path, "is_file", lambda self: False)
    X, y = load_digits_counts()
    theirs = sklearn.datasets.load_digits()
    np.testing.assert_array_equal(X, theirs.data)
    np.testing.assert_array_equal(y, theirs.target)
    assert (X.dtype, y.dtype, X.flags.c_contiguous) == (np.uint8, theirs.target.dtype, True)


def test_reading_the_digits_imports_no_scikit_learn():
    code = "import sys, course_lib; course_lib.digits_split(); sys.exit('sklearn' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_split_shares_no_image_and_loses_none():
    X, _ = load_digits_counts()
    split = digits_split(seed=0)
    assert [part.X.shape for part in split] == [(1200, 64), (197, 64), (400, 64)]
    rows = np.concatenate([part.X for part in split])
    np.testing.assert_array_equal(np.sort(rows.view("V64").ravel()), np.sort(X.view("V64").ravel()))


def test_the_split_follows_its_seed_and_keeps_labels_with_images():
    X, y = load_digits_counts()
    order = np.random.default_rng(3).permutation(1797)
    split = digits_split(seed=3)
    np.testing.assert_array_equal(split.valid.X, X[order[1200:1397]])
    np.testing.assert_array_equal(split.test.y, y[order[1397:]])
    assert not np.array_equal(split.train.X, digits_split(seed=4).train.X)


def test_the_english_is_english_and_always_the_same():
    text = english_text()
    assert text == english_text()
    words = text.lower().split()
    assert words.count("the") > 2000
    letters = sum(c.isascii() and (c.isalpha() or c.isspace()) for c in text)
    assert letters / len(text) > 0.85
