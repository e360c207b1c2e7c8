"""All that the sandbox offers on the wire: the routes of its services."""

from ocipolicy.sandbox import identity, inference, language, models
from ocipolicy.sandbox.routes import Route

ROUTES: tuple[Route, ...] = (
    *identity.ROUTES,
    *inference.ROUTES,
    *language.ROUTES,
    *models.ROUTES,
)
