"""The saved state: all that a training needs to go on, and what is said where it is damaged."""

from pathlib import Path

import pytest
import torch
from support.run_folders import epoch_of
from support.tiny import only, sync_tva_recipe, tiny_corpus

from synctva.batch import batch_of
from synctva.errors import InputError
from synctva.model.emotion_model import EmotionModel
from synctva.run.folder import SeedFolder
from synctva.run.log import ValidEpoch
from synctva.training.state import Progress, TrainingState, restore, save

CORPUS = only(tiny_corpus(), "text", "audio")


def fresh(seed: int = 0, modalities: tuple[str, ...] = ("text", "audio")) -> TrainingState:
    torch.manual_seed(seed)
    dims = {m: CORPUS.dims[m] for m in modalities}
    model = EmotionModel(CORPUS.schema.emotions, dims, sync_tva_recipe().model)
    return TrainingState.fresh(model, torch.optim.AdamW(model.parameters(), lr=0.01, fused=True))


def step(state: TrainingState) -> None:
    """Trains a step with dropout, which draws random numbers."""
    batch = batch_of(CORPUS.split("train"))
    state.model.train()
    loss = torch.nn.functional.cross_entropy(state.model(batch).logits, batch.emotion)
    loss.backward()
    state.optimizer.step()
    state.optimizer.zero_grad()
    state.update_average(0.9)


@pytest.fixture
def folder(tmp_path: Path) -> SeedFolder:
    """A folder that holds the state after two steps, and a log of three epochs."""
    folder, state = SeedFolder(tmp_path), fresh()
    for number in range(3):
        folder.append_log(epoch_of(number))
    step(state)
    step(state)
    state.progress = Progress(1, 2, 3.25, 0.5, 1.5, 0, 0.75, 1.125)
    save(state, folder)
    return folder


def test_a_restored_training_goes_on_as_if_nothing_had_happened(tmp_path, folder):
    state = fresh()
    for _ in range(4):
        step(state)
    resumed = fresh(seed=5)
    restore(resumed, folder)
    assert resumed.steps == 2
    assert resumed.progress == Progress(1, 2, 3.25, 0.5, 1.5, 0, 0.75, 1.125)
    step(resumed)
    step(resumed)
    for name in ("model", "average"):
        expected, found = (getattr(s, name).state_dict() for s in (state, resumed))
        assert all(torch.equal(tensor, found[key]) for key, tensor in expected.items())
    assert torch.equal(torch.rand(3), _after(state))


def _after(state: TrainingState) -> torch.Tensor:
    """Returns the random numbers that follow four steps of a fresh state."""
    again = fresh()
    for _ in range(4):
        step(again)
    return torch.rand(3)


def test_the_log_is_cut_to_the_epochs_that_the_state_knows(folder):
    restore(fresh(), folder)
    assert folder.read_log() == [epoch_of(0)]


def test_without_a_state_the_log_begins_anew(folder):
    folder.state.unlink()
    state = fresh()
    restore(state, folder)
    assert state.progress == Progress()
    assert folder.read_log() == []


@pytest.mark.parametrize("kept", [0, 7, 100, 0.5, 0.99])
def test_a_truncated_state_is_told_with_its_remedy(folder: SeedFolder, kept: float):
    content = folder.state.read_bytes()
    folder.state.write_bytes(content[: kept if kept >= 1 else int(len(content) * kept)])
    assert_told(folder, fresh())


def test_a_state_of_noise_is_told_with_its_remedy(folder):
    folder.state.write_bytes(bytes(range(256)) * 20)
    assert_told(folder, fresh())


def test_a_state_of_another_model_is_told_with_its_remedy(folder):
    assert_told(folder, fresh(modalities=("text",)))


def assert_told(folder: SeedFolder, state: TrainingState) -> None:
    with pytest.raises(InputError) as caught:
        restore(state, folder)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"{folder.state}: damaged, or of another model")
    assert message.endswith(f"delete {folder.path} to start this seed again")


def test_the_average_follows_fast_at_first_and_slowly_later():
    state = fresh()
    with torch.no_grad():
        for parameter in state.model.parameters():
            parameter.fill_(1.0)
        for parameter in state.average.parameters():
            parameter.zero_()
    expected = 0.0
    for number in range(1, 40):
        state.update_average(0.8)
        decay = min(0.8, (1 + number) / (10 + number))
        expected = decay * expected + (1 - decay)
        assert float(next(state.average.parameters()).flatten()[0]) == pytest.approx(expected)


def test_without_averaging_the_average_is_the_model():
    state = fresh()
    step(state)
    state.update_average(0.0)
    for own, other in zip(state.average.parameters(), state.model.parameters(), strict=True):
        assert torch.equal(own, other)


@pytest.mark.parametrize(
    ("f1", "loss", "better"),
    [(0.6, 9.0, True), (0.4, 0.1, False), (0.5, 0.9, True), (0.5, 1.0, False), (0.5, 1.1, False)],
)
def test_the_better_f1_wins_and_between_equals_the_lower_loss(f1: float, loss: float, better: bool):
    progress = Progress(best_f1=0.5, best_loss=1.0)
    assert progress.is_better(ValidEpoch(loss, f1, macro_f1=0.0, accuracy=0.0)) is better


def test_where_nothing_scores_every_epoch_is_the_best_so_far():
    progress = Progress()
    for epoch in range(3):
        assert progress.is_better(None)
        progress.keep(None)
        assert progress.best_epoch == epoch
        progress.next_epoch()
