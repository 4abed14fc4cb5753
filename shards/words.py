"""Words for numbers, as people read them on the screen."""


def counted(count: int, noun: str) -> str:
    """A number of things: ``1 shard``, ``2,000 shards``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def time_in_words(seconds: float) -> str:
    """A span of time: ``46 s``, ``12 min 05 s``, ``2 h 05 min``."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60:,} h {minutes % 60:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
