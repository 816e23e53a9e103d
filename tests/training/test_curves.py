"""Curves in TensorBoard: the log, each epoch once, and nothing where it is not installed."""

import shutil
import sys
from pathlib import Path

import pytest
from support.run_folders import epoch_of
from support.tiny import tiny_recipe, tiny_store

from synctva.run.folder import SeedFolder
from synctva.run.log import Epoch
from synctva.training.curves import curves
from synctva.training.run import train_run


def record(number: int) -> Epoch:
    return epoch_of(number, number / 10, 2.0 - number)


def drawn(folder: SeedFolder) -> dict[str, list[tuple[int, float]]]:
    """Returns the curves as TensorBoard reads them, from every file that is there."""
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    found: dict[str, list[tuple[int, float]]] = {}
    for file in sorted(folder.curves.iterdir()):
        for event in EventFileLoader(str(file)).Load():
            for value in event.summary.value:
                number = value.tensor.float_val[0]
                found.setdefault(value.tag, []).append((event.step, round(number, 6)))
    return found


def test_every_epoch_of_the_log_is_drawn_when_told(tmp_path):
    folder = SeedFolder(tmp_path)
    with curves(folder) as draw:
        for epoch in range(2):
            folder.append_log(record(epoch))
            draw()
            assert len(drawn(folder)["train/loss"]) == epoch + 1
        folder.append_log(record(2))
    assert drawn(folder) == {
        "valid/loss": [(0, 2.0), (1, 1.0), (2, 0.0)],
        "valid/weighted_f1": [(0, 0.0), (1, 0.1), (2, 0.2)],
        "valid/macro_f1": [(0, 0.4), (1, 0.4), (2, 0.4)],
        "valid/accuracy": [(0, 0.6), (1, 0.6), (2, 0.6)],
        "train/loss": [(0, 3.0), (1, 2.0), (2, 1.0)],
        "train/learning_rate": [(0, 0.5), (1, 0.5), (2, 0.5)],
    }


def test_an_interrupted_training_draws_no_epoch_twice(tmp_path):
    pytest.importorskip("tensorboard")
    store, run = tiny_store(tmp_path / "store"), tmp_path / "run"

    def interrupt(seed: int, epoch: Epoch) -> None:
        if epoch.epoch == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_run(tiny_recipe(), store, run, 1, save_every_s=0, on_epoch=interrupt)
    folder = train_run(tiny_recipe(), store, run, 1).seed(0)
    logged = [(one.epoch, round(one.valid.weighted_f1, 6)) for one in folder.read_log()]
    assert len(logged) == 3
    assert drawn(folder)["valid/weighted_f1"] == [(e, pytest.approx(f1)) for e, f1 in logged]


def test_without_tensorboard_nothing_is_drawn_and_nothing_fails(tmp_path: Path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    folder = SeedFolder(tmp_path)
    folder.append_log(record(0))
    with curves(folder) as draw:
        draw()
    assert not folder.curves.exists()


def test_the_log_need_not_be_there_yet(tmp_path):
    folder = SeedFolder(tmp_path / "seed")
    shutil.rmtree(folder.path, ignore_errors=True)
    with curves(folder) as draw:
        draw()
    assert folder.read_log() == []
