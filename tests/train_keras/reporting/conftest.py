from pathlib import Path

import pytest
from drawn_answers import CLAIMS, World, draw


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Two slim models measured, vit not."""
    made = World(
        tmp_path / "results", tmp_path / "claims.toml", tmp_path / "predictions", tmp_path / "sheets"
    )
    made.claims.write_text(CLAIMS)
    made.sheets.mkdir()
    for seed, model in enumerate(("slim", "slim_fine")):
        for occlusion in ("mask", "full"):
            made.add(draw(model, occlusion, seed=seed))
    return made
