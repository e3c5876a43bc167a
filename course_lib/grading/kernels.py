"""Kernels that start in a tenth of the time: forked from a process that has imported IPython already.

`KernelServer` is that process. `ForkProvisioner` is registered with jupyter_client under the name
"course-fork"; with ``JUPYTER_DEFAULT_PROVISIONER_NAME`` set, whoever starts a Python kernel, nbval for
instance, gets a forked one and need not know.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Sequence
from typing import Any

from .sealed.forkserver import ForkServer, request_child, serve

__all__ = ["KernelServer", "serve_kernels", "supported"]

CONTROL_VARIABLE = "COURSE_KERNEL_CONTROL"
PROVISIONER_VARIABLE = "JUPYTER_DEFAULT_PROVISIONER_NAME"
PROVISIONER = "course-fork"

# What a kernel imports only while it starts.
_IMPORTED_LATE = (
    "ipykernel.kernelapp",
    "ipykernel.zmqshell",
    "ipykernel.debugger",
    "ipykernel.pickleutil",
    "IPython.extensions.storemagic",
    "IPython.core.completerlib",
    "psutil",
)

_OPTIONS = [
    "--HistoryManager.enabled=False",
    "--InteractiveShell.colors=NoColor",
    "--InteractiveShellApp.exec_PYTHONSTARTUP=False",
    "--IPKernelApp.capture_fd_output=False",  # two threads and a tenth of the time; print() needs neither
]


def supported() -> bool:
    """Return whether kernels can be forked here; elsewhere they are started in the ordinary way."""
    return sys.platform == "linux"


class KernelServer:
    """Starts the server of kernels; `environment` is what makes jupyter_client use it.

    Parameters
    ----------
    preload
        Modules that the notebooks will import; "module:NAME" stands for those that a tuple in it names. What
        cannot be imported is left to the notebook.
    env
        The server's environment.
    inherit
        Descriptors that every kernel keeps open.
    """

    def __init__(self, preload: Sequence[str], *, env: dict[str, str], inherit: Sequence[int] = ()) -> None:
        code = "import sys; from course_lib.grading.kernels import serve_kernels as s; s(*sys.argv[1:])"
        command = [sys.executable, "-c", code, ",".join(preload)]
        self._server = ForkServer(command, env=env, inherit=inherit)
        self.environment = {
            CONTROL_VARIABLE: str(self._server.control.fileno()),
            PROVISIONER_VARIABLE: PROVISIONER,
        }

    def close(self) -> None:
        """End the server."""
        self._server.close()


def serve_kernels(preload: str, control: str) -> None:
    """Be the server: import, then fork a kernel for each request."""
    sys.modules["debugpy"] = None  # type: ignore[assignment]  # nobody debugs here, and it takes 0.1 s a kernel
    for name in (*_IMPORTED_LATE, *filter(None, preload.split(","))):
        with contextlib.suppress(Exception):
            _import(name)
    serve(socket.socket(fileno=int(control)), _become_kernel)


def _import(name: str) -> None:
    """Import a module; of "module:NAME", the modules that this tuple in it names."""
    module, _, attribute = name.partition(":")
    found = importlib.import_module(module)
    for further in getattr(found, attribute) if attribute else ():
        importlib.import_module(further)


def _become_kernel(connection: socket.socket) -> None:
    """Turn this forked process into the kernel that the request describes."""
    request = json.loads(_line(connection))
    os.setsid()
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    connection.sendall(b"%d\n" % os.getpid())
    threading.Thread(target=_end_with, args=(connection,), daemon=True).start()
    from ipykernel.kernelapp import IPKernelApp

    IPKernelApp.launch_instance(["-f", request["connection_file"], *_OPTIONS])


def _end_with(connection: socket.socket) -> None:
    """End this kernel as soon as nobody is left who could use it."""
    with contextlib.suppress(OSError):
        connection.recv(1)
    os._exit(0)


def _line(connection: socket.socket) -> bytes:
    """Read up to a newline."""
    data = b""
    while not data.endswith(b"\n"):
        part = connection.recv(65536)
        if not part:
            raise EOFError("the other side ended")
        data += part
    return data


class ForkedProcess:
    """What jupyter_client expects of a process: here, one that is somebody else's child."""

    def __init__(self, request: dict[str, Any]) -> None:
        with socket.socket(fileno=os.dup(int(os.environ[CONTROL_VARIABLE]))) as control:
            self._connection = request_child(control)
        self._connection.sendall(json.dumps(request).encode() + b"\n")
        self.pid = int(_line(self._connection))
        self._connection.setblocking(False)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return None while the process lives: it alone holds the other end of the socket."""
        if self.returncode is None:
            try:
                self._connection.recv(1)
            except BlockingIOError:
                return None
            except OSError:
                pass
            self.returncode = 0
            self._connection.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to a process that still lives."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End the process."""
        self.send_signal(signal.SIGKILL)


def __getattr__(name: str) -> Any:
    """Define ForkProvisioner when jupyter_client asks for it: the kernel server never imports its base."""
    if name == "ForkProvisioner":
        return _provisioner()
    raise AttributeError(name)


def _provisioner() -> type:
    from jupyter_client.provisioning import LocalProvisioner

    class ForkProvisioner(LocalProvisioner):
        """Asks the kernel server for a process; without one, and for all else, it is jupyter_client's own."""

        def _forks(self) -> bool:
            # jupyter_client reads the provisioner's name once in a process, so we may be asked after hours.
            return CONTROL_VARIABLE in os.environ

        async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
            if self._forks():
                # Sockets with a name instead of a port: no two kernels can ever be given the same one.
                self.parent.transport = "ipc"
                self.parent.ip = os.path.join(tempfile.mkdtemp(prefix="kernel-"), "channel")
            return await super().pre_launch(**kwargs)

        async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
            if not self._forks():
                return await super().launch_kernel(cmd, **kwargs)
            request = {
                "connection_file": self.parent.connection_file,
                "cwd": str(kwargs.get("cwd") or os.getcwd()),
                "env": dict(kwargs.get("env") or os.environ),
            }
            self.process = ForkedProcess(request)
            self.pid = self.process.pid
            self.pgid = None
            return self.connection_info

        async def wait(self) -> int | None:
            if not isinstance(self.process, ForkedProcess):
                return await super().wait()
            while await self.poll() is None:
                await asyncio.sleep(0.01)  # the base class looks ten times a second
            self.process = None
            return 0

        async def cleanup(self, restart: bool = False) -> None:
            await super().cleanup(restart)
            if self.parent.transport == "ipc":
                with contextlib.suppress(OSError):
                    os.rmdir(os.path.dirname(self.parent.ip))

    return ForkProvisioner
