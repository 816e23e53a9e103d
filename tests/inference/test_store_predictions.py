"""Predictions of a whole store: the model's own, however they are cut, killed and handed out."""

import errno
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pyarrow.parquet as pq
import pytest
from support.kills import Killed, kill_at
from support.places import Inline
from support.processes import is_over, kill, served_by_ray, workers_of
from support.tiny import only, sync_tva_recipe, tiny_corpus, tiny_run, tiny_store

from synctva import cli
from synctva.corpus import Corpus, Description
from synctva.errors import MachineError
from synctva.evaluation.protocol import evaluate, load_evaluated
from synctva.features.store import open_store
from synctva.features.store import writing as store_module
from synctva.inference.store_predictions import (
    PlannedPredictions,
    plan_predictions,
    predict_shard,
    predict_store,
)
from synctva.model.emotion_model import EmotionModel
from synctva.work import on_cluster
from synctva.work.engine import RETRIES

UTTERANCES_A_SHARD = 24
DEADLINE_S = 240


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one seed, beside its store, which no test changes."""
    return tiny_run(tmp_path_factory.mktemp("trained"), recipe=sync_tva_recipe, epochs=1)


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every store that a test writes has several shards."""
    monkeypatch.setattr(store_module, "SHARD_UTTERANCES", UTTERANCES_A_SHARD)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """The corpus of the run, in several shards."""
    return tiny_store(tmp_path / "store")


def predicted(plan: PlannedPredictions, out: Path) -> dict[str, list]:
    """Makes the predictions in this process; returns their columns."""
    predict_store(plan, out, engine=Inline().engine)
    return pq.read_table(out).to_pydict()


def probabilities(rows: dict[str, list]) -> np.ndarray:
    return np.stack([rows[name] for name in rows if name.startswith("p_")], 1)


def test_they_are_those_of_the_evaluation(run: Path, store: Path, tmp_path: Path):
    evaluate(load_evaluated(run))
    rows = predicted(plan_predictions(str(run / "seed-0"), store, tmp_path / "all.parquet"),
                     tmp_path / "all.parquet")  # fmt: skip
    test = np.array(rows["split"]) == "test"
    known = pq.read_table(run / "seed-0" / "predictions-test.parquet").to_pydict()
    assert np.array(rows["dialogue"])[test].tolist() == known["dialogue"]
    assert np.array(rows["emotion"])[test].tolist() == known["predicted"]
    close = pytest.approx(np.array(known["probabilities"]), abs=1e-5)
    assert probabilities(rows)[test] == close


def test_there_is_a_row_for_every_utterance_in_the_order_of_the_store(
    run: Path, store: Path, tmp_path: Path
):
    out = tmp_path / "all.parquet"
    plan = plan_predictions(str(run / "seed-0" / "checkpoint"), store, out)
    assert len(plan.jobs) > 2
    told: list[int] = []
    counts = predict_store(plan, out, engine=Inline().engine, advance=told.append)
    rows = pq.read_table(out).to_pydict()
    pairs = list(open_store(store).read().utterances())
    for name in ("turn", "speaker", "start_s", "end_s"):
        assert rows[name] == [getattr(utterance, name) for _, utterance in pairs]
    assert rows["dialogue"] == [dialogue.id for dialogue, _ in pairs]
    assert rows["split"] == [dialogue.split for dialogue, _ in pairs]
    chances = probabilities(rows)
    assert chances.sum(1) == pytest.approx(1)
    assert chances.max(1) == pytest.approx(np.array(rows["probability"]))
    names = [name.removeprefix("p_") for name in rows if name.startswith("p_")]
    assert rows["emotion"] == [names[number] for number in chances.argmax(1)]
    assert sum(told) == len(pairs) == plan.utterances == counts.total()
    assert not plan.folder.exists()


def test_a_store_without_emotions_is_predicted(run: Path, tmp_path: Path):
    corpus = tiny_corpus()
    bare = tuple(
        replace(d, utterances=tuple(replace(u, emotion=None) for u in d.utterances))
        for d in corpus.dialogues
    )
    found = [
        predicted(plan_predictions(str(run / "seed-0"), tiny_store(tmp_path / name, own), out), out)
        for name, own, out in (
            ("with", corpus, tmp_path / "with.parquet"),
            ("without", replace(corpus, dialogues=bare), tmp_path / "without.parquet"),
        )
    ]
    assert found[0] == found[1]


