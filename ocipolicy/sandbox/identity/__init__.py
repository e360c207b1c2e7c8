"""The service identity, version 20160918: the tenancies themselves, told and changed over HTTP.

A handler takes the parameters apart (`fields`), asks whether the caller may, and answers a page of
a list (`pages`) or one thing (`records`); a write checks version and retry token (`writes`), what
the policies say (`statements`), and makes the next world. A thing that is not there and one that
the caller may not touch give the same 404.

Not modelled: tag namespaces (any defined tag is taken), service limits but those on statements,
work requests, and states other than active: what is deleted is gone at once.
"""

from dataclasses import replace

from ocipolicy.sandbox.identity import compartments, memberships, people, policies, tenancies
from ocipolicy.sandbox.identity.writes import in_turn
from ocipolicy.sandbox.routes import Route

_SERVED = (policies, compartments, tenancies, people, memberships)

ROUTES: tuple[Route, ...] = tuple(
    replace(route, handler=in_turn(route.handler)) for room in _SERVED for route in room.ROUTES
)
