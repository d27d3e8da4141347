"""Settings of the gateway. The environment variables carry the prefix `MINNORM_`."""

from functools import cache
from typing import Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from workers.settings import ObservationSettings


class GatewaySettings(ObservationSettings):
    """What the HTTP side needs to know."""

    model_config = SettingsConfigDict(env_prefix="MINNORM_", frozen=True, extra="ignore")

    host: str = "127.0.0.1"
    """Address that `make run` listens on."""
    port: int = Field(default=8000, ge=1, le=65535)
    """Port that `make run` listens on."""
    authentication: Literal["off", "on"] = "off"
    """Whether requests need a key (`python -m service.keys`). If not, `make run` listens on this machine only."""
    allow_anybody: bool = False
    """Listen on an address that others reach although nobody is asked for a key."""
    key_cache_s: float = Field(default=5.0, ge=0)
    """How long a key that was looked up is taken as valid: so soon does a revocation take effect."""
    key_patience_s: float = Field(default=60.0, ge=0)
    """How long a key stays valid while Redis does not answer."""
    behind_tls: bool = False
    """Callers come through a proxy that speaks TLS: tell browsers to use nothing else for a year."""
    max_body_bytes: int = 128 * 2**20
    """Longest request body."""
    body_timeout_s: float = 60.0
    """Longest time a request body may take to arrive."""
    max_batch_bytes: int = 2**30
    """Longest body of a batch that is sent line by line; each line may be as long as another body."""
    max_batch_items: int = 100_000
    """Most items of a batch."""
    batch_timeout_s: float = Field(default=1_800.0, le=3_000)
    """Longest time a batch may take to arrive; it must never be silent for `body_timeout_s`."""
    max_points: int = 1_000_000
    """Most numbers in a column."""
    max_levels: int = Field(default=32, ge=1)
    """Most objects and lists within each other in a body."""
    coroutine_size: int = 2_000
    """Problems worth at most so many points (`compute.effort`) take microseconds and are solved where they arrive."""
    thread_size: int = 50_000
    """Problems of at most so many take milliseconds and are solved on a thread; larger ones are queued."""
    linear_size: int = 1_000_000
    """Problems that are solved in linear time take little longer than reading them: up to so many points they are
    solved on a thread as well."""
    linear_at_once: int = Field(default=2, ge=1)
    """How many of those beyond `thread_size` at the same time; further ones are queued."""
    max_wait_s: float = 60.0
    """Longest wait that `Prefer: wait=N` is granted."""
    poll_s: float = 1.0
    """How often a waiting request looks at its job although it has heard of no change."""
    rate_limit: int = Field(default=1_000_000, ge=1)
    """POST requests a caller may send to this gateway within `rate_window_s`."""
    rate_window_s: float = Field(default=60.0, gt=0)
    """Time in which a caller's spent requests come back."""
    compress_from_bytes: int = Field(default=4_096, ge=1)
    """Shorter answers are not compressed: they fit into a few packets, and compressing them would take a tenth of the
    time of a small problem."""
    retry_after_s: int = 2
    """What `Retry-After` says while Redis does not answer."""
    ledger_timeout_s: float = 1.0
    """Longest wait for one answer of Redis in the gateway."""


@cache
def gateway_settings() -> GatewaySettings:
    """The settings of this process, read on first use."""
    return GatewaySettings()
