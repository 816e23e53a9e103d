"""Processes that read recordings are small: the model, and all that needs torch, is elsewhere."""

import subprocess
import sys


def test_a_process_that_reads_recordings_loads_no_torch():
    program = (
        "import sys, gc, synctva.inference.imported\n"
        "assert gc.isenabled() and 'opensmile' in sys.modules\n"
        "print({'torch', 'scipy', 'transformers', 'typer'} & {*sys.modules})"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ended.stdout == "set()\n", ended.stderr


def test_a_process_that_is_started_by_the_command_loads_no_verbs():
    program = "import sys, synctva.__main__\nprint('synctva.cli' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ended.stdout == "False\n", ended.stderr
