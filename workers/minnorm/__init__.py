"""The mathematics: arrays in, records out. Knows no queue, no Redis, no HTTP."""

ENGINE = "minnorm 0.2.0"
"""Name and version of what computes; part of every answer and of every problem's digest."""