def test_what_is_done_is_not_done_again(run: Path, store: Path, tmp_path: Path):
    whole, out = tmp_path / "whole.parquet", tmp_path / "killed.parquet"
    source = str(run / "seed-0")
    predicted(plan_predictions(source, store, whole), whole)
    plan = plan_predictions(source, store, out)
    killed = Inline(2, lambda number, job: number > 2)
    with pytest.raises(SystemExit):
        predict_store(plan, out, engine=killed.engine, advance=give_up_after(2))
    assert not out.exists()
    rest = Inline()
    told: list[int] = []
    predict_store(plan, out, engine=rest.engine, advance=told.append)
    assert rest.handed_out == list(plan.jobs[2:])
    assert sum(told) == plan.utterances
    assert out.read_bytes() == whole.read_bytes()


def give_up_after(parts: int) -> Callable[[int], None]:
    """Returns what ends this process, as it were, when so many parts are done."""
    done: list[int] = []

    def advance(count: int) -> None:
        done.append(count)
        if len(done) == parts:
            raise SystemExit

    return advance


def test_killed_at_a_write_it_ends_with_the_same_file_alone(run: Path, store: Path, tmp_path: Path):
    whole, out = tmp_path / "whole.parquet", tmp_path / "results" / "all.parquet"
    out.parent.mkdir()
    predicted(plan_predictions(str(run / "seed-0"), store, whole), whole)
    plan = plan_predictions(str(run / "seed-0"), store, out)
    for moment in (0, 1, len(plan.jobs) - 1, len(plan.jobs)):  # the last one is the file itself
        with pytest.MonkeyPatch.context() as patch:
            kill_at(patch, moment)
            patch.setattr(Path, "unlink", lambda path, missing_ok=False: None)  # nor its lock
            with pytest.raises(Killed):
                predict_store(plan, out, engine=Inline().engine)
        assert (plan.folder / ".lock").exists()
        predict_store(plan, out, engine=Inline().engine)
        assert out.read_bytes() == whole.read_bytes(), moment
        assert list(out.parent.iterdir()) == [out], moment
        out.unlink()


def test_who_predicts_into_the_same_file_meanwhile_is_told(run: Path, store: Path, tmp_path: Path):
    whole, out = tmp_path / "whole.parquet", tmp_path / "all.parquet"
    predicted(plan_predictions(str(run / "seed-0"), store, whole), whole)
    plan = plan_predictions(str(run / "seed-0"), store, out)
    told = list[str]()

    def meanwhile(count: int) -> None:
        with pytest.raises(cli.InputError) as error:
            predict_store(plan, out, engine=Inline().engine)
        told.append(str(error.value))

    predict_store(plan, out, engine=Inline().engine, advance=meanwhile)
    assert f"process {os.getpid()} on " in told[0]
    assert out.read_bytes() == whole.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} >= {out.name, whole.name}
    assert not plan.folder.exists()


def test_another_model_begins_anew(run: Path, store: Path, tmp_path: Path):
    other = tiny_run(tmp_path / "other", epochs=2) / "seed-0"
    whole, out = tmp_path / "whole.parquet", tmp_path / "own.parquet"
    predicted(plan_predictions(str(other), store, whole), whole)
    plan = plan_predictions(str(run / "seed-0"), store, out)
    with pytest.raises(SystemExit):
        predict_store(plan, out, engine=Inline().engine, advance=give_up_after(2))
    predicted(plan_predictions(str(other), store, out), out)
    assert out.read_bytes() == whole.read_bytes()


def test_a_job_whose_process_dies_is_begun_again(run: Path, store: Path, tmp_path: Path):
    out = tmp_path / "all.parquet"
    plan = plan_predictions(str(run / "seed-0"), store, out)
    first = plan.jobs[0]
    unlucky = Inline(2, lambda number, job: job == first and is_early())

    def is_early() -> bool:
        return unlucky.handed_out.count(first) <= RETRIES

    predict_store(plan, out, engine=unlucky.engine)
    assert len(unlucky.handed_out) == len(plan.jobs) + RETRIES


def test_a_job_that_always_dies_ends_it_and_the_others_stay(run: Path, store: Path, tmp_path: Path):
    out = tmp_path / "all.parquet"
    plan = plan_predictions(str(run / "seed-0"), store, out)
    last = plan.jobs[-1]
    with pytest.raises(cli.InputError, match=rf"{last.file}: .*ConnectionError: the process is"):
        predict_store(plan, out, engine=Inline(2, lambda number, job: job == last).engine)
    assert not out.exists()
    assert [job.part.is_file() for job in plan.jobs] == [True] * (len(plan.jobs) - 1) + [False]


