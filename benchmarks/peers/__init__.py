"""mien beside other software that reads faces: the same clip, the same machine, the same run, in turns.

    python -m benchmarks.peers [--make-venvs] [--quick]

catalogue.py says who takes part; venvs.py gives each an environment of its own under build/peers, where a
small file of workers/ runs it; worker.py talks to that in JSON lines; report.py says what came of it.
"""
