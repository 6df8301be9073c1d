"""Which role may use which endpoint and which event: one table, and nothing that is not in it may be used.

A token has a role. Developers make graphs and ask for their values; contributors compute; operators run the
server and see everything that developers see, of everybody. tests/integration/test_roles.py walks the
table and compares it with the router.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from ravspec.errors import AccessError


class Role(enum.StrEnum):
    """What a token is for."""

    DEVELOPER = "developer"
    CONTRIBUTOR = "contributor"
    OPERATOR = "operator"


DEVELOPERS = frozenset({Role.DEVELOPER, Role.OPERATOR})
CONTRIBUTORS = frozenset({Role.CONTRIBUTOR})
ALL = frozenset(Role)
NOBODY: frozenset[Role] = frozenset()
#: no token is looked at here; the event `connect` asks for it, as browsers cannot send it earlier
AT_CONNECT = None
#: pages and scripts: they hold nothing of anybody's
OPEN = None

Roles = frozenset[Role] | None

#: method and path, as the router has it -> who may
ENDPOINTS: dict[str, Roles] = {
    "POST /v1/graphs": DEVELOPERS,
    "GET /v1/graphs": DEVELOPERS,
    "GET /v1/graphs/{graph}": DEVELOPERS,
    "POST /v1/graphs/{graph}/ops": DEVELOPERS,
    "GET /v1/graphs/{graph}/ops": DEVELOPERS,
    "GET /v1/graphs/{graph}/ops/{op}": DEVELOPERS,
    "GET /v1/graphs/{graph}/history": DEVELOPERS,
    "POST /v1/graphs/{graph}/cancel": DEVELOPERS,
    "DELETE /v1/graphs/{graph}": DEVELOPERS,
    "DELETE /v1/graphs": DEVELOPERS,
    "GET /v1/persisted/{name}": DEVELOPERS,
    "GET /v1/contributors": DEVELOPERS,
    "GET /v1/contributors/{name}/history": DEVELOPERS,
    "POST /v1/transfer": DEVELOPERS,
    "PUT /v1/data/{upload}": ALL,
    "GET /v1/data/{digest}": ALL,
    "GET /v1/federated": ALL,
    "GET /v1/federated/{graph}": ALL,
    "PUT /v1/federated/{graph}/spec": DEVELOPERS,
    "POST /v1/federated/{graph}/contributions": CONTRIBUTORS,
    "GET /v1/federated/{graph}/total": DEVELOPERS,
    "POST /v1/federated/{graph}/end": DEVELOPERS,
    "GET /": OPEN,
    "GET /join": OPEN,
    "GET /ravjs.js": OPEN,
    "GET /assets/{version}/{name}": OPEN,
    "GET /v1/join": CONTRIBUTORS,
    "GET /socket.io/": AT_CONNECT,
    "POST /socket.io/": NOBODY,  # long polling: contributors use websockets only
    "OPTIONS /socket.io/": NOBODY,
}

#: Socket.IO event -> who may
EVENTS: dict[str, frozenset[Role]] = {
    "connect": CONTRIBUTORS,
    "disconnect": CONTRIBUTORS,
    "hello": CONTRIBUTORS,
    "heartbeat": CONTRIBUTORS,
    "result": CONTRIBUTORS,
    "refuse": CONTRIBUTORS,
    "crash": CONTRIBUTORS,
    "bye": CONTRIBUTORS,
    "watch": CONTRIBUTORS,
}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: what the token says. Without a role: anybody, at a server that asks for no tokens."""

    role: Role | None
    name: str
    token: int

    def demand(self, roles: frozenset[Role], what: str) -> None:
        """An AccessError unless one of these roles is the principal's."""
        if self.role is None and roles:
            return
        if self.role not in roles:
            able = " or ".join(sorted(roles)) or "nobody"
            article = "an" if self.role is Role.OPERATOR else "a"
            mine = f"this token is {article} {self.role}'s" if self.role else "no token opens it"
            advice = "; the operator can give you one of that role" if roles else ""
            raise AccessError(f"{what} is for: {able}; {mine}{advice}")

    def sees_all(self) -> bool:
        """Are other developers' graphs and arrays shown too?"""
        return self.role is None or self.role is Role.OPERATOR

    def sees(self, developer: str) -> bool:
        """Are the graphs of that developer shown?"""
        return self.name == developer or self.sees_all()


#: whoever asks where no tokens are asked for
ANYBODY = Principal(None, "", 0)
