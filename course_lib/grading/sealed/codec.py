"""Values that cross between trusted and untrusted processes: exact types, as JSON, never a pickle.

Numbers and fractions, strings, booleans and None, lists, tuples and dicts of these, NumPy arrays and scalars
of plain numbers. Nothing else crosses: no subclass, no function, no object, so nothing can carry behaviour
with it.
"""

from __future__ import annotations

import base64
import json
import math
import re
import select
import socket
import struct
from fractions import Fraction
from typing import Any

import numpy as np
from numpy import generic, ndarray

__all__ = ["Channel", "ChannelClosed", "CodecError", "decode", "encode"]

MAX_DEPTH = 40
MAX_FRAME = 64 * 2**20
MAX_TOTAL = 256 * 2**20
MAX_ITEMS = 10**6  # in a message: each becomes an object many times its own length; arrays cross as one text
MAX_DIGITS = 4000  # of an int; Python itself refuses to write more than 4300

_PLAIN = (bool, int, float, str)
_DTYPE = re.compile(r"[<|](b1|i[1248]|u[1248]|f[248]|c8|c16)")
_HEADER = struct.Struct(">I")


class CodecError(ValueError):
    """A value, or what claims to be one, that may not cross."""


class ChannelClosed(EOFError):
    """The other side has ended, or is no longer listened to."""


def encode(value: Any, depth: int = 0) -> Any:
    """Return `value` as what JSON can hold, or raise CodecError.

    >>> encode((1, 2.5))
    {'tuple': [1, 2.5]}
    >>> decode(encode({"p": np.array([0.5, 0.5])}))
    {'p': array([0.5, 0.5])}
    """
    if depth > MAX_DEPTH:
        raise CodecError(f"it is nested more than {MAX_DEPTH} deep")
    kind = type(value)
    if kind is int and value.bit_length() > 3.3 * MAX_DIGITS:
        raise CodecError(f"it is a whole number of more than {MAX_DIGITS} digits")
    if value is None or kind in _PLAIN:
        return value
    if kind is list:
        return [encode(item, depth + 1) for item in value]
    if kind is tuple:
        return {"tuple": [encode(item, depth + 1) for item in value]}
    if kind is dict:
        return {"dict": [[encode(k, depth + 1), encode(v, depth + 1)] for k, v in value.items()]}
    if kind is complex:
        return {"complex": [value.real, value.imag]}
    if kind is Fraction:
        return {"fraction": [encode(value.numerator), encode(value.denominator)]}
    if kind is ndarray or issubclass(kind, generic):
        return _encode_numpy(value)
    raise CodecError(f"it is a {kind.__module__}.{kind.__qualname__}")


def _encode_numpy(value: Any) -> Any:
    """Write an array or a scalar as dtype, shape (None for a scalar) and bytes."""
    array = np.asarray(value)
    dtype = array.dtype.newbyteorder("<")
    if not _DTYPE.fullmatch(dtype.str):
        raise CodecError(f"it is a NumPy array of dtype {array.dtype}")
    data = base64.b64encode(array.astype(dtype, copy=False).tobytes()).decode()
    shape = list(array.shape) if type(value) is ndarray else None
    return {"numpy": [dtype.str, shape, data]}


def decode(value: Any) -> Any:
    """Return what `encode` was given, or raise CodecError.

    >>> decode({"tuple": [1, {"set": []}]})
    Traceback (most recent call last):
    ...
    course_lib.grading.sealed.codec.CodecError: no value is written {'set': []}
    """
    if value is None or type(value) in _PLAIN:
        return value
    if type(value) is list:
        return [decode(item) for item in value]
    if type(value) is dict and len(value) == 1:
        ((tag, body),) = value.items()
        if type(body) is list and tag in _DECODERS:
            try:
                return _DECODERS[tag](body)
            except CodecError:
                raise
            except (TypeError, ValueError, OverflowError):
                pass
    raise CodecError(f"no value is written {str(value)[:80]}")


def _decode_complex(body: list) -> complex:
    real, imag = body
    if type(real) is not float or type(imag) is not float:
        raise CodecError("a complex number is two floats")
    return complex(real, imag)


def _decode_fraction(body: list) -> Fraction:
    numerator, denominator = body
    if type(numerator) is not int or type(denominator) is not int or denominator < 1:
        raise CodecError("a fraction is two whole numbers")
    return Fraction(numerator, denominator)


def _decode_numpy(body: list) -> Any:
    name, shape, data = body
    if type(name) is not str or not _DTYPE.fullmatch(name) or type(data) is not str:
        raise CodecError("no such array")
    dtype, raw = np.dtype(name), base64.b64decode(data, validate=True)
    sides = [] if shape is None else shape
    if type(sides) is not list or any(type(n) is not int or n < 0 for n in sides) or len(sides) > MAX_DEPTH:
        raise CodecError("no such shape")
    if math.prod(sides) * dtype.itemsize != len(raw):
        raise CodecError("the bytes do not fill the shape")
    array = np.frombuffer(raw, dtype).reshape(sides).copy()
    return array[()] if shape is None else array


_DECODERS = {
    "tuple": lambda body: tuple(decode(item) for item in body),
    "dict": lambda body: {decode(k): decode(v) for k, v in body},
    "complex": _decode_complex,
    "fraction": _decode_fraction,
    "numpy": _decode_numpy,
}


class Channel:
    """Messages of bounded size over a socket: four bytes of length, then JSON."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._received = 0

    def send(self, message: Any) -> None:
        """Send one message; CodecError if it is too large, ChannelClosed if nobody reads."""
        body = json.dumps(message, separators=(",", ":")).encode()
        if body.count(b",") > MAX_ITEMS:
            raise CodecError(f"it holds more than {MAX_ITEMS:,} values outside arrays".replace(",", " "))
        if len(body) > MAX_FRAME:
            raise CodecError(f"it takes {len(body) / 2**20:.0f} MB, more than {MAX_FRAME // 2**20}")
        try:
            self._sock.sendall(_HEADER.pack(len(body)) + body)
        except OSError as error:
            raise ChannelClosed(str(error)) from None

    def receive(self) -> Any:
        """Return the next message; CodecError if it is not one, ChannelClosed at the end."""
        (length,) = _HEADER.unpack(self._exactly(_HEADER.size))
        self._received += length
        if length > MAX_FRAME or self._received > MAX_TOTAL:
            raise CodecError("too much came back")
        body = self._exactly(length)
        if body.count(b",") > MAX_ITEMS or body.count(b"[") + body.count(b"{") > MAX_ITEMS:
            raise CodecError(f"more than {MAX_ITEMS:,} values came back".replace(",", " "))
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            raise CodecError("what came back is no message") from None

    def ready(self, timeout: float | None = None) -> bool:
        """Wait until something, or the end, can be received; return False after `timeout` seconds."""
        return bool(select.select([self._sock], [], [], timeout)[0])

    def interrupt(self, patience: float) -> Any:
        """Stop sending for good, which interrupts the other side, and return what it still says in time."""
        try:
            self._sock.shutdown(socket.SHUT_WR)
            self._sock.settimeout(patience)
        except OSError as error:
            raise ChannelClosed(str(error)) from None
        return self.receive()

    def close(self) -> None:
        """Hang up."""
        self._sock.close()

    def _exactly(self, count: int) -> bytes:
        """Read exactly `count` bytes."""
        parts, missing = [], count
        while missing:
            try:
                part = self._sock.recv(min(missing, 2**20))
            except OSError as error:
                raise ChannelClosed(str(error)) from None
            if not part:
                raise ChannelClosed("the other side ended")
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)
