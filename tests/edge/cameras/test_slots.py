import contextlib
import os
import subprocess
import sys
import time

import numpy as np
from watching import until

from edge.cameras.slots import LONGEST_SIDE, SIZE, Slots

# Writes frames of one value and of changing sizes as fast as it can, and stays until its input ends.
WRITER = """
import sys
import numpy as np
from edge.cameras.slots import Slots
slots = Slots(int(sys.argv[1]))
for number in range(1, int(sys.argv[2]) + 1):
    assert slots.put(np.full((200 + number % 3 * 100, 300, 3), number % 251, np.uint8), number / 10)
sys.stdin.read()
"""


def picture(value, height=4, width=6):
    return np.full((height, width, 3), value, np.uint8)


def test_a_frame_is_taken_once_and_the_newest_wins():
    slots = Slots.allocate()
    assert slots.take(0) is None
    for value in range(1, 8):
        assert slots.put(picture(value), 10.0 + value)
    record, image = slots.take(0)
    assert record == (7, 17.0, 4, 6)
    assert (image == 7).all()
    assert slots.take(7) is None
    assert slots.put(picture(9, 8, 2), 20.0)
    record, image = slots.take(7)
    assert record.number == slots.count == 8
    assert image.shape == (8, 2, 3)
    slots.close()


def test_what_was_taken_is_not_written_over():
    slots = Slots.allocate()
    slots.put(picture(1), 1.0)
    _, image = slots.take(0)
    for value in range(2, 6):
        slots.put(picture(value), float(value))
    slots.close()
    assert (image == 1).all()


def test_what_is_no_picture_is_refused():
    slots = Slots.allocate()
    for shape in ((0, 4, 3), (4, 0, 3), (4, 4), (4, 4, 4), (1, LONGEST_SIDE + 1, 3)):
        assert not slots.put(np.zeros(shape, np.uint8), 1.0)
    assert not slots.put(np.zeros((4, 4, 3), np.float32), 1.0)
    # Each side is possible, both together are not.
    assert not slots.put(np.broadcast_to(np.uint8(0), (LONGEST_SIDE, LONGEST_SIDE, 3)), 1.0)
    assert slots.count == 0
    slots.close()


def test_the_memory_has_no_name_and_cannot_shrink_under_a_reader():
    slots = Slots.allocate()
    assert os.readlink(f"/proc/self/fd/{slots.descriptor}") == "/memfd:mien-frames (deleted)"
    with contextlib.suppress(PermissionError):
        os.ftruncate(slots.descriptor, 0)
    assert os.fstat(slots.descriptor).st_size == SIZE
    slots.close()


def test_a_reader_never_sees_half_a_frame_of_another_process():
    count = 1500
    slots = Slots.allocate()
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(slots.descriptor), str(count)],
        stdin=subprocess.PIPE,
        pass_fds=(slots.descriptor,),
    )
    taken, seen = 0, 0
    deadline = time.monotonic() + 60
    while taken < count and time.monotonic() < deadline:
        shot = slots.take(taken)
        if shot is None:
            time.sleep(0)
            continue
        record, image = shot
        assert record.number > taken
        assert image.shape == (200 + record.number % 3 * 100, 300, 3)
        assert (image == record.number % 251).all()
        assert record.captured == record.number / 10
        taken, seen = record.number, seen + 1
    assert taken == count
    assert seen > 10
    writer.communicate()
    assert writer.returncode == 0
    slots.close()


def test_a_writer_that_is_killed_while_it_writes_leaves_no_frame_and_no_lock():
    slots = Slots.allocate()
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(slots.descriptor), "1000000000"],
        stdin=subprocess.PIPE,
        pass_fds=(slots.descriptor,),
    )
    until(lambda: slots.count > 20)
    writer.kill()
    writer.communicate()
    record, image = slots.take(0)
    assert (image == record.number % 251).all()
    slots.close()
