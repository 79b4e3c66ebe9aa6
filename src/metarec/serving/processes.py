"""One process or several that answer from one store, on one port."""

import atexit
import ipaddress
import os
import socket
import tempfile
from collections.abc import Callable
from contextlib import ExitStack

import uvicorn
from fastapi import FastAPI
from threadpoolctl import threadpool_limits
from uvicorn.supervisors import Multiprocess

from metarec.contracts import DataError
from metarec.serving.store import Store
from metarec.serving.store.keys import list_keys

STORE, OPEN = "METAREC_SERVE_STORE", "METAREC_SERVE_OPEN"
"""What a process is told of the store, and that no keys are asked for, by its environment."""
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")
"""Requests run beside each other already; threads of linear algebra would only get in their way."""
SHARED_METRICS = "PROMETHEUS_MULTIPROC_DIR"
AT_ONCE = 512
"""Connections of one process; more are answered 503."""
PATIENCE_S = 120
"""How long a process may be silent, as while it reads texts of new items, before it is replaced."""


def application() -> FastAPI:
    """What each process answers with; its environment says from which store."""
    from metarec.serving.api import Service, create_app

    threadpool_limits(1)
    store = Store(os.environ[STORE])
    atexit.register(store.close)
    return create_app(Service.of(store, needs_keys=OPEN not in os.environ))


def needs_keys(store: Store, host: str) -> bool:
    """Whether callers must have keys: where there are some, and wherever others can reach the port.

    Raises DataError for a host beyond this machine as long as there is no key.
    """
    keys = [key for key in list_keys(store.database) if key.revoked is None]
    if not keys and not is_loopback(host):
        raise DataError(
            f"{host} can be reached from other machines, so callers need keys, and there is none; "
            f"make one first: metarec keys add {store.database.shown} --name website"
        )
    return bool(keys)


def is_loopback(host: str) -> bool:
    """True where only this machine can call."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def run(
    place: str,
    host: str,
    port: int,
    workers: int,
    *,
    keys: bool,
    told: Callable[[str], None],
) -> None:
    """Answer on a port until the process is ended; `told` gets the link."""
    with ExitStack() as stack:
        bound = stack.enter_context(_bound(host, port))
        os.environ[STORE] = place
        if keys:
            os.environ.pop(OPEN, None)
        else:
            os.environ[OPEN] = "1"
        os.environ |= dict.fromkeys(ONE_THREAD, "1")
        config = uvicorn.Config(
            "metarec.serving.processes:application",
            factory=True,
            workers=workers,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=AT_ONCE,
            timeout_graceful_shutdown=10,
            timeout_worker_healthcheck=PATIENCE_S,
        )
        shown = f"[{host}]" if ":" in host else host
        told(f"http://{shown}:{bound.getsockname()[1]}")
        if workers == 1:
            uvicorn.Server(config).run(sockets=[bound])
            return
        os.environ[SHARED_METRICS] = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="metarec-metrics-")
        )
        Multiprocess(config, sockets=[bound]).run()


def _bound(host: str, port: int) -> socket.socket:
    bound = None
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        family, kind, protocol, _, address = found
        # with its protocol: else asyncio lets answers wait 40 ms for more to send (Nagle)
        bound = socket.socket(family, kind, protocol)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.set_inheritable(True)
    except OSError as error:
        if bound is not None:
            bound.close()
        raise DataError(
            f"port {port} of {host} cannot be had: {error.strerror}; --port 0 takes a free one"
        ) from error
    return bound
