"""What any model that is trained uses: a run, checkpoints, randomness, optimisers."""
