"""The page of the service: files of the package, which call the endpoints under /v1 alone."""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from fastapi import APIRouter, Path, Request, Response
from starlette.exceptions import HTTPException

router = APIRouter(include_in_schema=False)

KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
"""Scripts and styles are files of the service itself, and no text ever becomes HTML."""


@dataclass(frozen=True)
class PageFile:
    """A file as it is sent."""

    body: bytes
    kind: str
    tag: str


@cache
def page_files() -> dict[str, PageFile]:
    """Every file of the page by its name, read once."""
    folder = resources.files("metarec.serving") / "page"
    found = {}
    for file in folder.iterdir():
        kind = KINDS.get(f".{file.name.rpartition('.')[2]}")
        if kind is not None:
            body = file.read_bytes()
            tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            found[file.name] = PageFile(body, kind, tag)
    return found


@router.get("/")
async def person(request: Request) -> Response:
    """The view of somebody who looks for something."""
    return sent(request, "index.html")


@router.get("/operator")
async def operator(request: Request) -> Response:
    """The view of who runs the service."""
    return sent(request, "operator.html")


@router.get("/page/{name}")
async def file(request: Request, name: str = Path()) -> Response:
    """A style, a script or a picture of both."""
    return sent(request, name)


def sent(request: Request, name: str) -> Response:
    """A file of the page; 304 where the browser has it as it is."""
    found = page_files().get(name)
    if found is None:
        raise HTTPException(404, "the page has no such file")
    headers = {**HEADERS, "ETag": found.tag}
    if request.headers.get("if-none-match") == found.tag:
        return Response(status_code=304, headers=headers)
    return Response(found.body, headers=headers, media_type=found.kind)
