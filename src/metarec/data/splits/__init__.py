"""Ways to hold data out, each of which states the leaks that it excludes."""
