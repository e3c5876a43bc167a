"""Prefix codes: how long the words are worked out, and how fast real text goes through them."""

import heapq
from collections import Counter
from collections.abc import Iterator

import numpy as np

from course_lib import english_text
from course_lib.coding import PrefixCode, huffman_lengths

from .measure import Accuracy, Speed, optional

SYMBOLS = 100_000
CHARACTERS = 200_000
PEER = "dahuffman HuffmanCodec"


def by_heap(weights: list[float]) -> list[int]:
    """Return Huffman's word lengths as textbooks have it: join the two lightest, kept in a heap."""
    n = len(weights)
    heap = list(zip(weights, range(n), strict=True))
    heapq.heapify(heap)
    parent = [0] * (2 * n - 1)
    for joint in range(n, 2 * n - 1):
        light, a = heapq.heappop(heap)
        next_light, b = heap[0]
        parent[a] = parent[b] = joint
        heapq.heapreplace(heap, (light + next_light, joint))
    depth = [0] * (2 * n - 1)
    for node in range(2 * n - 3, -1, -1):
        depth[node] = depth[parent[node]] + 1
    return depth[:n]


def huffman_speed(name: str, weights: np.ndarray) -> Speed:
    listed = weights.tolist()
    assert weights @ huffman_lengths(weights) == weights @ by_heap(listed), "both must be optimal"
    return Speed(
        f"Huffman lengths, {SYMBOLS:,} symbols, {name}",
        lambda: huffman_lengths(weights),
        {"heapq, in Python": lambda: by_heap(listed)},
        15.0,
        8.0,
        "heapq, in Python",
    )


def text_speeds() -> Iterator[Speed]:
    package, text = optional("dahuffman"), english_text()[:CHARACTERS]
    ours = PrefixCode.huffman(Counter(text))
    theirs = package.HuffmanCodec.from_data(text) if package else None
    ours_coded, theirs_coded = ours.encode(text), theirs.encode(text) if theirs else b""
    assert "".join(ours.decode(ours_coded, len(text))) == text
    yield Speed(
        f"encode {len(text):,} characters",
        lambda: ours.encode(text),
        {PEER: (lambda: theirs.encode(text)) if theirs else None},
        2.0,
        1.5,
        PEER,
    )
    yield Speed(
        f"decode {len(text):,} characters",
        lambda: "".join(ours.decode(ours_coded, len(text))),
        {PEER: (lambda: theirs.decode(theirs_coded)) if theirs else None},
        2.0,
        1.5,
        PEER,
    )


def speed_rows() -> Iterator[Speed]:
    rng = np.random.default_rng(0)
    yield huffman_speed("counts", rng.integers(1, 1_000_000, SYMBOLS).astype(float))
    yield huffman_speed("a Zipf law", np.floor(1e12 / np.arange(1, SYMBOLS + 1)))
    yield from text_speeds()


def accuracy_rows() -> list[Accuracy]:
    return []  # lengths are whole numbers: the tests hold them to be optimal
