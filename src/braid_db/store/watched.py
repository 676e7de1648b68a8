"""A connection to PostgreSQL that does not wait without end for a server that has fallen silent."""

from __future__ import annotations

from typing import Any, Self

import psycopg
from psycopg.errors import _WaitTimeout

DEFAULT_PATIENCE_S = 10.0

_LOOK_S = 0.1
"""How often psycopg looks for a Ctrl-C while it waits."""

_wait = psycopg.Connection.wait


class FellSilent(psycopg.OperationalError):
    """A server answers nothing any more, and its connection was closed."""


class Impatient(psycopg.Connection[Any]):
    """A connection that is closed when its server answers nothing for a while.

    The system's own watch over a connection (keepalive, ``tcp_user_timeout``) sees a host that is
    gone, but not a server that hangs on a host that lives: there the system answers for it.

    :ivar patience_s: how long no answer may come; the URL's ``connect_timeout``, as that is how
        long the server may take to answer when it is connected to.
    """

    patience_s = DEFAULT_PATIENCE_S

    @classmethod
    def connect(cls, *named: Any, **told: Any) -> Self:
        """Connect, and remember how long the server may be silent."""
        connection = super().connect(*named, **told)
        seconds = connection.info.get_parameters().get("connect_timeout", "0")
        connection.patience_s = float(seconds) if float(seconds) > 0 else DEFAULT_PATIENCE_S
        return connection

    def wait(self, gen: Any, interval: float = _LOOK_S, timeout: float | None = None) -> Any:
        """Wait for the server, but not without end."""
        while True:
            try:
                return _wait(self, gen, interval, timeout or self.patience_s)
            except psycopg.OperationalError as error:
                if timeout or type(error) is not _WaitTimeout:
                    raise
            self.be_impatient()

    def be_impatient(self) -> None:
        """Give the server up.

        :raises FellSilent: always.
        """
        self.pgconn.finish()
        raise FellSilent


class WatchedConnection(Impatient):
    """A connection whose server may take as long as it needs, if it answers somebody else."""

    def be_impatient(self) -> None:
        """Give the server up if it does not answer a new connection either.

        A statement may run for an hour, and a lock be waited for; but a server that lives
        answers ``SELECT 1``, or says why it takes no new connection.
        """
        try:
            with Impatient.connect(**self._place(), autocommit=True) as other:
                other.execute("SELECT 1")
        except (FellSilent, psycopg.errors.ConnectionTimeout):
            super().be_impatient()
        except psycopg.Error:
            return  # It answers, if only that it takes no more connections.

    def _place(self) -> dict[str, str]:
        """Return all that it was connected with, and of several hosts the one that it is on."""
        options = {option.keyword: option.val for option in self.pgconn.info if option.val}
        there = {b"host": self.pgconn.host, b"port": self.pgconn.port}
        options |= there | {b"hostaddr": self.pgconn.hostaddr}
        return {name.decode(): value.decode() for name, value in options.items()}
