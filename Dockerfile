# One image for the gateway and the workers; docker-compose.yml says which of them a container is.
FROM python:3.12-slim AS packages
COPY requirements.lock .
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --no-deps -r requirements.lock

FROM python:3.12-slim
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    NUMBA_CACHE_DIR=/var/cache/minnorm \
    MPLCONFIGDIR=/var/cache/minnorm
RUN groupadd --gid 10001 minnorm \
 && useradd --uid 10001 --gid minnorm --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin minnorm \
 && install -d -o minnorm -g minnorm /var/cache/minnorm
WORKDIR /app
COPY --from=packages /opt/venv /opt/venv
COPY service service
COPY workers workers
RUN python -m compileall -q service workers

USER minnorm
# A container that starts has its machine code ready, and matplotlib's list of fonts. On another kind of processor the
# code is compiled anew at the start, into the same folder, which must therefore be writable: numba refuses a cache that
# it cannot write to.
RUN python -c "from workers.compute import warm_up; warm_up()" \
 && python -c "from service.pictures.drawing import prepare; prepare()"

EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-m", "service.probes"]
CMD ["python", "-m", "uvicorn", "--factory", "service.main:create_app", "--host", "0.0.0.0", "--port", "8000", \
     "--http", "h11", "--lifespan", "on", "--no-server-header", "--no-access-log", "--log-level", "warning", \
     "--timeout-keep-alive", "30", "--timeout-graceful-shutdown", "20"]
