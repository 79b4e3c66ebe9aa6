"""The living service: events in, answers out, and nothing lost when it is killed."""
