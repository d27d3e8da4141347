"""docs/operations.md names figures, settings and commands that there are."""

import re

from service import keys
from service.metrics import Metrics
from service.scopes import SCOPES
from service.settings import GatewaySettings
from tests.test_house import ROOT
from workers.figures import MEMORY, PERSISTENCE, QueueFigures, Snapshot
from workers.settings import WorkerSettings

PAGE = (ROOT / "docs" / "operations.md").read_text()
COMPOSE = (ROOT / "docker-compose.yml").read_text()


def test_its_figures_are_told() -> None:
    counters = {
        "leases_ended": 1.0,
        "ended:a:failed:": 1.0,
        "attempts:q": 1.0,
        "submitted:a": 1.0,
        "seconds:a:failed:": 1.0,
    }
    redis = dict.fromkeys((*MEMORY, *PERSISTENCE), 1)
    metrics = Metrics()
    metrics.observe("GET", "/livez", 200, 0.1)
    metrics.refused.labels("queue-full").inc()
    told = metrics.render(Snapshot({"q": QueueFigures(1, 1.0)}, 1, 1, 1, counters, {"w": 1.0}, redis)).decode()
    named = set(re.findall(r"\bminnorm_[a-z_]+", PAGE))
    assert len(named) > 10
    for name in named:
        assert re.search(rf"^{name}(_bucket)?[ {{]", told, re.MULTILINE), name


def test_its_settings_are_there() -> None:
    settings = {f"MINNORM_{name.upper()}" for model in (GatewaySettings, WorkerSettings) for name in model.model_fields}
    for name in set(re.findall(r"MINNORM_[A-Z_]+[A-Z]", PAGE)):
        assert name in settings or f"${{{name}:-" in COMPOSE, name


def test_its_commands_and_scopes_are_there() -> None:
    lines = re.findall(r"python -m service\.keys (.*)", PAGE)
    assert len(lines) == 4
    for line in lines:
        keys._parser().parse_args(line.split())
    about_keys = PAGE[: PAGE.index("## Scaling out")]
    assert re.findall(r"^\| `([a-z]+)` \|", about_keys, re.MULTILINE) == list(SCOPES)
