"""From tables to a dataset: every problem found, named and told at once."""
