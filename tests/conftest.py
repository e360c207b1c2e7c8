import os

from hypothesis import settings

from tests.sandboxes import place, running

__all__ = ["place", "running"]  # fixtures

settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.register_profile("long", deadline=None, max_examples=10_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
