"""The names that people give to what are our columns, as `plain` of `column_names` leaves them."""

from collections.abc import Mapping
from types import MappingProxyType


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


def numbered(things: frozenset[str], ends: str) -> frozenset[str]:
    """What people call the ids of things."""
    return frozenset(thing + end for thing in things for end in ends.split())


def ids_of(things: frozenset[str]) -> frozenset[str]:
    """The same with the id first, as in id_product."""
    return frozenset(f"id{thing}" for thing in things)


PEOPLE = words(
    "user customer client member visitor account buyer shopper reviewer person subscriber student"
)
THINGS = words(
    "item product article movie film book track song artist video game recipe course listing"
)
OTHER_THINGS = words(
    "app anime show series episode podcast joke business place venue restaurant hotel job post news"
)
"""What has ids as things have, and is too vague a name for them by itself."""
WEIGHTS = (
    words("qty quantity weight count plays playcount listencount purchases units unitssold menge")
    | numbered(words("item product order lineitem ordered sold purchased"), "qty quantity")
    | words("qtyordered quantityordered qtysold quantitysold")
)
"""Names of a value that says how much of an implicit event there was, and is no rating."""
RATINGS = words("rating ratings stars score overall reviewscore") | numbered(
    words("my star") | PEOPLE | THINGS, "rating"
)

SYNONYMS: Mapping[str, tuple[frozenset[str], ...]] = MappingProxyType({
    "user_id": (
        numbered(PEOPLE, "id no nr number code")
        | ids_of(PEOPLE)
        | words("uid custid custno distinctid userpseudoid kundennr kundennummer kundenid"),
        PEOPLE | words("username"),
        numbered(words("customer user client buyer"), "email") | words("email"),
    ),
    "item_id": (
        numbered(THINGS | OTHER_THINGS, "id no nr number")
        | ids_of(THINGS)
        | words("iid itemcode productcode articlecode stockcode sku skuid asin isbn ean gtin upc")
        | words("lineitemsku variantsku artikelnr artikelnummer artikelid produktid"),
        THINGS,
    ),
    "value": (RATINGS | WEIGHTS,),
    "timestamp": (
        words("ts timestamps datetime unixtime unixreviewtime epoch")
        | numbered(
            words("event order purchase review transaction"), "time date datetime at timestamp ts"
        )
        | words("invoicedate createdat datecreated dateadded dateadd viewedat ratedat")
        | words("bestelldatum"),
        words("date time datum"),
    ),
    "event": (
        numbered(words("event action behavior behaviour interaction activity"), "type name kind")
        | words("action behavior behaviour"),
        words("interaction activity type"),
    ),
    "text": (words("reviewtext reviewbody reviewcontent comment comments"), words("review")),
})  # fmt: skip
"""Of each of our columns the names that people use, the telling ones before the vague ones.

They are written as `plain` leaves them: small letters, without separators.
"""
