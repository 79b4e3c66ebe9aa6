"""What is written and read: whole or not at all, and what the disk refuses."""
