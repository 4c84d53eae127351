"""The flash sale as a picture: how much the shops did not know while they sold, as plain SVG."""

import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 820, 400, 60, 250, 40, 50
COLOURS = {
    "batch": "#9a3412",
    "queue_job": "#a16207",
    "lockgate": "#1d4ed8",
    "lockgate_with_buffer": "#15803d",
}


def plot(curves: dict[str, list[tuple[float, int]]], figures: dict) -> str:
    """The picture. `curves`: by way, the second of each sale, and the units sold that the seller missed.

    Drawn is the most of each second. `figures` tells what each way oversold, and the buffer. The picture is
    as high as the others need; the line of the batch leaves it.
    """
    curves = {way: _most_of_each_second(points) for way, points in curves.items()}
    by_events = {way: points for way, points in curves.items() if way != "batch"}
    last = max(points[-1][0] for points in by_events.values())
    buffer = figures["lockgate_with_buffer"]["buffer"]
    most = max(buffer, *(unknown for points in by_events.values() for _seconds, unknown in points))

    def x(seconds: float) -> float:
        return round(LEFT + seconds / last * (WIDTH - LEFT - RIGHT), 1)

    def y(units: float) -> float:
        return round(HEIGHT - BOTTOM - units / most * (HEIGHT - TOP - BOTTOM), 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<path d="M{x(0)},{y(most)} V{y(0)} H{x(last)}" fill="none" stroke="#444"/>',
        _text(x(0) - 8, y(most) + 4, str(most), "end"),
        _text(x(0) - 8, y(0) + 4, "0", "end"),
        _text(x(last), y(0) + 20, f"{last:.0f} s", "middle"),
        _text(x(last / 2), y(0) + 36, "seconds since the sale began", "middle"),
        _text(10, TOP - 20, "units sold that the shop which sells did not know of", "start"),
        f'<path d="M{x(0)},{y(buffer)} H{x(last)}" stroke="#444" stroke-dasharray="5 4"/>',
        _text(x(last) + 8, y(buffer) + 4, f"the buffer: {buffer} units", "start"),
    ]
    places = [y(buffer)]
    for way, points in curves.items():
        inside = [(seconds, unknown) for seconds, unknown in points if unknown <= most and seconds <= last]
        steps = "".join(f" H{x(seconds)} V{y(unknown)}" for seconds, unknown in inside)
        line = f'<path d="M{x(0)},{y(0)}{steps}" fill="none" stroke="{COLOURS[way]}" stroke-width="1.5"/>'
        words = f"{way.replace('_with_', ' with ')}: {figures[way]['oversold']} oversold"
        words += "" if way in by_events else " (leaves above)"
        places.append(_free(y(inside[-1][1]), places))
        parts += [line, _text(x(last) + 8, places[-1] + 4, words, "start", COLOURS[way])]
    return "\n".join([*parts, "</svg>", ""])


def _most_of_each_second(points: list[tuple[float, int]]) -> list[tuple[int, int]]:
    seconds: dict[int, int] = {}
    for moment, unknown in points:
        second = math.ceil(moment)
        seconds[second] = max(seconds.get(second, 0), unknown)
    return sorted(seconds.items())


def _free(place: float, taken: list[float], least: float = 16) -> float:
    """The next place down where a label covers no other."""
    while any(abs(place - other) < least for other in taken):
        place += 1
    return place


def _text(x: float, y: float, words: str, anchor: str, colour: str = "#222") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{colour}">{escape(words)}</text>'
