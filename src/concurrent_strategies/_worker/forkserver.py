"""A small process that has imported what a worker needs and forks one for each request: 3 ms instead of 30.

Unlike the standard library's, it listens on nothing: it has one end of a socketpair, and the workers' descriptors come
through that. It ends when its parent does, and tells the parent how its workers ended.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import struct

from .main import main

STATUS = struct.Struct("<ii")  # pid, exit code as subprocess counts it; pid 0 and an errno: could not fork


def serve(fd: int) -> None:
    """Fork a worker for each request from the other end, until it is closed; does not return."""
    requests = socket.socket(fileno=fd)
    requests.setblocking(True)  # gevent, in the parent, makes sockets that do not block
    wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # it was blocked until now
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    poller = select.poll()  # not `select`, which knows no descriptor beyond a thousand
    for descriptor in (requests.fileno(), wake_read):
        poller.register(descriptor, select.POLLIN)
    while True:
        ready = [fd for fd, _ in poller.poll()]
        if wake_read in ready:
            os.read(wake_read, 4096)
            _reap(requests)
        if requests.fileno() in ready:
            try:
                data, fds, _, _ = socket.recv_fds(requests, 1, 4)
            except ConnectionResetError:  # the parent is gone, and had not read all that it was told
                os._exit(0)
            if not data:
                os._exit(0)
            _fork(requests, fds, (wake_read, wake_write))
            for given in fds:
                os.close(given)


def _fork(requests: socket.socket, fds: list[int], wakers: tuple[int, int]) -> None:
    try:
        pid = os.fork()
    except OSError as error:
        requests.sendall(STATUS.pack(0, error.errno or 0))
        return  # the caller closes the worker's descriptors, which is how the parent learns of it
    if pid:
        return
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        requests.close()
        for fd in wakers:
            os.close(fd)
        main(*fds)
    finally:
        os._exit(1)


def _reap(requests: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        try:
            requests.sendall(STATUS.pack(pid, os.waitstatus_to_exitcode(status)))
        except OSError:
            os._exit(0)
