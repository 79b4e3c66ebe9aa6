"""The service over HTTP, under /v1."""

from metarec.serving.api.app import create_app
from metarec.serving.api.service import Service

__all__ = ["Service", "create_app"]
