from __future__ import annotations

from benchmarks.joint_speed import BATCH, COMMAND, make_step
from train_keras.reporting.claims import read_claims


def test_a_batch_goes_through_the_whole_network():
    step, device = make_step(input_size=32, batch=2, width=0.125)
    answers = step()
    expression = answers["expression"] if isinstance(answers, dict) else answers
    assert expression.shape == (2, 7)
    assert isinstance(device, str)


def test_the_claim_names_the_command_and_the_batch():
    (claim,) = (claim for claim in read_claims()[1] if claim.result == "speed-joint")
    assert claim.command == COMMAND
    assert f"batches of {BATCH}" in claim.claimed_on
    assert claim.reason
