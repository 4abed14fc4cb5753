"""A format: one npz file a shard."""

from io import BytesIO

import numpy as np


class NpzCodec:
    name = "npzip"

    def metadata(self, layout):
        return {}

    def paths(self, layout, shard):
        return (f"{layout.split}/{shard.index:04d}.npz",)

    def encode(self, layout, shard, content):
        buffer = BytesIO()
        np.savez(buffer, inputs=content.inputs, labels=content.labels)
        return (buffer.getvalue(),)

    def decode(self, layout, shard, files):
        with np.load(BytesIO(files[0]), allow_pickle=False) as arrays:
            return arrays["inputs"], arrays["labels"]


CODEC = NpzCodec()
