"""The files of the page to play with, as they are served."""

import re

import httpx
import pytest

pytestmark = pytest.mark.anyio

TYPES = {
    "/": "text/html; charset=utf-8",
    "/page/page.css": "text/css; charset=utf-8",
    "/page/main.js": "text/javascript; charset=utf-8",
    "/page/icon.svg": "image/svg+xml",
}


@pytest.mark.parametrize("path", TYPES)
async def test_a_file_is_served_with_its_type_and_is_not_sent_twice(client: httpx.AsyncClient, path: str) -> None:
    first = await client.get(path)
    assert (first.status_code, first.headers["content-type"]) == (200, TYPES[path])
    assert first.headers["cache-control"] == "no-cache"
    again = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    other = await client.get(path, headers={"If-None-Match": 'W/"another"'})
    assert other.content == first.content


async def test_a_browser_may_load_nothing_from_elsewhere_and_nothing_inline(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    policy = page.headers["content-security-policy"].split("; ")
    assert "default-src 'self'" in policy
    assert not any("unsafe" in rule for rule in policy)
    assert page.headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"<style|<script(?![^>]* src=)|\sstyle=|\son\w+=|https?://", page.text)


async def test_heads_have_no_body(client: httpx.AsyncClient) -> None:
    head = await client.head("/")
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize("name", ["nothing.js", "..%2Fmain.py", "%2Fetc%2Fpasswd", "index.html%00"])
async def test_other_names_are_not_found(client: httpx.AsyncClient, name: str) -> None:
    response = await client.get(f"/page/{name}")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


async def test_the_page_is_no_part_of_the_contract(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    assert not [path for path in paths if path == "/" or path.startswith("/page")]
