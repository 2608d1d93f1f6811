"""The main function of a worker process, and what it has to see to: its parent's life, its signals, its streams.

main thread      reads chunks, runs them, reports          data socket
control thread   takes recalls, stops, looks meanwhile        control socket
the kernel       kills the process when the parent is gone (the life pipe ends), also where C code holds the GIL
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading

from . import wire
from .arena import found
from .host import Host, LaneHost
from .pickling import error_to_wire, joined, loads
from .relay import Relay

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

F_SETSIG = 10  # Linux; the fcntl module does not name it


def main(data_fd: int, control_fd: int, life_fd: int, journal_fd: int = -1) -> None:
    """Serve the parent at the other end of these descriptors until it hangs up; does not return."""
    status = 1
    try:
        _hold_streams()
        # An empty handler and not SIG_IGN, which the function's own subprocesses would inherit. Ctrl-C is the
        # parent's business: it ends its workers.
        signal.signal(signal.SIGINT, _nothing)
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # it was blocked until now
        _die_with_parent(life_fd)
        data, control = socket.socket(fileno=data_fd), socket.socket(fileno=control_fd)
        for sock in (data, control):
            sock.setblocking(True)  # gevent, in the parent, makes sockets that do not block
        # A process that the user's function forks must not keep our sockets open: the parent would not see our end.
        os.register_at_fork(after_in_child=control.close)
        status = _serve(data, control, journal_fd)
    except EOFError:
        status = 0
    finally:
        _flush()
        # Without the interpreter's own shutdown, which may wait for threads that the user's function has left.
        os._exit(status)


def _serve(data: socket.socket, control: socket.socket, journal_fd: int) -> int:
    arena = None if journal_fd < 0 else found(journal_fd, parent=False)
    reader = wire.Reader(data, arena)
    frames = reader.read()
    while not frames:
        frames = reader.read()
    setup = frames.pop(0)
    send = wire.Sender(data)
    os.register_at_fork(after_in_child=send.leave)
    # Said first of all: whatever comes after, the parent knows whom to blame, and whom to kill.
    send(wire.pack(wire.READY, a=os.getpid(), b=0))
    try:
        surroundings = loads(setup.body, setup.buffers)
        _adopt(surroundings)
        settings = loads(surroundings["settings"])
        relay = Relay(settings["relay"], send)
        relay.install()
        resource, end = settings["setup"].begin()
    except BaseException as error:
        send(wire.pack(wire.UNSTARTABLE, parts=[joined(error_to_wire(error))]))
        return 1
    send(wire.pack(wire.READY, a=os.getpid(), b=1))
    host = _host(settings, send, resource, relay, journal_fd)
    if arena is not None and isinstance(host, LaneHost):
        host.use(arena)
    threading.Thread(target=_control, args=(control, host), daemon=True).start()
    try:
        while True:
            for frame in frames:
                host.take(frame)
            frames = reader.read()
    except EOFError:
        host.close()
        end()
        return 0


def _host(
    settings: dict[str, Any], send: Callable[[list[Any]], None], resource: Any, relay: Relay, journal_fd: int
) -> Host:
    """Make what will run the calls: a lane, or the port of an inner strategy, where there is one."""
    has_resource = settings["setup"].worker_resource is not None
    if settings["inner"] is None:
        return LaneHost(send, relay, resource, has_resource, journal_fd)
    from .porthost import PortHost

    return PortHost(send, relay, resource, has_resource, settings["inner"], settings["workers"])


def _control(control: socket.socket, host: Host) -> None:
    """Answer what cannot wait for the end of a call."""
    reader = wire.Reader(control)
    try:
        while True:
            for frame in reader.read():
                if frame.kind == wire.RECALL:
                    host.recall(frame.chunk, bool(frame.flags))
                elif frame.kind == wire.LOOK:
                    host.look(frame.chunk)
                else:
                    host.stop(frame.chunk, frame.a)
    except (EOFError, OSError):
        # The parent is gone, or has given this worker up.
        os._exit(1)


def _adopt(surroundings: dict[str, Any]) -> None:
    """Take over what of the parent's process matters to imports and to nested strategies."""
    sys.path[:] = surroundings["path"]
    os.environ.update(surroundings["environment"])
    try:
        os.chdir(surroundings["directory"])
    except OSError:
        return  # removed meanwhile: no reason not to work


def _die_with_parent(life_fd: int) -> None:
    """Have the kernel kill this process when the other end of the pipe is closed, which only the parent holds."""
    try:
        import fcntl

        fcntl.fcntl(life_fd, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(life_fd, F_SETSIG, int(signal.SIGKILL))
        fcntl.fcntl(life_fd, fcntl.F_SETFL, fcntl.fcntl(life_fd, fcntl.F_GETFL) | os.O_ASYNC)
        if _at_end(life_fd):
            os._exit(1)
    except (ImportError, OSError):
        return  # not Linux: the control thread sees the end, if later


def _at_end(fd: int) -> bool:
    """Tell whether the pipe has ended before the kernel was asked to watch it."""
    import select

    poller = select.poll()  # not `select`, which knows no descriptor beyond a thousand
    poller.register(fd, select.POLLIN)
    return bool(poller.poll(0))


def _hold_streams() -> None:
    """Occupy the standard descriptors that are closed, so that nothing of ours is ever opened as 0, 1 or 2."""
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            continue  # None, closed, or a broken pipe: there is nobody left to tell


def _nothing(signum: int, frame: object) -> None:
    """Do nothing on Ctrl-C."""
