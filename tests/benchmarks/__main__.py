"""`make bench`: each figure beside its rival, same work, same run, as a ratio."""

from tests.benchmarks import interpolation, requests

if __name__ == "__main__":
    interpolation.run()
    requests.run()
