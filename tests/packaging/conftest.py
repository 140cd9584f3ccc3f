"""The commit as it is packaged, and a wheel small enough to pack it with in no time."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from shipping.source import Source, check_out
from small_wheels import make_wheel

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    return check_out(ROOT, tmp_path_factory.mktemp("source"))


@pytest.fixture(scope="session")
def small_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = {
        "small/__init__.py": "",
        "small/tests/test_it.py": "",
        "small/data.txt": "1\n",
        "small/native.so": "",
        "small/native.pyi": "",
    }
    return make_wheel(tmp_path_factory.mktemp("wheel"), "small", "1.0", files)
