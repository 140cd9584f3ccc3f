from edge.control import MOST, Control, Pause, Reload


def test_commands_come_in_order():
    control = Control()
    assert control.ask(Pause(True))
    assert control.ask(Reload())
    assert control.next(0) == Pause(True)
    assert control.next(0) == Reload()
    assert control.next(0) is None


def test_only_so_many_wait():
    control = Control()
    assert all(control.ask(Reload()) for _ in range(MOST))
    assert not control.ask(Pause(True))
    assert control.next(0) == Reload()
    assert control.ask(Pause(True))
