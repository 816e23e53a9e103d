"""The clock of a recording: where it jumps, and one for several that follow one another."""

from collections.abc import Iterator
from typing import Any

GAP_S = 0.05
"""Timestamps of sound that jump by more are a gap; by less, the rounding of the container."""


def on_one_clock(packets: Iterator[Any]) -> Iterator[Any]:
    """Yields packets of a chain, in which every link begins at 0, with times that go on."""
    end_s = shift_s = 0.0
    for packet in packets:
        if packet.pts is not None:
            own_s = float(packet.pts * packet.time_base)
            if own_s + shift_s < end_s - GAP_S:
                shift_s = end_s - own_s
            packet.pts = packet.dts = round((own_s + shift_s) / packet.time_base)
            end_s = own_s + shift_s + float((packet.duration or 0) * packet.time_base)
        yield packet
