"""Is the gateway there? Asked by the launcher, and in a container by `python -m service.probes`."""

import http.client
import sys

from service.settings import gateway_settings

TIMEOUT_S = 2.0


def reachable(host: str) -> str:
    """The address under which this machine reaches a server that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (binds nothing)


def address(host: str, port: int) -> str:
    """URL of the service as seen from this machine."""
    name = reachable(host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def complaint(host: str, port: int, path: str) -> str:
    """Empty if the path answers 200, else what came instead."""
    # Not urllib, which would go through a proxy that the environment names.
    connection = http.client.HTTPConnection(reachable(host), port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read(2000).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return f"the gateway does not answer ({error!r})"
    finally:
        connection.close()
    return "" if response.status == 200 else f"{response.status} {body}"


def main() -> int:
    """Exit status 0 if the gateway lives.

    Not whether it is ready: without Redis it still answers small problems, and restarting it would not help.
    """
    settings = gateway_settings()
    reason = complaint(settings.host, settings.port, "/livez")
    sys.stderr.write(reason)
    return 1 if reason else 0


if __name__ == "__main__":
    sys.exit(main())
