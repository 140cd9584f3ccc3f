"""Killed at every operation on the disk, the store has the old or the new model, whole."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
LEAST = {"install": 30, "use": 6, "rollback": 6}  # steps, so that a hook that sees nothing is noticed


@pytest.mark.parametrize("plan", LEAST)
def test_a_death_at_any_step_leaves_a_whole_model(tmp_path, plan):
    paths = os.pathsep.join((str(HERE.parent), str(HERE.parents[2])))
    done = subprocess.run(
        [sys.executable, HERE / "dying.py", tmp_path, plan],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= LEAST[plan]
