"""What is foretold of an item: will they choose it, how will they like it.

Two files a head: `choice` and `value` serve and need no PyTorch, `choice_training` and
`value_training` learn.
"""

from metarec.meta.heads.choice import ChoiceHead
from metarec.meta.heads.head import Head
from metarec.meta.heads.value import ValueHead

HEADS: dict[str, type[ChoiceHead] | type[ValueHead]] = {
    head.name: head for head in (ChoiceHead, ValueHead)
}

__all__ = ["HEADS", "ChoiceHead", "Head", "ValueHead"]
