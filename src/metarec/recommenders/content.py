"""What the content models share: an encoder, and features of the catalogue measured at fit."""

from typing import Any

import numpy as np
from jaxtyping import Float

from metarec.contracts import Catalogue, DataError, Dataset, Encoder
from metarec.encoders import ContentFeatures, TextReader, texts_of
from metarec.recommenders.base import BaseRecommender


class ContentRecommender(BaseRecommender):
    """A recommender that reads the items' content through an encoder.

    What it learned of the content is saved with it, so a loaded model answers without its encoder;
    to fit again, make a new one with an encoder.
    """

    encoder_: dict[str, str]
    """Fingerprint of the encoder that the model was fitted with."""

    def __init__(self, encoder: Encoder | None = None, config: Any = None) -> None:
        super().__init__(config)
        self.encoder = encoder

    def _text_vectors(self, train: Dataset) -> Float[np.ndarray, "item d"]:
        """The encoder's vectors alone, of the texts that the shop's roles of columns give."""
        encoder = self._chosen_encoder()
        if isinstance(encoder, TextReader):
            texts = texts_of(encoder, train)
            return self._checked(encoder, encoder.encode_texts(texts), train.catalogue)
        return self._encode(encoder, train.catalogue)

    def _features(self, train: Dataset) -> Float[np.ndarray, "item d"]:
        """The encoder's vectors beside numbers, categories and lists (`ContentFeatures`)."""
        encoder = self._chosen_encoder()
        if not isinstance(encoder, ContentFeatures):
            encoder = ContentFeatures.of(encoder, train)
        return self._encode(encoder, train.catalogue)

    def _chosen_encoder(self) -> Encoder:
        if self.encoder is None:
            raise DataError(
                f"{type(self).__name__} reads content: give it an encoder, as in "
                f"{type(self).__name__}(metarec.TextEncoder())"
            )
        return self.encoder

    def _encode(self, encoder: Encoder, catalogue: Catalogue) -> Float[np.ndarray, "item d"]:
        return self._checked(encoder, encoder.encode(catalogue.frame), catalogue)

    def _checked(
        self, encoder: Encoder, encoded: np.ndarray, catalogue: Catalogue
    ) -> Float[np.ndarray, "item d"]:
        vectors = np.asarray(encoded, dtype=np.float64)
        if vectors.ndim != 2 or len(vectors) != len(catalogue):
            raise DataError(
                f"the encoder gave vectors of shape {vectors.shape} for {len(catalogue)} items; "
                "a content model needs one vector an item, so the items need a content column"
            )
        if not np.isfinite(vectors).all():
            raise DataError("the encoder gave vectors with NaN or infinite values")
        self.encoder_ = {"fingerprint": encoder.fingerprint}
        return vectors


def scaled(content: Float[np.ndarray, "item d_content"]) -> Float[np.ndarray, "item d_content"]:
    """Centred, and of a mean square length of 1; without columns where all items read the same."""
    centred = content - content.mean(axis=0, dtype=np.float64)
    size = np.sqrt(np.mean(np.sum(centred**2, axis=1)))
    return centred / size if size > 0 else centred[:, :0]
