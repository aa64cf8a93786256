"""Kernels forked from one process that has already imported what chapters import.

A kernel started the ordinary way spends about three seconds on imports. Where the
system can fork safely (Linux), the runner keeps one warm process and forks each
kernel from it; elsewhere kernels start the ordinary way and everything else is equal.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner

#: Imported once, before the first fork. None of them starts a thread on import.
PRELOAD = [
    "ipykernel.kernelapp",
    "ipykernel.zmqshell",
    "crmstudy.runner.warm",
]
KERNEL_ENVIRONMENT = {
    "PYTHONHASHSEED": "0",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "SOURCE_DATE_EPOCH": "0",
}


def can_fork() -> bool:
    """Whether kernels may be forked here; ``CRMSTUDY_COLD=1`` says no."""
    return sys.platform == "linux" and os.environ.get("CRMSTUDY_COLD") != "1"


def warm_up() -> None:
    """Start the warm process; it imports while the runner goes on."""
    if not can_fork():
        return
    from multiprocessing import forkserver

    os.environ.update(KERNEL_ENVIRONMENT)
    multiprocessing.get_context("forkserver").set_forkserver_preload(PRELOAD)
    forkserver.ensure_running()


def start_process(function: Callable[..., None], *args: Any) -> Any:
    """Start a function in a process of its own, forked from the warm one where possible."""
    method = "forkserver" if can_fork() else "spawn"
    context: Any = multiprocessing.get_context(method)
    process = context.Process(target=function, args=args)
    process.start()
    return process


def run_kernel(arguments: list[str], folder: str, environment: dict[str, str], log: str) -> None:
    """Become a Jupyter kernel: the body of a forked process.

    Parameters
    ----------
    arguments : list of str
        Command line of the kernel, without the interpreter and the module.
    folder : str
        Working folder.
    environment : dict
        The whole environment of the kernel.
    log : str
        File that receives what the process prints past the notebook.
    """
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    stream = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(stream, 1)
    os.dup2(stream, 2)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    from ipykernel.kernelapp import IPKernelApp

    parent = f"--IPKernelApp.parent_handle={os.getppid()}"
    IPKernelApp.launch_instance(argv=[*arguments, parent])


class ForkedProcess:
    """A forked kernel with the interface that Jupyter expects of a subprocess."""

    stdin = stdout = stderr = None

    def __init__(self, process: Any) -> None:
        self._process = process
        self.pid: int = process.pid

    def poll(self) -> int | None:
        """Return the exit status, or None while it runs."""
        status: int | None = self._process.exitcode
        return status

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for the end and return the exit status."""
        self._process.join(timeout)
        return self.poll()

    def send_signal(self, number: int) -> None:
        """Send a signal to the kernel, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End the kernel at once."""
        self._process.kill()

    def terminate(self) -> None:
        """Ask the kernel to end."""
        self._process.terminate()


class WarmProvisioner(LocalProvisioner):
    """Starts a kernel by forking the warm process."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Fork a kernel; ``cmd`` is the ordinary command whose arguments it takes over."""
        environment = dict(kwargs["env"])
        log = environment.get("CRMSTUDY_KERNEL_LOG", os.devnull)
        arguments = cmd[cmd.index("-f") :]
        folder = kwargs.get("cwd") or str(Path.cwd())
        forked: Any = ForkedProcess(start_process(run_kernel, arguments, folder, environment, log))
        self.process, self.pid = forked, forked.pid
        return self.connection_info


class _PrivateSockets(AsyncKernelManager):
    """A manager whose kernel talks over files in a folder of its own, not network ports.

    Jupyter's default name for such files is the same for every kernel of a process:
    two that start together would take each other's sockets.
    """

    def __init__(self, **kwargs: Any) -> None:
        if sys.platform != "win32":
            folder = tempfile.mkdtemp(prefix="crmstudy-")
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
            kwargs = {"transport": "ipc", "ip": f"{folder}/k", **kwargs}
        super().__init__(**kwargs)


class WarmKernelManager(_PrivateSockets):
    """Manager of kernels forked from the warm process."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """Describe the kernel: ipykernel in this interpreter, started by forking."""
        return KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            display_name="crmstudy",
            language="python",
            metadata={"kernel_provisioner": {"provisioner_name": "crmstudy-warm"}},
        )


class ColdKernelManager(_PrivateSockets):
    """Manager of kernels started the ordinary way."""


def kernel_manager() -> type[AsyncKernelManager]:
    """Choose the manager that fits this system."""
    return WarmKernelManager if can_fork() else ColdKernelManager
