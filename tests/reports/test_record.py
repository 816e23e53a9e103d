import pytest
from support.run_folders import edit, write_run

from synctva.errors import InputError
from synctva.reports.run.record import load_run


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path / "run", seeds=2)


def test_a_run_folder_is_read_whole(run):
    record = load_run(run)
    assert record.schema.emotions[:2] == ("neutral", "surprise")
    assert record.evaluation.test.weighted_f1.mean == 0.584
    assert [epoch.epoch for epoch in record.logs[1]] == list(range(24))
    assert record.finished[0].best_epoch == load_run(run).finished[0].best_epoch
    assert record.evaluation.missing_rates is not None
    assert min(record.evaluation.missing_rates) == 0.0
    assert "[model]" in record.recipe


def test_after_a_resume_the_later_line_of_an_epoch_counts(run):
    log = run / "seed-0" / "log.jsonl"
    lines = log.read_text().splitlines()
    again = lines[3].replace('"seconds": 1.4', '"seconds": 9.0')
    log.write_text("".join(f"{line}\n" for line in [*lines, again]))
    epochs = load_run(run).logs[0]
    assert len(epochs) == len(lines)
    assert epochs[3].seconds == 9.0


def test_a_diverged_training_loss_can_still_be_read(run):
    log = run / "seed-0" / "log.jsonl"
    log.write_text(log.read_text().replace('"train_loss": 2.1', '"train_loss": NaN', 1))
    assert load_run(run).logs[0][0].train_loss != load_run(run).logs[0][0].train_loss


@pytest.mark.parametrize(
    ("file", "remedy"),
    [
        ("run.json", "synctva train"),
        ("evaluation.json", "synctva evaluate"),
        ("recipe.toml", "synctva train"),
        ("seed-1/finished.json", "synctva (train|evaluate)"),
        ("seed-1/log.jsonl", "synctva train"),
    ],
)
@pytest.mark.parametrize("how", ["missing", "garbled"])
def test_a_missing_or_garbled_file_is_named_with_its_remedy(run, file, remedy, how):
    (run / file).unlink() if how == "missing" else (run / file).write_bytes(b'{"epoch": \xff')
    with pytest.raises(InputError, match=remedy) as caught:
        load_run(run)
    message = str(caught.value)
    assert file.rpartition("/")[2] in message or "scores seeds [0, 1], but" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda e: e["test"].pop("macro_f1"), "test.macro_f1"),
        (lambda e: e["test"]["f1"]["fear"].update(mean="high"), "test.f1.fear.mean"),
        (lambda e: e["test"]["accuracy"].update(mean=float("nan")), "test.accuracy.mean"),
        (lambda e: e["per_seed"].pop(), "scores seeds"),
        (lambda e: e["test"]["f1"].pop("fear"), "test: f1"),
        (lambda e: e["support"]["valid"].update(boredom=3), "valid: support"),
        (lambda e: e["confusion"]["test"][2].pop(), "confusion.test"),
        (lambda e: e["confusion"].pop("valid"), "confusion.valid"),
    ],
)
def test_a_wrong_evaluation_is_refused_at_the_place(run, change, place):
    edit(run / "evaluation.json", change)
    with pytest.raises(InputError, match=r"synctva evaluate .* again") as caught:
        load_run(run)
    assert f"{run / 'evaluation.json'}: " in str(caught.value)
    assert place in str(caught.value)


def test_emotions_that_are_no_schema_are_refused_by_file(run):
    def twice(value):
        value["schema"]["emotions"][1] = "neutral"

    edit(run / "run.json", twice)
    edit(run / "evaluation.json", lambda e: [e["test"]["f1"].pop("surprise")])
    with pytest.raises(InputError, match=r"\.json"):
        load_run(run)
