"""What every test runs under."""

from hypothesis import HealthCheck, settings

# The same examples each time, however slow the machine: a red run means a change, not luck or load.
settings.register_profile("tests", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")
