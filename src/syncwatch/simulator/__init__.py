"""A panel that behaves and misbehaves: the demo, tests and the load test poll it.

It imports nothing of the rest of the program. What a right monitor reports is written here a second time, from
the design's words, so that the two can contradict each other; shared code would let both be wrong together.
"""

from syncwatch.simulator.fleet import fleet, write_fleet
from syncwatch.simulator.options import Format, Options
from syncwatch.simulator.server import Simulator, serve

__all__ = ["Format", "Options", "Simulator", "fleet", "serve", "write_fleet"]
