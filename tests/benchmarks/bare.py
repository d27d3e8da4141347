"""A bare FastAPI application with one route."""

from fastapi import FastAPI

app = FastAPI()


@app.post("/v1/interpolations")
async def nothing() -> dict[str, str]:
    return {}
