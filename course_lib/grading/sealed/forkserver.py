"""A process that has imported what is slow to import, and forks one child for each request.

The client hands over one end of a socket pair; the child owns the other end. Whoever closes its end is
noticed by the other, so no process identifiers and no names in the file system are needed.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence

__all__ = ["ForkServer", "first_connection", "request_child", "serve"]


class ForkServer:
    """The client's handle: it starts the server and ends it.

    Parameters
    ----------
    command
        The server's command line; the number of its control descriptor is appended.
    env
        Its whole environment.
    inherit
        Further descriptors that it, and so each of its children, keeps open.
    """

    def __init__(
        self, command: Sequence[str], *, env: Mapping[str, str], inherit: Sequence[int] = ()
    ) -> None:
        self.control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [*command, str(theirs.fileno())],
                env=dict(env),
                pass_fds=(theirs.fileno(), *inherit),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    def lives(self) -> bool:
        """Return whether the server still runs."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the server. Its children end when their sockets close."""
        self.control.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def request_child(control: socket.socket) -> socket.socket:
    """Ask the server behind `control` for a child and return the socket that leads to it."""
    ours, theirs = socket.socketpair()
    with theirs:
        socket.send_fds(control, [b"+"], [theirs.fileno()])
    return ours


def first_connection(control: socket.socket) -> socket.socket:
    """Return the connection of the first request, which the server answers itself; exit if there is none."""
    data, descriptors, _, _ = socket.recv_fds(control, 1, 1)
    if not data:
        sys.exit(0)
    return socket.socket(fileno=descriptors[0])


def serve(control: socket.socket, child: Callable[[socket.socket], None]) -> None:
    """Fork one process that runs ``child(socket)`` for each request, until the client is gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system collects children that have ended
    gc.collect()
    gc.freeze()  # or each child's first collection would copy every page of the server
    while True:
        data, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not data:
            return
        connection = socket.socket(fileno=descriptors[0])
        try:
            child_pid = os.fork()
        except OSError:  # no room for one process more: the client sees its connection end
            connection.close()
            continue
        if child_pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            control.close()
            try:
                child(connection)
            finally:
                os._exit(0)
        connection.close()
