"""What goes wrong with a query, as messages for who wrote it."""


class SqlError(Exception):
    """A query cannot be answered; the message says why, where and what to do."""
