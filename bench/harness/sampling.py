"""Figures looked at again and again while something else goes on."""

import contextlib
import statistics
import threading
import time


class Samples:
    """Rows of (seconds since the start, {name: value})."""

    def __init__(self):
        self.rows = []

    def series(self, name):
        return [(seconds, values[name]) for seconds, values in self.rows]

    def peak(self, name):
        return max(values[name] for _, values in self.rows)

    def to_json(self):
        return [{"seconds": round(seconds, 1), **values} for seconds, values in self.rows]

    @contextlib.contextmanager
    def taken(self, figures, every):
        """`figures`: {name: function without arguments}. Looks once more at the end."""
        over, begun = threading.Event(), time.monotonic()

        def look():
            self.rows.append((time.monotonic() - begun, {name: figure() for name, figure in figures.items()}))

        def watch():
            look()
            while not over.wait(every):
                look()

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield self
        finally:
            over.set()
            watcher.join()
        look()


def slope(series):
    """Change of a value per second, by least squares."""
    times, values = zip(*series)
    return statistics.linear_regression(times, values).slope


def third(series, number):
    """The values of the first (0), second (1) or last (2) third of the time."""
    begun, ended = series[0][0], series[-1][0]
    length = (ended - begun) / 3
    return [value for seconds, value in series
            if begun + number * length <= seconds and (number == 2 or seconds < begun + (number + 1) * length)]
