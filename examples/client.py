"""A product beside a service: `metarec serve my-shop`, then `python examples/client.py`.

Only httpx is needed. Each call is one line to take into your own code.
"""

import sys
from typing import Any
from uuid import uuid4

import httpx


class ShopError(Exception):
    """What a service says is wrong, or that none answers."""


class Shop:
    """The few calls that a product needs."""

    def __init__(self, url: str = "http://127.0.0.1:8000", key: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.http = httpx.Client(base_url=url, headers=headers, timeout=10)

    def ask(self, verb: str, path: str, body: object = None) -> Any:
        """One answer; what is wrong is an error with the service's own words."""
        try:
            found = self.http.request(verb, f"/v1{path}", json=body)
        except httpx.TransportError as error:
            raise ShopError(
                f"no service answers at {self.http.base_url} ({error}); metarec serve starts one"
            ) from error
        if found.is_error:
            raise ShopError(_detail(found))
        return found.json()

    def tell(self, user: str, item: str, key: str | None = None, **more: object) -> None:
        """The key makes it safe to send an event again after whatever went wrong."""
        event = {"user_id": user, "item_id": item, "key": key or uuid4().hex, **more}
        self.ask("POST", "/events", event)

    def recommend(self, user: str, k: int = 5, **filters: object) -> list[dict[str, Any]]:
        """What to show now: every event that was told counts."""
        body = {"user_id": user, "k": k, **filters}
        return list(self.ask("POST", "/recommendations", body)["items"])


def _detail(found: httpx.Response) -> str:
    try:
        return str(found.json()["detail"])
    except (ValueError, TypeError, KeyError):  # something else answers there
        return f"{found.url} answers {found.status_code}, and is no metarec service"


def main() -> None:
    """A stranger comes, looks at two things, signs in, and is forgotten."""
    shop = Shop(*sys.argv[1:])
    visit, user = f"visit-{uuid4().hex[:6]}", f"user-{uuid4().hex[:6]}"
    rated: dict[str, Any] = (
        {"value": 5} if shop.ask("GET", "/model")["predicts"] == "ratings" else {}
    )
    for item in shop.recommend(visit, k=2):
        shop.tell(visit, item["item_id"], **rated)
    shop.ask("POST", f"/users/{user}/merge", {"session_id": visit})
    for item in shop.recommend(user):
        print(f"{item['rank']}. {item['title'] or item['item_id']}  {item['score']:.2f}")
    print("forgotten:", shop.ask("DELETE", f"/users/{user}")["events"], "events")


if __name__ == "__main__":
    try:
        main()
    except ShopError as error:
        sys.exit(str(error))
