"""The data sets: shapes, ranges, and a split that stays what it is."""

import numpy as np

from course_lib import digits_split, english_text, load_digits_counts


def test_digits_are_counts_of_ink():
    X, y = load_digits_counts()
    assert (X.shape, X.dtype) == ((1797, 64), np.uint8)
    assert (X.min(), X.max()) == (0, 16)
    assert X.sum(dtype=int) == 561_718
    np.testing.assert_array_equal(np.bincount(y), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180])


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
