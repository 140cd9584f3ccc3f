import json

import pytest

from benchmarks.boards import (
    BOARDS,
    CHECKED,
    SERVER,
    SHIPPED,
    checks,
    counted,
    detector_of,
    rates,
    rest_of,
    section,
    spans,
)


@pytest.fixture(scope="module")
def kept():
    table, peers = (json.loads(file.read_text()) for file in SERVER)
    return {one["title"]: one for one in table["networks"]}, peers


def test_more_work_takes_longer_and_the_boards_come_in_order():
    for board in BOARDS:
        slow, fast = rates(board)
        assert 0 < slow < fast
        low, high = spans(board, 0.1, 0.0)
        assert (low, high) == pytest.approx((0.1 / fast, 0.1 / slow))
        assert spans(board, 0.1, 1e-3)[0] > low
        assert spans(board, 0.2, 0.0)[1] == pytest.approx(2 * high)
    slowest = [spans(board, 0.1, 5e-4)[1] for board in BOARDS]
    assert slowest == sorted(slowest, reverse=True)


def test_work_is_that_of_what_ships():
    assert counted("slim") == pytest.approx(0.0094, abs=1e-4)
    assert counted("slim_fine") == pytest.approx(0.0540, abs=5e-4)


def test_what_was_measured_on_the_server_is_read_back(kept):
    networks, peers = kept
    rest, detector = rest_of(peers), detector_of(peers)
    spent = {one["name"]: one.get("seconds") for one in peers["peers"]}
    assert rest + detector + spent["mien, int8"] == pytest.approx(spent["mien, every frame"])
    errors = checks(networks, 0.1, detector)
    assert len(errors) == len(CHECKED) * (len(SHIPPED) + 1)
    assert checks(networks, 0.2, detector)[-1] == pytest.approx(2 * errors[-1])


def test_the_section_says_that_it_is_an_estimate_and_how_far_it_errs(kept):
    _, peers = kept
    text = section(0.1, dict.fromkeys(SHIPPED, 0.03), rest_of(peers), [0.7, 1.4])
    assert text.startswith("**Not measured: reckoned.**")
    assert all(f"| {board.name} (" in text for board in BOARDS)
    assert "errs by -30 to +40 %" in " ".join(text.split())
