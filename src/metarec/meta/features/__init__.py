"""From content to item terms: one definition, trained and then frozen."""
