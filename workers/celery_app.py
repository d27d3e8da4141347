"""The Celery application. Celery carries bells ("there is work in this queue"), never work: see `ledger`.

A worker for one queue, with as many slots as cores:

    celery -A workers.celery_app worker --queues interactive --hostname interactive@%h --concurrency 1
        --without-gossip --without-mingle --without-heartbeat --loglevel INFO

Set `REMAP_SIGTERM=SIGQUIT` in its environment, so that SIGTERM lets the job in hand go on for `shutdown_s`
and then gives it back; without it, SIGTERM waits for the job however long it takes. Let a supervisor restart
it: some malformed messages, and a Redis that takes no writes, end Celery's main process.
"""

from typing import Any

from celery import Celery
from kombu import Queue

from workers.connection import broker_url
from workers.settings import WorkerSettings, worker_settings

QUEUES = ("interactive", "batch", "train")


def create_app(settings: WorkerSettings | None = None) -> Celery:
    """Make the application; without `settings`, those of the process are read on first use."""
    celery = Celery("minnorm", include=["workers.tasks", "workers.reaper"], set_as_current=settings is None)
    celery.add_defaults(lambda: _configuration(settings or worker_settings()))
    return celery


def _configuration(settings: WorkerSettings) -> dict[str, Any]:
    return {
        "broker_url": broker_url(settings.redis_url),
        "broker_transport_options": _transport_options(),
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "accept_content": ["json"],
        "task_serializer": "json",
        "task_ignore_result": True,
        "task_queues": [Queue(name, routing_key=name) for name in QUEUES],
        "task_default_queue": QUEUES[0],
        "task_create_missing_queues": False,
        "task_acks_late": False,  # a bell may be lost, but must not come back after an hour
        "worker_consumer": "workers.consumer:PromptConsumer",
        "worker_disable_prefetch": True,  # a bell that waits in a busy worker is one no idle worker hears
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_enable_remote_control": False,
        "worker_soft_shutdown_timeout": settings.shutdown_s,
        "worker_proc_alive_timeout": 30.0,  # the default of 4 s kills children that start on a busy machine
    }


def _transport_options() -> dict[str, Any]:
    """Notice a dead connection in seconds; kombu's defaults held a half-open one for minutes."""
    return {
        "socket_timeout": 5,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 5,
        "retry_on_timeout": True,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "priority_steps": [0],
        "max_retries": 1,  # of a publisher that finds no broker; the default waits for ever
        "interval_start": 0,
    }


app = create_app()
