"""The whole service on one machine: broker, worker and gateway, brought up, watched, taken down."""

import contextlib
import errno
import ipaddress
import json
import os
import shlex
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from service.commands import NICENESS, WORKER_ENVIRONMENT, gateway_command, worker_command
from service.five_points import FIVE_POINTS
from service.probes import address, complaint
from service.settings import GatewaySettings
from service.supervision import Child, GivenUp, Program
from workers.broker_program import BrokerUnavailable
from workers.embedded import EmbeddedBroker
from workers.settings import WorkerSettings

TICK_S = 0.1
REASON_EVERY_S = 10.0
# Together with the broker's own 2.5 s, all is down within 10 s, also when everything hangs.
GATEWAY_STOP_S, WORKER_STOP_S = 3.5, 4.0
# Celery's warning is about pickled messages; only JSON is accepted here.
ROOT_IS_FINE = "ignore:You're running the worker with superuser privileges"


class CannotListen(Exception):
    """The gateway's address cannot be used, or must not. The message says why."""


class Launcher:
    """Runs until `stop` is set."""

    def __init__(self, gateway: GatewaySettings, workers: WorkerSettings, stop: threading.Event) -> None:
        self._gateway = gateway
        self._workers = workers
        self._stop = stop
        self._ready = False
        self._next_reason_s = time.monotonic() + REASON_EVERY_S

    def run(self) -> int:
        """Exit status: 0 if it was told to stop, 1 if it could not go on."""
        try:
            check_openness(self._gateway)
            check_address(self._gateway.host, self._gateway.port)
            with self._broker() as (broker, redis_url):
                self._run_children(broker, self._children(redis_url))
        except (BrokerUnavailable, CannotListen, GivenUp) as error:
            say(str(error))
            return 1
        say("stopped")
        return 0

    @contextmanager
    def _broker(self) -> Iterator[tuple[EmbeddedBroker | None, str]]:
        """The broker of our own, unless the environment names another one."""
        if "redis_url" in self._workers.model_fields_set:
            yield None, self._workers.redis_url
            return
        folder, memory_bytes = self._workers.data_dir, self._workers.broker_memory_bytes
        with EmbeddedBroker(folder, memory_bytes, pause=self._stop.wait) as broker:
            yield broker, broker.url

    def _children(self, redis_url: str) -> list[Child]:
        """In the order in which they are stopped."""
        environment = {**os.environ, "MINNORM_REDIS_URL": redis_url, "PYTHONUNBUFFERED": "1"}
        gateway = gateway_command(self._gateway.host, self._gateway.port, grace_s=int(GATEWAY_STOP_S) - 1)
        worker_environment = {
            **environment,
            **WORKER_ENVIRONMENT,
            "MINNORM_SHUTDOWN_S": str(WORKER_STOP_S / 2),
            "PYTHONWARNINGS": ROOT_IS_FINE,
        }
        programs = (
            Program("gateway", [sys.executable, *gateway], environment, GATEWAY_STOP_S),
            *(
                # Silent: Celery's banner, and its advice at the end to press Ctrl-C, are not for the user here.
                Program(
                    f"worker of queue {queue}",
                    [sys.executable, *worker_command([queue])],
                    worker_environment | {"MINNORM_NICENESS": str(niceness)},
                    WORKER_STOP_S,
                    silent=True,
                )
                for queue, niceness in NICENESS.items()
            ),
        )
        return [Child(program, say) for program in programs]

    def _run_children(self, broker: EmbeddedBroker | None, children: list[Child]) -> None:
        try:
            while not self._stop.wait(TICK_S):
                if broker is not None and not broker.is_running():
                    say("the broker ended; it starts again, with all its jobs")
                    broker.revive()
                # The others start once the service is ready: together they would all be late.
                for child in children if self._ready else children[:2]:
                    child.keep_running()
                if not self._ready:
                    self._look_whether_ready()
            say("stopping")
        finally:
            children[0].stop()
            for child in children[1:]:
                child.ask_to_stop()
            for child in children[1:]:
                child.stop()

    def _look_whether_ready(self) -> None:
        reason = complaint(self._gateway.host, self._gateway.port, "/readyz")
        self._ready = not reason
        if self._ready:
            say(greeting(address(self._gateway.host, self._gateway.port), self._gateway.authentication == "on"))
        elif time.monotonic() > self._next_reason_s:
            self._next_reason_s += REASON_EVERY_S
            say(f"not ready yet (the very first start compiles): {reason}")


def say(message: str) -> None:
    """To the terminal, in whole lines, at once; a terminal that was closed must not keep us from stopping."""
    with contextlib.suppress(OSError):
        os.write(sys.stdout.fileno(), f"minnorm: {message}\n".encode())


def greeting(base: str, needs_key: bool) -> str:
    """What a newcomer needs to see: where it is, what to read, what to try."""
    key = " -H 'Authorization: Bearer KEY'" if needs_key else ""
    body = shlex.quote(json.dumps(FIVE_POINTS))
    lines = [
        f"ready at {base}",
        f"documentation  {base}/docs",
        f"first request  curl {base}/v1/interpolations{key} -H 'Content-Type: application/json' -d {body}",
        *(["a key          python -m service.keys issue --name me --scope read --scope solve"] * needs_key),
        "Ctrl-C stops it",
    ]
    return "\n  ".join(lines)


def check_openness(settings: GatewaySettings) -> None:
    """Refuse to serve other machines without asking them for a key, unless that is wanted."""
    if settings.authentication == "on" or settings.allow_anybody or is_loopback(settings.host):
        return
    raise CannotListen(
        f"Others reach {settings.host}, and nobody would be asked for a key. Set MINNORM_AUTHENTICATION=on "
        "(python -m service.keys issues keys), or MINNORM_ALLOW_ANYBODY=true if anybody may have problems solved."
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_address(host: str, port: int) -> None:
    """Find out before anything is started whether the gateway will be able to listen."""
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the gateway does
            probe.bind(where)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            message = f"Port {port} on {host} is in use by another program; choose another with MINNORM_PORT."
            raise CannotListen(message) from error
        raise CannotListen(f"Cannot listen on {host}, port {port}: {error.strerror}.") from error
