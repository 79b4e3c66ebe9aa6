"""Written content for the items of the synthetic shop, composed from the words of topics."""

import numpy as np
import polars as pl
from jaxtyping import Int
from numpy.typing import NDArray

TOPICS = {
    "hiking": "trail boots summit backpack ridge compass forest tent",
    "cooking": "pan spice oven recipe dough knife sauce kitchen",
    "gardening": "seed soil rose spade greenhouse compost herb orchard",
    "photography": "lens shutter portrait tripod exposure film flash darkroom",
    "music": "guitar melody piano chord vinyl drum concert microphone",
    "cycling": "bicycle pedal saddle chain helmet sprocket tyre handlebar",
    "painting": "canvas brush easel pigment watercolour palette sketch varnish",
    "astronomy": "telescope galaxy planet comet eyepiece orbit nebula moon",
    "knitting": "wool needle yarn scarf stitch pattern cardigan loom",
    "fishing": "rod lake trout reel bait hook river angler",
    "games": "dice board puzzle cards strategy dungeon tournament miniature",
    "running": "marathon sprint shoes stopwatch track stride finish interval",
}
N_TOPICS = len(TOPICS)
ADJECTIVES = (
    "Little", "Bright", "Silent", "Modern", "Classic", "Golden", "Patient", "Hidden", "Brave",
    "Northern", "Gentle", "Curious",
)  # fmt: skip
FORMS = ("Handbook", "Kit", "Companion", "Collection", "Workshop", "Starter Set", "Guide", "Box")
SENTENCES = (
    "Made for everyone who cares about {0} and {1}, with {2} in mind.",
    "It brings {0} together with {1} and leaves room for {2}.",
    "Whoever has tried {0} knows how much {1} and {2} matter.",
    "From the first {0} to the last {1}, it never forgets {2}.",
    "A close look at {0}, some {1}, and plenty of {2}.",
)
TEMPLATES = tuple(tuple(part.split("}")[-1] for part in s.split("{")) for s in SENTENCES)
"""Each sentence as the four pieces of text around its three words."""


def written_items(
    primary: Int[np.ndarray, " item"],
    secondary: Int[np.ndarray, " item"],
    rng: np.random.Generator,
) -> pl.DataFrame:
    """Title, description, category and tags of items about the two topics given."""
    n = len(primary)
    vocabulary = np.array(
        [words.split() for words in TOPICS.values()], dtype=object
    )  # (topic, word)
    n_words = vocabulary.shape[1]

    def three_words(topics: NDArray[np.int64]) -> list[pl.Series]:
        """Three different words of each topic."""
        start = rng.integers(n_words, size=n)
        steps = np.stack([0 * start, *two_steps(n, n_words, rng)])
        found = vocabulary[topics, (start + steps) % n_words]  # (word, item)
        return [pl.Series(row.tolist(), dtype=pl.String) for row in found]

    def one_of(choices: tuple[str, ...]) -> pl.Series:
        texts = pl.Series(choices, dtype=pl.String)
        return texts.gather(rng.integers(len(choices), size=n))

    category = pl.Series("category", list(TOPICS), dtype=pl.String).gather(primary)
    nouns = three_words(primary)
    titles = [one_of(ADJECTIVES), nouns[0].str.to_titlecase(), one_of(FORMS)]
    # the second and last sentences speak of the secondary topic
    topics = (primary, secondary, primary, secondary)
    sentences = [sentence(three_words(topic), rng) for topic in topics]
    tags = pl.concat_list(
        [pl.lit(s) for s in (*three_words(primary)[:2], three_words(secondary)[0])]
    )
    return pl.DataFrame([category]).select(
        together(titles).alias("title"),
        together(sentences).alias("description"),
        "category",
        tags.alias("tags"),
    )


def two_steps(n: int, n_words: int, rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """Two different steps from 1 to `n_words - 1` an item."""
    one = rng.integers(1, n_words, size=n)
    other = 1 + (one - 1 + rng.integers(1, n_words - 1, size=n)) % (n_words - 1)
    return [one, other]


def together(parts: list[pl.Series]) -> pl.Expr:
    """The parts as one text, row by row, with spaces between."""
    return pl.concat_str([pl.lit(part) for part in parts], separator=" ")


def sentence(words: list[pl.Series], rng: np.random.Generator) -> pl.Series:
    """One sentence an item, with its three words put into a template drawn for it."""
    chosen = rng.integers(len(TEMPLATES), size=len(words[0]))
    pieces = [pl.Series([t[place] for t in TEMPLATES]).gather(chosen) for place in range(4)]
    parts = [pieces[0], words[0], pieces[1], words[1], pieces[2], words[2], pieces[3]]
    table = pl.DataFrame([part.alias(str(place)) for place, part in enumerate(parts)])
    return table.select(pl.concat_str(pl.all())).to_series()
