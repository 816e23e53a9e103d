"""A compiled network: the same weights under the same names, and a training that goes on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.kills import outcome
from support.tiny import SYNC_TVA, assert_same_weights, only, tiny_corpus, tiny_store, weights_of

TRAIN = """
import sys
from pathlib import Path
import torch
from synctva.recipe import load_recipe
from synctva.training import loop
from synctva.training.run import train_run

class Killed(BaseException):
    pass

def kill(state, folder):
    save(state, folder)
    raise Killed

real, compiled, save = torch.compile, [], loop.save
def compile_(function, **kwargs):
    compiled.append(type(function.__self__).__name__)
    return real(function, backend="eager", **kwargs)

torch.compile = compile_  # a backend that needs no C compiler
torch.set_num_threads(1)
store, folder = Path(sys.argv[1]), Path(sys.argv[2])
settings = tuple(sys.argv[3:])
recipe = load_recipe(None, (*settings, "training.compile=true"))
train_run(load_recipe(None, settings), store, folder / "plain", 1)
assert compiled == [], compiled
train_run(recipe, store, folder / "compiled", 1)
assert compiled == ["SyncTVA"], compiled
loop.save = kill
try:
    train_run(recipe, store, folder / "killed", 1, save_every_s=0)
except Killed:
    loop.save = save
train_run(recipe, store, folder / "killed", 1)
"""
"""In a process where no shapes are checked: what checks them cannot be compiled."""


@pytest.mark.slow
def test_a_compiled_training_learns_the_same_and_goes_on(tmp_path: Path):
    store = tiny_store(tmp_path / "store", only(tiny_corpus((8, 4, 0)), "text"))
    settings = (*SYNC_TVA, "training.epochs=2")
    ended = subprocess.run(
        [sys.executable, "-c", TRAIN, str(store), str(tmp_path), *settings],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert ended.returncode == 0, ended.stderr
    assert "Graph break" not in ended.stderr
    plain, compiled = (
        weights_of(tmp_path / name / "seed-0" / "checkpoint") for name in ("plain", "compiled")
    )
    assert_same_weights(plain, compiled)
    assert outcome(tmp_path / "killed") == outcome(tmp_path / "compiled")
