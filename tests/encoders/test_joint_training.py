"""Training through encoders: the ordinary command on a store of tokens, sound and crops."""

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support.hub_models import WORDS, make_roberta
from support.tiny import assert_same_weights, tiny_corpus, weights_of

from synctva.corpus import Corpus, Features
from synctva.errors import InputError
from synctva.features.extractors.tokens import TokenExtractor
from synctva.features.store import write_store
from synctva.model.emotion_model import EmotionModel
from synctva.recipe import Recipe
from synctva.run.log import Epoch
from synctva.training.run import train_run

TOKENS = 12


def saying(corpus: Corpus, folder: Path) -> Corpus:
    """Returns the corpus with words that tell the emotion, as tokens in place of text features."""
    names = {emotion: WORDS[5 + n] for n, emotion in enumerate(corpus.schema.emotions)}
    spoken = [
        replace(
            dialogue,
            utterances=tuple(
                replace(one, text=f"i am {names.get(one.emotion or '', 'no')}")
                for one in dialogue.utterances
            ),
        )
        for dialogue in corpus.dialogues
    ]
    corpus = replace(corpus, dialogues=tuple(spoken))
    extractor = TokenExtractor(str(folder), TOKENS)
    rows = extractor.encode(extractor.inputs_of(corpus))
    there = np.ones(len(corpus), dtype=bool)
    return corpus.with_features("text", Features(rows, there, extractor.description))


def recipe(folder: Path, tune: str = "lora", **training: object) -> Recipe:
    return Recipe.parse(
        {
            "model": {"width": 4, "heads": 1, "graphs": ["text_audio"], "semantic_k": 2},
            "encoders": {
                "text": {"model": str(folder), "tune": tune, "learning_rate": 0.01, "rank": 2}
            },
            "training": {"epochs": 3, "batch_utterances": 36, "learning_rate": 0.01, **training},
        },
        "tiny recipe",
    )


@pytest.fixture
def roberta(tmp_path: Path) -> Path:
    torch.set_num_threads(1)
    return make_roberta(tmp_path / "roberta")


@pytest.fixture
def store(tmp_path: Path, roberta: Path) -> Path:
    return write_store(saying(tiny_corpus((30, 6, 6)), roberta), tmp_path / "store").path


@pytest.fixture
def short(tmp_path: Path, roberta: Path) -> Path:
    """A store of a few steps an epoch."""
    return write_store(saying(tiny_corpus((8, 4, 0)), roberta), tmp_path / "short").path


@pytest.mark.slow
@pytest.mark.parametrize("tune", ["lora", "full"])
def test_a_run_trains_its_encoder(tmp_path: Path, store: Path, roberta: Path, tune: str):
    run = train_run(recipe(roberta, tune), store, tmp_path / "run", 1)
    losses = [epoch.train_loss for epoch in run.seed(0).read_log()]
    assert losses[-1] < losses[0]
    trained = EmotionModel.from_pretrained(run.seed(0).checkpoint).trained_state()
    own = {n: w for n, w in trained.items() if n.startswith("encoders.")}
    assert own
    if tune == "lora":  # the second matrix of an adapter begins as zero
        assert all(bool(w.abs().sum() > 0) for n, w in own.items() if "lora_B" in n)


@pytest.mark.slow
def test_an_interrupted_run_ends_with_the_same_weights(tmp_path: Path, short: Path, roberta: Path):
    whole = train_run(recipe(roberta), short, tmp_path / "whole", 1)

    def stop(seed: int, epoch: Epoch) -> None:
        if epoch.epoch == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_run(recipe(roberta), short, tmp_path / "cut", 1, save_every_s=0, on_epoch=stop)
    cut = train_run(recipe(roberta), short, tmp_path / "cut", 1, save_every_s=0)
    assert_same_weights(weights_of(cut.seed(0).checkpoint), weights_of(whole.seed(0).checkpoint))


def test_an_encoder_wants_its_inputs(tmp_path: Path, roberta: Path):
    store = write_store(tiny_corpus(), tmp_path / "vectors").path
    with pytest.raises(InputError, match="reads tokens, but the store holds planted"):
        train_run(recipe(roberta), store, tmp_path / "run", 1)


def test_inputs_want_an_encoder(tmp_path: Path, short: Path):
    with pytest.raises(InputError, match=r"only an encoder can read; name one .* encoders\.text"):
        train_run(Recipe(), short, tmp_path / "run", 1)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"text": {"model": "minilm", "rnak": 3}}, r"'encoders\.text\.rnak'; known are .*'rank'"),
        ({"text": {"model": "minilm", "tune": "half"}}, r"encoders\.text\.tune = 'half'"),
        ({"text": {}}, r"encoders\.text\.model"),
        ({"smell": {"model": "minilm"}}, "'text', 'audio' or 'visual'"),
        ({"text": {"model": "minilm", "rank": 0}}, "rank 0"),
    ],
)
def test_a_mistake_in_the_encoders_table_is_named(table: dict[str, object], said: str):
    with pytest.raises(InputError, match=said):
        Recipe.parse({"encoders": table}, "r.toml")


def test_a_recipe_with_encoders_is_written_and_read_again(roberta: Path):
    written = recipe(roberta).to_toml()
    assert Recipe.parse(tomllib.loads(written), "again") == recipe(roberta)
