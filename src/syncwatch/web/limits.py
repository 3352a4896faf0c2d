"""How much the door takes: of one request, of one connection, of all. Times in seconds, sizes in bytes."""

from dataclasses import dataclass

LINE = 4096  # a request's first line
FIELD = 4096  # one header
FIELDS = 64  # headers
BODY = 1024  # no route takes one


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be at once, and for how long.

    Attributes:
        connections: that are open.
        handshake: for TLS.
        request: from the first byte of a request, or from the connection, to the end of its headers.
        sending: for an answer.
        idle: between an answer and the next request.
        closing: for a client to take the last word.
        size: of a request with its headers, its body and whatever is sent before the answer.
        pages: that are being sent.
        patience: for which a page that is being sent is not cut to make room for another,
        stall: unless its client takes nothing for so long.
        sweep: between two looks at all connections.
    """

    connections: int = 512
    handshake: float = 10.0
    request: float = 10.0
    sending: float = 30.0
    idle: float = 60.0
    closing: float = 2.0
    size: int = 16 << 10
    pages: int = 32
    patience: float = 5.0
    stall: float = 1.0
    sweep: float = 1.0
