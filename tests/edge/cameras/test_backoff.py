from edge.cameras.backoff import Backoff


def test_waits_double_up_to_the_longest_and_begin_anew():
    backoff = Backoff(8.0)
    waits = [backoff.next() for _ in range(8)]
    for wait, nominal in zip(waits, (0.5, 1, 2, 4, 8, 8, 8, 8), strict=True):
        assert 0.9 * nominal <= wait <= min(1.1 * nominal, 8.0)
    backoff.reset()
    assert backoff.next() <= 0.55


def test_two_cameras_do_not_try_in_step():
    assert len({Backoff(8.0).next() for _ in range(10)}) > 1
