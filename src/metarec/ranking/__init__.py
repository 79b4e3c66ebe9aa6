"""From scores to lists: ties, the best k, candidates and filters."""
