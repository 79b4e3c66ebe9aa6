"""What the tests of the service share, where its libraries are installed; else they skip."""

import importlib.util

if importlib.util.find_spec("fastapi"):
    from tests.serving.browsing import (  # noqa: F401
        chromium,
        fitted,
        place,
        seed,
        service,
        services,
    )
    from tests.serving.services import (  # noqa: F401
        client,
        door,
        model,
        new_place,
        postgres,
        prepared,
        rated_shop,
        rating_model,
        row,
        serve,
        shop,
        store,
    )
