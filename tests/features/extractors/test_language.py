"""Words in a language that the text encoder does not know are told; English of any kind is not."""

# ruff: noqa: RUF001

import csv
from pathlib import Path

import numpy as np
import pytest
from py3langid import modelio

from synctva.corpus import Corpus, Description
from synctva.dialogue import Dialogue, Utterance
from synctva.emotions import SCHEMAS
from synctva.features.extractors import language
from synctva.features.extractors.language import flags_of_words, is_other_language

OTHER = {
    "Spanish": "¡Déjame en paz, estoy harta de tus mentiras!",
    "German": "Ich weiß nicht, was ich dazu noch sagen soll.",
    "German in capitals": "ICH WEISS NICHT, WAS ICH DAZU NOCH SAGEN SOLL.",
    "French": "Mais qu'est-ce que tu fais là, au milieu de la nuit ?",
    "Italian": "Non ho mai visto una cosa così bella.",
    "Dutch": "Ik heb hem gisteren nog op het station gezien.",
    "Polish": "Nie wiem, co mam ci powiedzieć.",
    "Turkish": "Sana kaç kere söyledim, bırak şunu artık.",
    "Russian": "Бабушка вчера умерла.",
    "Greek": "Δεν ξέρω τι να σου πω.",
    "Arabic": "توفيت جدتي أمس.",
    "Hindi": "मेरी दादी कल गुज़र गईं।",
    "Japanese": "祖母が昨日亡くなりました。",
    "Chinese": "我奶奶昨天去世了。",
    "Korean": "할머니가 어제 돌아가셨어요.",
}
ENGLISH = (
    *("Oh no!", "Hmm. Mm-hmm. Uh-huh.", "Pfft. Ugh. Eww.", "Shh!", "[laughter]", "2, 4, 6, 8!"),
    *("lol omg ur so funny haha", "wtf r u doin rn", "I luv u sooo much bae", "y'all ain't here"),
    *("I definately dont beleive yuo, thats rediculous", "thnks so mcuh, i apreciate it"),
    *("Ross Geller, Phoebe Buffay, Joey Tribbiani.", "Hey Anjali, have you seen Venkatesh?"),
    "Siobhan O'Shaughnessy and Krzysztof Wojciechowski are here.",
    "Hola! Como estas? That's all the Spanish I know.",
    *("OH MY GOD!", "", "...", "?!", "\U0001f602", "♪ ♪"),
)


@pytest.mark.parametrize("language", OTHER)
def test_a_sentence_in_another_language_is_told(language: str):
    assert is_other_language(OTHER[language], "en")


@pytest.mark.parametrize("text", ENGLISH)
def test_names_slang_cries_and_typing_errors_are_english(text: str):
    assert not is_other_language(text, "en")


def test_only_an_encoder_that_is_known_to_know_one_language_is_asked():
    turns = (Utterance(0, "Ada", "Good morning, my dear."), Utterance(1, "Bob", OTHER["Russian"]))
    corpus = Corpus("two", SCHEMAS["meld-7"], (Dialogue("d", "test", turns),))
    for english in ("minilm", "roberta-large", "FacebookAI/roberta-base"):
        for maker in ("transformer", "tokens"):
            assert flags_of_words(corpus, Description(maker, english)) == ("", "other_language")
    for unknown in ("FacebookAI/xlm-roberta-base", "/own/encoder", ""):
        assert flags_of_words(corpus, Description("transformer", unknown)) == ()


@pytest.mark.corpus
def test_hardly_any_utterance_of_meld_is_taken_for_another_language(corpora: Path):
    with (corpora / "meld/test_sent_emo.csv").open(encoding="utf-8") as file:
        said = [row["Utterance"] for row in csv.DictReader(file)]
    assert sum(is_other_language(text, "en") for text in said) <= 0.002 * len(said)


def test_what_tells_languages_is_unpacked_once_and_again_where_it_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    unpacked, load = [], modelio.load_model
    monkeypatch.setattr(modelio, "load_model", lambda path: unpacked.append(path) or load(path))
    folder = tmp_path / "kept"
    found = [language._unpacked(folder) for _ in range(2)]
    damaged = (folder / "scores.npy").read_bytes()[:1000]
    (folder / "scores.npy").unlink()  # it is mapped into memory
    (folder / "scores.npy").write_bytes(damaged)
    found += [language._unpacked(folder) for _ in range(2)]
    assert len(unpacked) == 2
    for other in found[1:]:
        assert all(np.array_equal(found[0][name], other[name]) for name in language.PARTS)


def test_where_nothing_can_be_kept_languages_are_told_all_the_same(tmp_path: Path):
    (tmp_path / "file").write_text("")
    assert set(language._unpacked(tmp_path / "file" / "kept")) == {*language.PARTS}
