"""ravftp as a child of the server: started, told by a pipe who may do what, and started again if it dies.

Who may read what is ravsock.access's to say; an account follows it. A contributor's life has one account
from its hello to its end. A developer gets one for the asking; it ends when it was not used for a while.
`ravftp.parent` has the lines that travel.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import random
import secrets
import sys
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from ravsock.access import Access, of_life
from ravsock.config import Config
from ravsock.limits import Accounts
from ravsock.roles import Principal
from ravspec.messages import FtpGrant

log = logging.getLogger(__name__)

#: how long the child may take to get ready, and to end
READY_S, END_S = 20.0, 3.0
#: first and longest wait before a child that died is replaced; each is varied by half at random
FIRST_WAIT_S, LONGEST_WAIT_S = 0.1, 10.0
#: a child that lived so long did not die of its start
LIVED_S = 30.0
#: accounts that one developer may have at once: one for each process that moves arrays
ACCOUNTS = 100


@dataclass(slots=True)
class Account:
    """An account, as it must be told to a child that starts."""

    user: str
    password: str
    owner: str
    principal: Principal | None = None  #: whose it is, if it is a developer's
    life: str = ""  #: or whose
    #: what a life sent and no result has used yet: digest -> bytes
    unused: dict[str, int] = field(default_factory=dict)

    @property
    def reads_all(self) -> bool:
        """Is every array shown? To whom every graph is shown."""
        return self.principal is not None and self.principal.sees_all()


#: called when an upload is stored: (whose account it came by, digest, size); ends when that is written down
Keep = Callable[["Account", str, int], Awaitable[Any]]


class Ftp:
    """The child and its accounts. Without a child that is ready, there are no new accounts: HTTP goes."""

    def __init__(
        self,
        config: Config,
        access: Access,
        limits: Accounts,
        keep: Keep,
        no_room: Callable[[str, str], None],
    ) -> None:
        self._config, self._access, self._limits = config, access, limits
        self._keep, self._no_room = keep, no_room
        self._accounts: dict[str, Account] = {}
        self._of_owner: dict[str, list[str]] = {}  #: owner -> users, oldest first
        self._port = config.ftp_port
        self._ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._process: asyncio.subprocess.Process | None = None
        self._running: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Future[Any]] = set()
        self._serves = self._closing = False
        access.watch = self._watch

    @property
    def pid(self) -> int | None:
        """The child's process, if there is one."""
        return self._process.pid if self._process is not None else None

    async def start(self) -> None:
        """Start the child; back when it serves, or when it is clear that it will not."""
        if not self._config.ftp:
            return
        if sys.platform == "win32":
            log.warning("action=no_ftp reason=pipes cannot be polled on Windows; arrays go by HTTP")
            return
        self._running = asyncio.create_task(self._supervise())
        try:
            trouble = await asyncio.wait_for(asyncio.shield(self._ready), READY_S)
        except TimeoutError:
            trouble = f"ravftp was not ready within {READY_S:g} s"
        if trouble:
            log.warning("action=no_ftp reason=%s. The server goes on; arrays go by HTTP", trouble)

    async def close(self) -> None:
        """End the child."""
        self._closing = True
        if self._running is not None:
            if self._process is not None and self._process.stdin is not None:
                self._process.stdin.close()
            try:
                await asyncio.wait_for(self._running, END_S)
            except TimeoutError:  # which has cancelled what listened to the child
                if self._process is not None:
                    self._process.kill()
                    await self._process.wait()

    # --- accounts ------------------------------------------------------------------------------------

    def for_life(self, life: str) -> FtpGrant | None:
        """The account of a life, from now on if it has none."""
        owner = of_life(life)
        users = self._of_owner.get(owner)
        return self._told(self._accounts[users[0]] if users else self._new(owner, life=life))

    def for_developer(self, principal: Principal) -> FtpGrant | None:
        """Another account for a developer."""
        users = self._of_owner.get(principal.name, [])
        if len(users) >= ACCOUNTS:
            self._revoke(users[0])
        return self._told(self._new(principal.name, principal=principal))

    def life_is_over(self, life: str) -> None:
        """Its account ends."""
        for user in list(self._of_owner.get(of_life(life), ())):
            self._revoke(user)

    def used(self, life: str, digests: Iterable[str]) -> None:
        """A result that names these arrays was taken: they count no longer as the life's."""
        for user in self._of_owner.get(of_life(life), ()):
            unused = self._accounts[user].unused
            for digest in digests:
                if digest in unused:
                    self._tell(do="settle", user=user, size_bytes=unused.pop(digest))

    def _new(self, owner: str, **whose: Any) -> Account | None:
        if not self._serves:
            return None
        account = Account(secrets.token_hex(8), secrets.token_urlsafe(), owner, **whose)
        self._accounts[account.user] = account
        self._of_owner.setdefault(owner, []).append(account.user)
        self._tell(**self._grant(account))
        return account

    def _told(self, account: Account | None) -> FtpGrant | None:
        if account is None or not self._serves:
            return None
        tls = self._config.tls_cert is not None
        return FtpGrant(self._port, account.user, account.password, tls, self._config.ftp_masquerade)

    def _grant(self, account: Account) -> dict[str, Any]:
        """The line that makes the account at the child."""
        return {
            "do": "grant",
            "user": account.user,
            "password_sha256": hashlib.sha256(account.password.encode()).hexdigest(),
            "quota_bytes": self._quota(account),
            "readable": [] if account.reads_all else sorted(self._access.readable(account.owner)),
            "reads_all": account.reads_all,
            "idle_s": None if account.life else self._config.ftp_idle_s,
        }

    def _quota(self, account: Account) -> int:
        """Bytes that it may have: a developer no more than are left to the developer."""
        quota, most = self._config.ftp_quota_bytes, self._config.developer_bytes
        if account.principal is None or account.principal.role is None or not most:
            return quota
        return max(0, min(quota, most - self._limits.of(account.owner).bytes))

    def _revoke(self, user: str) -> None:
        self._forget(user)
        self._tell(do="revoke", user=user)

    def _forget(self, user: str) -> None:
        account = self._accounts.pop(user, None)
        if account is not None:
            users = self._of_owner[account.owner]
            users.remove(user)
            if not users:
                del self._of_owner[account.owner]

    def _watch(self, owner: str, digest: str, may_read: bool) -> None:
        """What an owner may read has changed."""
        for user in self._of_owner.get(owner, ()):
            self._tell(do="allow" if may_read else "disallow", user=user, digests=[digest])

    # --- the child -----------------------------------------------------------------------------------

    def _tell(self, **words: Any) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(json.dumps(words).encode() + b"\n")

    async def _supervise(self) -> None:
        """Start it, listen to it, start it again."""
        loop, wait_s = asyncio.get_running_loop(), FIRST_WAIT_S
        while True:
            since = loop.time()
            trouble = await self._live()
            if self._closing or (trouble and not self._ready.done()):
                self._settle(trouble)
                return
            wait_s = FIRST_WAIT_S if loop.time() - since > LIVED_S else wait_s
            log.error("action=ftp_died reason=%s restart_in=%.1f", trouble or "it ended", wait_s)
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.5))
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    async def _live(self) -> str:
        """The life of one child; why it ended, if it said so."""
        process = self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "ravftp", "--child",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the server, which ends it in order
        )  # fmt: skip
        assert process.stdout is not None and process.stdin is not None
        self._tell(**self._settings())
        for account in self._accounts.values():
            account.unused.clear()
            self._tell(**self._grant(account))
        trouble = ""
        with contextlib.suppress(ConnectionError):
            while line := await process.stdout.readline():
                trouble = self._hear(json.loads(line)) or trouble
        self._serves = False
        code = await process.wait()
        self._process = None
        return trouble or (f"it ended with code {code}" if code else "")

    def _settings(self) -> dict[str, Any]:
        c = self._config
        paths = {"data_dir": c.data_dir, "tls_cert": c.tls_cert, "tls_key": c.tls_key}
        return {
            "host": c.host,
            "port": self._port,
            "passive_ports": c.ftp_passive_ports,
            "masquerade": c.ftp_masquerade,
            **{name: str(path.absolute()) if path is not None else None for name, path in paths.items()},
        }

    def _settle(self, trouble: str) -> None:
        if not self._ready.done():
            self._ready.set_result(trouble)

    def _hear(self, words: dict[str, Any]) -> str:
        """A line from the child; gives the reason if it cannot serve."""
        match words:
            case {"event": "ready", "port": port}:
                self._port, self._serves = port, True
                self._settle("")
                log.info("action=ftp_ready port=%d pid=%s", port, self.pid)
            case {"event": "failed", "reason": reason}:
                return str(reason)
            case {"event": "stored", "number": n, "user": user, "digest": digest, "size_bytes": size}:
                task = asyncio.ensure_future(self._stored(n, user, digest, size))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            case {"event": "no_room", "user": user, "reason": reason}:
                account = self._accounts.get(user)
                if account is not None and account.life:
                    self._no_room(account.life, reason)
            case {"event": "expired", "user": user}:
                self._forget(user)
        return ""

    async def _stored(self, number: int, user: str, digest: str, size_bytes: int) -> None:
        """An upload has become an array: write down whose it is, then let the child answer."""
        account = self._accounts.get(user)
        if account is None:
            return  # revoked meanwhile; the child has closed its connections
        try:
            if account.life:
                self._access.add(account.owner, digest)
                account.unused[digest] = size_bytes
            await self._keep(account, digest, size_bytes)
            if not account.life:
                self._tell(do="settle", user=user, size_bytes=size_bytes)
                for other in self._of_owner.get(account.owner, ()):
                    self._tell(do="quota", user=other, quota_bytes=self._quota(self._accounts[other]))
        except Exception as error:  # noqa: BLE001 - whatever the database says, the sender is to hear it
            log.error("action=upload_not_kept user=%s digest=%s error=%s", user, digest[:12], error)
            self._tell(do="noted", number=number, trouble=f"the server could not write it down: {error}")
            return
        self._tell(do="noted", number=number)
