"""Words for numbers, as people read them on the screen."""


def counted(count: int, noun: str) -> str:
    """A number of things: ``1 shard``, ``2,000 shards``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
