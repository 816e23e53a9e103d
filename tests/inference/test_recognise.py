"""A recording in, who expressed what when out: features as in training, and what carried it."""

import multiprocessing
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from scipy.special import softmax
from support.hub_models import make_roberta
from support.models import SAID, SCHEMA, SMALL, film, model_of, silence, voice
from support.recordings import Making, of_unknown_codec

from synctva import Recogniser
from synctva.batch import batch_of
from synctva.corpus import Corpus, Description, Features
from synctva.dialogue import Dialogue, Utterance
from synctva.encoders.encoder import load_encoders
from synctva.encoders.settings import EncoderSettings
from synctva.errors import InputError
from synctva.evaluation.attribution import shapley_values
from synctva.evaluation.prediction import predict
from synctva.features.extraction.cache import Cache
from synctva.features.extraction.extract import extract
from synctva.features.extractors.tokens import TokenExtractor
from synctva.features.normalise import SpeakerNormalisation, normalise_towards
from synctva.features.preset import load_preset
from synctva.features.store import open_store, write_store
from synctva.inference.encode import EncodedDialogue
from synctva.inference.given import said as as_said
from synctva.inference.predictions import predictions_of
from synctva.inference.recognition import NO_EVIDENCE
from synctva.inference.utterances import utterances_of
from synctva.listening.asr import Sentence
from synctva.listening.listener import Listener
from synctva.model import load as load_module
from synctva.model.causal import causal
from synctva.model.emotion_model import EmotionModel
from synctva.model.makers import makers_of
from synctva.transcripts import Word


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds and a half of a voice, and grey pictures; its transcript beside it."""
    path = film(tmp_path_factory.mktemp("talk") / "talk.mp4", voice(2), silence(0.5))
    path.with_suffix(".srt").write_text(SAID)
    return path


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser(model_of(temperature=2.0), "own", workers=1)


def test_a_recording_with_its_transcript(talk: Path, recogniser: Recogniser):
    steps: list[int] = []
    found = recogniser.recognise(
        talk, talk.with_suffix(".srt"), progress=lambda count: Told(count, steps)
    )
    assert (found.media, found.model, found.emotions) == (str(talk), "own", SCHEMA.emotions)
    assert [(u.speaker, u.text) for u in found.utterances] == [("Ada", "Oh no!"), ("Bob", "Yes.")]
    for utterance in found.utterances:
        assert set(utterance.contributions) == {"text", "audio"}
        assert "no_face" in utterance.flags
        assert not utterance.note
    assert steps[0] == sum(steps[1:]) == 6


class Told:
    """Takes down how many steps there are to be, then those that are done."""

    def __init__(self, count: int, steps: list[int]) -> None:
        self.steps = steps
        steps.append(count)

    def __enter__(self):
        return self.steps.append

    def __exit__(self, *_: object) -> None:
        pass


def test_features_are_those_of_training(talk: Path, recogniser: Recogniser, tmp_path: Path):
    dialogue = utterances_of(talk, talk.with_suffix(".srt")).dialogue
    assert dialogue is not None
    store = write_store(Corpus("own", SCHEMA, (dialogue,)), tmp_path / "store")
    extract(store, load_preset("lite"), Cache(tmp_path / "cache"))
    trained_on = open_store(store.path).read()
    found = recogniser.encode(dialogue)
    assert found.notes == {}
    for m, features in trained_on.features.items():
        own = found.corpus.features[m]
        assert own.fingerprint == features.fingerprint
        np.testing.assert_allclose(own.values, features.values, rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(own.present, features.present)


def test_probabilities_are_calibrated_and_contributions_are_shapley_values(
    talk: Path, recogniser: Recogniser
):
    dialogue = utterances_of(talk, talk.with_suffix(".srt")).dialogue
    assert dialogue is not None
    encoded = recogniser.encode(dialogue)
    batch, model = batch_of(encoded.corpus), recogniser.model
    felt = recogniser.predict(encoded)
    np.testing.assert_allclose(
        felt.probabilities, softmax(predict(model, batch).numpy() / 2.0, axis=1), rtol=1e-5
    )
    best = felt.probabilities.argmax(1)
    none = softmax(predict(model, batch.keep(())).numpy() / 2.0, axis=1)
    rows = np.arange(len(best))
    expected = felt.probabilities[rows, best] - none[rows, best]
    np.testing.assert_allclose(felt.contributions.sum(1), expected, atol=1e-6)


def test_text_alone(talk: Path, recogniser: Recogniser):
    found = recogniser.recognise(talk.with_suffix(".srt"))
    assert found.duration_s == 2.0
    for utterance in found.utterances:
        assert set(utterance.contributions) == {"text"}
        assert utterance.flags == ()


def test_several_together_are_what_each_is_alone(tmp_path: Path, recogniser: Recogniser):
    """Also one in which nobody speaks; and a model alone sees each talk once, not once a subset."""
    several = [
        replace(as_said([("Ada", f"Take {n} of them."), ("Bob", "No!")][: n % 2 + 1]), note=f"{n}")
        for n in range(5)
    ]
    several.insert(2, replace(several[0], dialogue=None, note="silence"))
    together = recogniser.recognise_together(several)
    for found, one in zip(together, several, strict=True):
        alone = recogniser.recognise_utterances(one)
        assert replace(found, utterances=()) == replace(alone, utterances=())
        assert [u.text for u in found.utterances] == [u.text for u in alone.utterances]
        for mine, theirs in zip(found.utterances, alone.utterances, strict=True):
            np.testing.assert_allclose(mine.probabilities, theirs.probabilities, atol=1e-6)
            assert mine.contributions == pytest.approx(dict(theirs.contributions), abs=1e-6)
    assert recogniser.recognise_together([]) == []


def test_the_number_of_threads_changes_no_digit(
    tmp_path: Path, recogniser: Recogniser, monkeypatch: pytest.MonkeyPatch
):
    """On few cores many a sum is the same over more threads, so it is asked for as well."""
    summed_in = set[int]()
    forward = torch.nn.Linear.forward

    def counted(layer: torch.nn.Linear, values: torch.Tensor) -> torch.Tensor:
        summed_in.add(torch.get_num_threads())
        return forward(layer, values)

    monkeypatch.setattr(torch.nn.Linear, "forward", counted)
    words = ("You", "never", "told", "me", "that", "I", "was", "so", "happy", "about", "this")
    random = Random(0)
    cues = [
        f"{number // 60:02d}:{number % 60:02d}.000 --> {number // 60:02d}:{number % 60:02d}.900\n"
        f"{random.choice('AB')}: {' '.join(random.choices(words, k=random.randint(2, 18)))}\n"
        for number in range(120)
    ]
    transcript = tmp_path / "talk.vtt"
    transcript.write_text("\n".join(["WEBVTT\n", *cues]))
    threads, found = torch.get_num_threads(), []
    try:
        for number in (1, 4):
            torch.set_num_threads(number)
            found.append(recogniser.recognise(transcript))
            assert torch.get_num_threads() == number
    finally:
        torch.set_num_threads(threads)
    assert found[0] == found[1]
    assert summed_in == {1}


@pytest.mark.parametrize("is_causal", [False, True])
def test_a_muted_track_changes_nothing_and_is_told(tmp_path: Path, is_causal: bool):
    model = model_of("text", "audio")
    own = Recogniser(causal(model, "own") if is_causal else model, "own", workers=1)
    muted = film(tmp_path / "talk.mp4", silence(2.5))
    muted.with_suffix(".srt").write_text(SAID)
    read = own.recognise(muted.with_suffix(".srt"))
    seen = own.recognise(muted, muted.with_suffix(".srt"))
    for alone, utterance in zip(read.utterances, seen.utterances, strict=True):
        assert utterance == replace(alone, flags=("silent",))


@pytest.mark.parametrize("is_causal", [False, True])
def test_words_in_another_language_change_nothing_and_are_told(tmp_path: Path, is_causal: bool):
    model = model_of("text")
    own = Recogniser(causal(model, "own") if is_causal else model, "own", workers=1)
    found = []
    for said in ("Déjame en paz, estoy harta.", "祖母が昨日亡くなりました。"):
        srt = tmp_path / "talk.srt"
        srt.write_text(SAID.replace("Oh no!", said), encoding="utf-8")
        found.append(own.recognise(srt))
        unread, read = found[-1].utterances
        flags = ("other_language", NO_EVIDENCE)
        assert (unread.text, unread.flags, unread.contributions) == (said, flags, {})
        assert (read.flags, set(read.contributions)) == ((), {"text"})
        assert "the words of 1 of 2 utterances" in found[-1].note
    (one, after_one), (other, after_other) = (recognition.utterances for recognition in found)
    assert (replace(one, text=""), after_one) == (replace(other, text=""), after_other)


def test_sound_alone_without_a_transcript(tmp_path: Path):
    own = Recogniser(model_of("audio"), "own", workers=1)
    found = own.recognise(film(tmp_path / "talk.mp4", silence(1), voice(2), silence(1)))
    assert len(found.utterances) >= 1
    assert {u.speaker for u in found.utterances} == {"SPEAKER_00"}
    assert all(set(u.contributions) == {"audio"} and u.text is None for u in found.utterances)
    quiet = own.recognise(film(tmp_path / "quiet.mp4", silence(3)))
    assert quiet.utterances == ()
    assert quiet.duration_s == pytest.approx(3, abs=0.1)


def test_speech_in_another_language_is_flagged_in_each_utterance(tmp_path: Path):
    def unlikely(samples: np.ndarray) -> list[Sentence]:
        return [Sentence((Word(0.0, 1.0, " Gonna"),), likelihood=-1.5)]

    own = Recogniser(model_of("text", "audio"), "own", workers=1)
    talk = film(tmp_path / "talk.mp4", silence(1), voice(2), silence(1))
    found = own.recognise(talk, listener=Listener(unlikely, is_english=True))
    assert found.utterances
    for one in found.utterances:
        assert (one.text, "other_language" in one.flags) == (None, True)
    assert found.note.count("language") == 1


def test_processes_stay_for_the_next_recording_and_end_with_the_block(talk: Path):
    recogniser = Recogniser(model_of("audio"), "own", workers=1)
    alone = recogniser.recognise(talk)
    assert alone.utterances
    assert not multiprocessing.active_children()
    with recogniser:
        assert recogniser.recognise(talk) == alone
        kept = {process.pid for process in multiprocessing.active_children()}
        assert len(kept) == 2  # one hears when somebody speaks, one reads what is said
        assert recogniser.recognise(talk) == alone
        assert {process.pid for process in multiprocessing.active_children()} == kept
        with pytest.raises(InputError):
            recogniser.recognise(talk.with_name("none.mp4"))
        assert recogniser.recognise(talk) == alone
    assert not multiprocessing.active_children()


def test_pictures_of_an_unknown_codec_cost_no_more_than_themselves(
    recogniser: Recogniser, tmp_path: Path
):
    film = of_unknown_codec(tmp_path / "talk.mkv", Making(length_s=2.5, begin_s=9.0), "V")
    (tmp_path / "talk.srt").write_text(SAID)
    for utterance in recogniser.recognise(film, tmp_path / "talk.srt").utterances:
        assert set(utterance.contributions) == {"text", "audio"}
        assert utterance.note == f"visual: {film}: video of an unknown codec; convert it to mp4"


def test_an_utterance_that_fails_lacks_the_modality_and_says_why(talk: Path, tmp_path: Path):
    own = Recogniser(model_of("audio", "text"), "own", workers=1)
    (tmp_path / "broken.wav").write_bytes(b"RIFF____WAVEnothing")
    utterances = (
        Utterance(0, "Ada", "Oh no!", None, 0.2, 1.0, str(talk)),
        Utterance(1, "Bob", "Yes.", None, 1.0, 2.0, str(tmp_path / "broken.wav")),
    )
    encoded = own.encode(Dialogue("d", "test", utterances))
    assert encoded.corpus.features["audio"].present.tolist() == [True, False]
    assert encoded.corpus.features["audio"].flags[1] == "failed"
    assert encoded.corpus.features["text"].present.all()
    assert list(encoded.notes) == [1]
    assert encoded.notes[1].startswith("audio: ")
    assert "broken.wav" in encoded.notes[1]


def random_dialogue(count: int, seed: int = 0) -> EncodedDialogue:
    """Returns features that no recording has."""
    random = np.random.default_rng(seed)
    said = tuple(Utterance(n, "AB"[n % 2], start_s=n, end_s=n + 1) for n in range(count))
    corpus = Corpus("own", SCHEMA, (Dialogue("d", "test", said),))
    for m, known in model_of().provenance.features.items():
        values = random.normal(size=(count, known.dim)).astype(np.float32)
        made = Features(values, np.ones(count, np.bool_), known)
        corpus = corpus.with_features(m, made)
    return EncodedDialogue(corpus)


def changed_at(encoded: EncodedDialogue, row: int) -> EncodedDialogue:
    corpus = encoded.corpus
    for m, features in corpus.features.items():
        values = features.values.copy()
        values[row] = -3 * values[row] + 1
        corpus = corpus.with_features(m, replace(features, values=values))
    return EncodedDialogue(corpus)


@pytest.mark.parametrize("row", [3, 9, 19])
def test_a_later_utterance_changes_nothing_in_causal_mode(row: int):
    encoded, model = random_dialogue(20), model_of()
    live = causal(model, "own")
    before, after = (
        predictions_of(live, batch_of(e.corpus)) for e in (encoded, changed_at(encoded, row))
    )
    np.testing.assert_allclose(before.probabilities[:row], after.probabilities[:row], atol=1e-6)
    np.testing.assert_allclose(before.contributions[:row], after.contributions[:row], atol=1e-6)
    assert np.abs(before.probabilities[row] - after.probabilities[row]).max() > 1e-3
    usual = [predictions_of(model, batch_of(e.corpus)) for e in (encoded, changed_at(encoded, row))]
    assert np.abs(usual[0].probabilities[row - 1] - usual[1].probabilities[row - 1]).max() > 1e-6


def test_a_causal_model_has_the_same_weights_and_looks_back_as_far():
    model = model_of()
    live = causal(model, "own")
    assert live.reach is not None
    assert model.reach is not None
    assert live.reach == (model.reach[0], 0)
    for name, weights in model.state_dict().items():
        assert torch.equal(live.state_dict()[name], weights)
    assert live.provenance == model.provenance


def test_a_network_of_single_utterances_is_causal():
    from synctva.networks.peers.concatenation import ConcatenationSettings

    peer = EmotionModel(SCHEMA.emotions, {"text": 384}, ConcatenationSettings())
    assert causal(peer, "peer") is peer


def test_not_every_network_has_a_causal_mode():
    from synctva.networks.peers.bigru import BigruSettings

    peer = EmotionModel(SCHEMA.emotions, {"text": 384}, BigruSettings())
    with pytest.raises(InputError, match="no causal mode"):
        causal(peer, "peer")


def test_a_models_own_encoder_runs_once_and_to_the_same_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    make_roberta(tmp_path / "roberta")
    extractor = TokenExtractor(str(tmp_path / "roberta"), 20, 2)
    encoders = load_encoders({"text": EncoderSettings(str(tmp_path / "roberta"))})
    torch.manual_seed(0)
    model = EmotionModel(SCHEMA.emotions, {"text": 20, "audio": 88}, SMALL, encoders).eval()
    known = {**model_of("audio").provenance.features, "text": extractor.description}
    model.provenance = replace(model.provenance, features=known)
    found = makers_of(model, "own").preset.text
    assert (found.tokens, found.context) == (20, 2)
    own = Recogniser(model, "own", workers=1)
    said = ("i am so happy", "no", "", "yes yes")
    dialogue = Dialogue("d", "test", tuple(Utterance(n, "A", t) for n, t in enumerate(said)))
    batch = batch_of(own.encode(dialogue).corpus)
    monkeypatch.setattr("synctva.model.causal.ENCODED_AT_ONCE", 2)
    felt = predictions_of(model, batch)
    expected = softmax(predict(model, batch).numpy(), axis=1)
    np.testing.assert_allclose(felt.probabilities, expected, atol=1e-5)
    carried = shapley_values(model, batch, expected.argmax(1))
    np.testing.assert_allclose(
        felt.contributions, np.where(batch.present.numpy(), carried, 0), atol=1e-5
    )
    live = causal(model, "own")
    assert live.settings.future == 0  # pyright: ignore
    np.testing.assert_allclose(predictions_of(live, batch).probabilities.sum(1), 1, atol=1e-6)


def test_whole_faces_are_looked_for_in_recordings_and_normalised_sound_is_known():
    known = model_of("audio", "visual").provenance.features
    kept = ("rate_hz", "most_frames", "pooling")
    whole = {"faces": "whole", **{k: known["visual"].settings[k] for k in kept}}
    features = {
        "audio": known["audio"].normalised("speaker"),
        "visual": replace(known["visual"], settings=whole),
    }
    found = makers_of(model_of("audio", "visual", features=features), "own")
    assert found.normalise_by == "speaker"
    assert found.preset.visual.faces == "found"
    assert found.descriptions["visual"] == features["visual"]
    assert found.descriptions["audio"] == known["audio"]


@pytest.mark.parametrize("is_causal", [False, True])
def test_a_voice_is_normalised_by_what_it_said_so_far_in_causal_mode(is_causal: bool):
    corpus = random_dialogue(12).corpus
    known = SpeakerNormalisation("audio", "speaker", ("",), np.zeros((1, 88)), np.ones((1, 88)))
    later = changed_at(EncodedDialogue(corpus), 9).corpus
    before, after = (
        normalise_towards(one, known, is_causal=is_causal).features["audio"].values
        for one in (corpus, later)
    )
    assert np.array_equal(before[:9], after[:9]) == is_causal
    np.testing.assert_array_equal(before[10], after[10])  # somebody else speaks
    assert not np.array_equal(before[11], after[11])
    last = normalise_towards(corpus, known).features["audio"].values[11]
    np.testing.assert_allclose(last, before[11], rtol=1e-6)


def test_a_model_of_others_features_is_refused():
    bare = EmotionModel(SCHEMA.emotions, {"audio": 300}, SMALL)
    with pytest.raises(InputError, match=r"checkpoint-7: it does not say what its audio features"):
        makers_of(bare, "checkpoint-7")
    published = {"audio": Description("published", dim=88)}
    with pytest.raises(InputError, match="88 numbers of published, which no extractor here makes"):
        makers_of(model_of("audio", features=published), "own")
    other = {"audio": replace(model_of("audio").provenance.features["audio"], weights="0" * 64)}
    with pytest.raises(InputError, match=r"not of opensmile egemaps as it is here \(weights 000"):
        makers_of(model_of("audio", features=other), "own")


def test_a_checkpoint_is_loaded_by_its_folder(tmp_path: Path):
    folder = tmp_path / "runs" / "seed-0" / "checkpoint"
    model_of("audio").save_pretrained(folder)
    loaded = Recogniser.load(folder, is_causal=True, workers=1)
    assert loaded.name == "runs/seed-0"
    assert loaded.model.settings.future == 0  # pyright: ignore
    assert loaded.fingerprint == Recogniser(model_of("audio"), "own").fingerprint


def test_a_model_may_be_the_folder_that_one_is_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model_of("audio").save_pretrained(tmp_path / "own")
    monkeypatch.chdir(tmp_path / "own")
    assert Recogniser.load(".").name == "own"
    assert Recogniser.load(Path()).name == "own"


def test_a_recording_that_is_left_early_leaves_nothing_to_the_next(talk: Path):
    with Recogniser(model_of("audio", "visual"), "own", workers=2) as recogniser:
        expected = recogniser.recognise(talk)
        assert expected.utterances
        dialogue = Dialogue(
            "other",
            "test",
            tuple(
                Utterance(turn, "A", None, start_s=turn / 4, end_s=(turn + 1) / 4, media=str(talk))
                for turn in range(8)
            ),
        )

        def stop(count: int) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            recogniser.encode(dialogue, stop)
        assert recogniser.recognise(talk) == expected


def test_a_missing_model_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(load_module, "SHIPPED", tmp_path)
    with pytest.raises(InputError, match="not in this installation"):
        Recogniser.load()
    model_of("audio").save_pretrained(tmp_path / "lite")
    assert Recogniser.load().name == "lite"