def test_a_flipped_bit_of_what_is_done_is_never_read_as_another_number(
    run: Path, store: Path, tmp_path: Path
):
    out = tmp_path / "all.parquet"
    plan = plan_predictions(str(run / "seed-0"), store, out)
    with pytest.raises(SystemExit):
        predict_store(plan, out, engine=Inline().engine, advance=give_up_after(1))
    part = plan.jobs[0].part
    whole = part.read_bytes()
    for place in Random(0).sample(range(8 * len(whole)), 300):
        changed = bytearray(whole)
        changed[place // 8] ^= 1 << place % 8
        part.write_bytes(changed)
        with pytest.raises(cli.InputError, match=rf"{part.name}: damaged; delete it and run"):
            predict_store(plan, out, engine=Inline().engine)
    part.write_bytes(whole)
    predict_store(plan, out, engine=Inline().engine)
    assert len(pq.read_table(out)) == plan.utterances


def test_a_causal_model_sees_nothing_of_later_turns(run: Path, tmp_path: Path):
    corpus = tiny_corpus()
    last = np.cumsum([len(dialogue.utterances) for dialogue in corpus.dialogues]) - 1
    text = corpus.features["text"]
    values = text.values.copy()
    values[last] += 5
    edited = corpus.with_features("text", replace(text, values=values))
    found = {
        (name, is_causal): probabilities(predicted(plan, out))
        for name, own in (("plain", corpus), ("edited", edited))
        for is_causal in (False, True)
        for out in [tmp_path / f"{name}-{is_causal}.parquet"]
        for plan in [
            plan_predictions(
                str(run / "seed-0"),
                tiny_store(tmp_path / f"{name}{is_causal}", own),
                out,
                is_causal=is_causal,
            )
        ]
    }
    before = np.setdiff1d(np.arange(len(corpus)), last)
    assert np.array_equal(found["plain", True][before], found["edited", True][before])
    assert not np.allclose(found["plain", True][last], found["edited", True][last])
    assert not np.allclose(found["plain", False][before], found["edited", False][before])


@pytest.mark.parametrize("is_there", [True, False])
def test_causal_is_refused_where_later_turns_are_in_the_features(
    run: Path, tmp_path: Path, is_there: bool
):
    audio = tiny_corpus().features["audio"]
    own = replace(audio, description=audio.description.normalised("speaker"))
    if not is_there:
        own = replace(own, values=0 * audio.values, present=np.zeros_like(audio.present))
    corpus = tiny_corpus().with_features("audio", own)
    store, out = tiny_store(tmp_path / "store", corpus), tmp_path / "all.parquet"
    model = EmotionModel.from_pretrained(run / "seed-0" / "checkpoint")
    known = {**model.provenance.features, "audio": own.description}
    model.provenance = replace(model.provenance, features=known)
    model.save_pretrained(tmp_path / "model")
    plan_predictions(str(tmp_path / "model"), store, out)
    if not is_there:
        plan_predictions(str(tmp_path / "model"), store, out, is_causal=True)
        return
    with pytest.raises(cli.InputError, match=r"audio features are normalised by speaker over"):
        plan_predictions(str(tmp_path / "model"), store, out, is_causal=True)


def test_a_modality_that_the_store_lacks_is_absent(run: Path, tmp_path: Path):
    out = tmp_path / "all.parquet"
    corpus = tiny_corpus()
    without = corpus.with_features(
        "visual",
        replace(
            corpus.features["visual"],
            values=np.zeros_like(corpus.features["visual"].values),
            present=np.zeros(len(corpus), bool),
        ),
    )
    expected = predicted(
        plan_predictions(str(run / "seed-0"), tiny_store(tmp_path / "a", without), out), out
    )
    store = tiny_store(tmp_path / "b", only(corpus, "text", "audio"))
    plan = plan_predictions(str(run / "seed-0"), store, out)
    assert plan.lacking == ("visual",)
    assert predicted(plan, out) == expected


def spoilt(corpus: Corpus) -> Corpus:
    text = corpus.features["text"]
    return corpus.with_features("text", replace(text, description=Description("another")))


def narrow(corpus: Corpus) -> Corpus:
    text = corpus.features["text"]
    known = replace(text.description, dim=3)
    narrower = replace(text, values=text.values[:, :3].copy(), description=known)
    return corpus.with_features("text", narrower)


@pytest.mark.parametrize("changed", [spoilt, narrow])
def test_features_of_another_extractor_are_refused(
    run: Path, tmp_path: Path, changed: Callable[[Corpus], Corpus]
):
    store = tiny_store(tmp_path / "store", changed(tiny_corpus()))
    with pytest.raises(cli.InputError, match=r"its text features \(.*\) are not of .* --for "):
        plan_predictions(str(run / "seed-0"), store, tmp_path / "all.parquet")


def test_without_any_of_its_modalities_a_model_is_of_no_use(run: Path, tmp_path: Path):
    store = tiny_store(tmp_path / "store", only(tiny_corpus()))
    with pytest.raises(cli.InputError, match=r"reads features of text, audio, visual; the store h"):
        plan_predictions(str(run / "seed-0"), store, tmp_path / "all.parquet")


def test_a_run_is_no_model_but_its_seeds_are(run: Path, store: Path, tmp_path: Path):
    with pytest.raises(cli.InputError, match=r"a run; name one of its seeds, such as .*seed-0"):
        plan_predictions(str(run), store, tmp_path / "all.parquet")


@pytest.mark.parametrize("name", ["all.csv", "store"])
def test_the_file_is_a_parquet_file(run: Path, store: Path, tmp_path: Path, name: str):
    with pytest.raises(cli.InputError, match=rf"{name}: predictions are a Parquet file"):
        plan_predictions(str(run / "seed-0"), store, tmp_path / name)


def test_a_shard_that_was_changed_is_named(run: Path, store: Path, tmp_path: Path):
    plan = plan_predictions(str(run / "seed-0"), store, tmp_path / "all.parquet")
    shards = [store / job.file for job in plan.jobs]
    shards[1].write_bytes(shards[0].read_bytes())
    with pytest.raises(cli.InputError, match=rf"{shards[1].name}: damaged, or changed since"):
        predict_store(plan, tmp_path / "all.parquet", engine=Inline().engine)


def test_a_damaged_part_is_named(run: Path, store: Path, tmp_path: Path):
    out = tmp_path / "all.parquet"
    plan = plan_predictions(str(run / "seed-0"), store, out)
    plan.folder.mkdir()
    plan.jobs[1].part.write_bytes(b"PAR1")
    with pytest.raises(cli.InputError, match=rf"{plan.jobs[1].part.name}: damaged; delete it"):
        predict_store(plan, out, engine=Inline().engine)


def test_another_machine_with_another_model_is_refused(run: Path, store: Path, tmp_path: Path):
    plan = plan_predictions(str(run / "seed-0"), store, tmp_path / "all.parquet")
    with pytest.raises(cli.InputError, match="another model than where the command runs"):
        predict_shard(replace(plan.jobs[0], digest="0" * 64))


def test_a_full_disk_is_told_and_no_process_dies_of_it(
    run: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def refuse(path: Path, content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    plan = plan_predictions(str(run / "seed-0"), store, tmp_path / "all.parquet")
    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(MachineError, match="the disk is full; make room"):
        predict_store(plan, tmp_path / "all.parquet", engine=Inline().engine)


# The command


def begun(run: Path, store: Path, out: Path, *more: str) -> subprocess.Popen[str]:
    """Starts the command as a user would."""
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "synctva", "predict", str(run / "seed-0"), str(store)),
            *("--out", str(out), *more),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.slow
def test_a_killed_worker_costs_its_time_and_a_killed_command_goes_on(run: Path, tmp_path: Path):
    store = tiny_store(tmp_path / "many", tiny_corpus((80, 6, 6)))
    whole, out = tmp_path / "whole.parquet", tmp_path / "killed.parquet"
    plan = plan_predictions(str(run / "seed-0"), store, whole)
    predicted(plan, whole)
    folder = tmp_path / ".killed.parquet-parts"

    def parts() -> list[Path]:
        return sorted(folder.glob("[!.]*.parquet"))

    with begun(run, store, out, "--workers", "2") as process:
        wait_until(lambda: len(parts()) > 0)
        workers_of(process)[0].kill()
        seen = len(parts())
        wait_until(lambda: len(parts()) > seen)
        workers = workers_of(process)
        process.kill()
        wait_until(lambda: all(is_over(worker) for worker in workers))
    done = {part: part.stat().st_mtime_ns for part in parts()}
    assert 0 < len(done) < len(plan.jobs)
    assert not out.exists()
    with begun(run, store, out, "--workers", "1") as process:
        wait_until(lambda: len(parts()) > len(done))
        assert {part: part.stat().st_mtime_ns for part in parts() if part in done} == done
        told = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0, told[1]
    assert f"{plan.utterances:,} utterances: " in told[1]
    assert out.read_bytes() == whole.read_bytes()
    assert not folder.exists()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_ray_does_the_same_even_if_a_worker_is_killed(run: Path, tmp_path: Path):
    store = tiny_store(tmp_path / "many", tiny_corpus((60, 6, 6)))
    out = tmp_path / "all.parquet"
    source = str(run / "seed-0")
    predicted(plan_predictions(source, store, out), out)
    whole = out.read_bytes()
    killed: list[int] = []
    over = threading.Event()

    def kill_one() -> None:
        while not killed and not over.wait(0.01):
            for process in served_by_ray():
                if not killed and kill(process):
                    killed.append(process.pid)

    killer = threading.Thread(target=kill_one)
    killer.start()
    try:
        for _ in range(5):  # a job may be over before it is seen
            if not killed:
                plan = plan_predictions(source, store, out)
                predict_store(plan, out, engine=on_cluster, workers=2)
    finally:
        over.set()
        killer.join()
    assert killed
    assert out.read_bytes() == whole
