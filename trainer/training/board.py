"""Scalars for TensorBoard, in its own file format, written as they come.

torch's ``SummaryWriter`` writes from a thread of its own, so that a full disk is a traceback on the screen and an error
at some later scalar. Here it is an ``OSError`` of the scalar that did not fit.
"""

import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path


class Board:
    """A new file of events in a folder.

    Args:
        folder: where it goes; made where it is missing.
        first_step: what earlier files say of this step and later ones is dropped by TensorBoard.

    Raises:
        OSError: the file cannot be written; the same holds for the methods.
    """

    def __init__(self, folder: Path, first_step: int) -> None:
        from tensorboard.compat.proto.event_pb2 import SessionLog
        from tensorboard.summary.writer.record_writer import RecordWriter

        folder.mkdir(parents=True, exist_ok=True)
        # TensorBoard reads the files of a folder in the order of their names.
        name = f"events.out.tfevents.{time.time_ns():020d}.{socket.gethostname()}.{os.getpid()}"
        self._file = (folder / name).open("xb")
        self._records = RecordWriter(self._file)
        self._put(file_version="brain.Event:2")
        self._put(step=first_step, session_log=SessionLog(status=SessionLog.START))
        self._file.flush()

    def add(self, group: str, step: int, values: Mapping[str, float]) -> None:
        """Write scalars ``group/name`` of one step."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        for name, value in values.items():
            self._put(step=step, summary=Summary(value=[Summary.Value(tag=f"{group}/{name}", simple_value=value)]))
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _put(self, **event: object) -> None:
        from tensorboard.compat.proto.event_pb2 import Event

        self._records.write(Event(wall_time=time.time(), **event).SerializeToString())
