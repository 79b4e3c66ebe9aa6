"""What all tests share."""

from hypothesis import HealthCheck, settings

# A busy machine must not fail a test: what is checked is truth, not time.
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")
