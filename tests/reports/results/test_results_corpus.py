from dataclasses import replace

import numpy as np
import pytest
from support.sweeps import write_recipe

from synctva.evaluation.bootstrap import holm
from synctva.evaluation.compare import compare
from synctva.reports.results.corpus import F1S, by_corpus, mean_difference, rare_f1
from synctva.reports.results.runs import read_sweeps
from synctva.reports.results.summary import mean_ablations, places
from synctva.reports.results.tables import (
    corpus_table,
    emotions_table,
    mean_ablations_table,
    models_table,
    valid_table,
)


def corpora_of(sweep):
    return by_corpus(read_sweeps([sweep]))[0]


def only(sweep):
    (corpus,) = corpora_of(sweep)
    return corpus


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """One corpus: Sync-TVA in two sizes, two ablations, and peers below, alike and above."""
    folder = tmp_path_factory.mktemp("sweep")
    drawn = folder / "drawn"
    write_recipe(drawn / "default", 0.70, name="sync-tva")
    write_recipe(drawn / "lite", 0.74, name="sync-tva-lite", width=4)
    write_recipe(drawn / "no-gating", 0.60, name="no gating", gating=False)
    write_recipe(drawn / "lite-causal", 0.68, name="lite, causal", width=4, future=0)
    write_recipe(drawn / "poor", 0.40, name="poor", network="mmgcn")
    write_recipe(drawn / "alike", 0.69, name="alike", network="sdt")
    write_recipe(drawn / "great", 0.92, name="great", network="m3net")
    return folder


@pytest.fixture(scope="module")
def corpus(sweep):
    return only(sweep)


@pytest.mark.parametrize("name", ["ours", "sync-tva", "Mine, tuned"])
def test_ours_is_known_by_its_recipe_whatever_its_name(tmp_path, name):
    """A renamed recipe keeps its mark, and a name alone gives none."""
    write_recipe(tmp_path / "drawn" / "default", 0.70, name=name)
    write_recipe(tmp_path / "drawn" / "lite", 0.74, name=f"{name}, small", width=4)
    write_recipe(tmp_path / "drawn" / "no-gating", 0.6, name="sync-tva, bare", gating=False)
    write_recipe(tmp_path / "drawn" / "peer", 0.4, name="sync-tva, a peer", network="mmgcn")
    corpus = only(tmp_path)
    assert (corpus.ours.stem, [own.stem for own in corpus.sizes]) == ("default", ["lite"])
    assert [ablation.result.stem for ablation in corpus.ablations] == ["no-gating"]
    assert [baseline.stem for baseline in corpus.baselines] == ["peer"]
    for table in (corpus_table(corpus), emotions_table(corpus), valid_table(corpus)):
        marked = {table.rows[number][0] for number in table.ours}
        assert marked == {name, f"{name}, small"}
    ranks = models_table([corpus], places([corpus]), "macro_f1")
    assert [ranks.rows[number][0] for number in ranks.ours] == ["Sync-TVA"]


def test_recipes_are_told_apart_by_network_and_parts(corpus):
    assert corpus.ours.stem == "default"
    assert [result.stem for result in corpus.sizes] == ["lite"]
    assert [result.stem for result in corpus.baselines] == ["great", "alike", "poor"]
    assert [a.result.stem for a in corpus.ablations] == ["lite-causal", "no-gating"]


def test_ours_is_chosen_by_its_recipe_never_by_its_score(tmp_path):
    stems = ["meld", "default", "mel", "base", "other", "lite"]
    for number, stem in enumerate(stems):
        write_recipe(tmp_path / "meld" / stem, 0.5 + 0.05 * number, seeds=1, past=number)
    for last in range(len(stems)):
        corpus = only(tmp_path)
        assert corpus.ours.stem == ["meld", "default", "mel", "base", "lite", "other"][last]
        for file in sorted((tmp_path / "meld" / corpus.ours.stem).rglob("*"), reverse=True):
            file.unlink() if file.is_file() else file.rmdir()


def test_ranks_are_by_the_mean_among_those_compared(corpus):
    assert corpus.compared[0].name == "great"
    assert corpus.rank(corpus.ours, "weighted_f1") == 2
    assert sorted(corpus.rank(result, "macro_f1") for result in corpus.compared) == [1, 2, 3, 4]


def test_better_worse_and_alike_are_found_as_compare_finds_them(sweep, corpus):
    great, alike, poor = corpus.against
    for score in F1S:
        assert (poor.is_won(score), poor.is_lost(score)) == (True, False)
        assert (great.is_won(score), great.is_lost(score)) == (False, True)
        assert (alike.is_won(score), alike.is_lost(score)) == (False, False)
    stems = ("great", "alike", "poor")
    told = compare(sweep / "drawn" / "default", [sweep / "drawn" / stem for stem in stems])
    for own, expected in zip(corpus.against, told, strict=True):
        for score in F1S:
            assert own.differences[score] == expected.differences[score]


def test_p_values_are_corrected_for_the_number_of_baselines(corpus):
    against = corpus.against
    for score in F1S:
        corrected = [one.corrected[score] for one in against]
        assert corrected == holm([one.differences[score].p for one in against])
        assert max(corrected) > min(corrected) > min(one.differences[score].p for one in against)


def test_an_ablation_is_held_against_the_nearest_recipe(corpus):
    causal, gating = corpus.ablations
    assert (causal.full.stem, causal.changed) == ("lite", ("model.future: none → 0",))
    assert (gating.full.stem, gating.changed) == ("default", ("model.gating: none → false",))
    assert gating.differences["weighted_f1"].mean < 0
    expected = gating.result.test.scores["macro_f1"].mean - gating.full.test.scores["macro_f1"].mean
    assert gating.differences["macro_f1"].mean == pytest.approx(expected)


def test_rare_emotions_are_those_below_half_an_even_share(corpus):
    assert corpus.rare == ("fear",)
    assert rare_f1(corpus.ours.test.f1, corpus.rare) == corpus.ours.test.f1["fear"].mean


def test_runs_on_other_test_dialogues_are_left_out(tmp_path):
    for past, (stem, last) in enumerate((("default", 20), ("peer", 20), ("partial", 15))):
        write_recipe(tmp_path / "drawn" / stem, dialogues=range(last), past=past)
    (corpus,), (left_out,) = by_corpus(read_sweeps([tmp_path]))
    assert {result.stem for result in corpus.results} == {"default", "peer"}
    assert left_out.path.name == "partial"
    assert "test dialogues" in left_out.why


def test_results_of_one_name_are_told_apart(tmp_path):
    for past, stem in enumerate(("default", "lite")):
        write_recipe(tmp_path / "drawn" / stem, name="sync-tva", past=past)
    assert only(tmp_path).ours.name == "sync-tva (default)"


def test_a_model_by_two_names_counts_once(tmp_path):
    """Without pictures there are no graphs of them to be left out, and no baseline is two."""
    write_recipe(tmp_path / "drawn" / "default", 0.8)
    seen = {"graphs": ["text_audio"]}
    write_recipe(tmp_path / "drawn" / "a-no-seen-graphs", 0.8, name="no seen graphs", **seen)
    for stem in ("heard", "voiced"):
        write_recipe(tmp_path / "drawn" / stem, 0.6, name=stem, network="concatenation")
    write_recipe(tmp_path / "drawn" / "wide", 0.6, name="wide", network="concatenation", width=9)
    (corpus,), left_out = by_corpus(read_sweeps([tmp_path]))
    assert {result.stem for result in corpus.results} == {"default", "heard", "wide"}
    assert corpus.ours.stem == "default"
    told = {one.path.name: one.why for one in left_out}
    assert told == {
        "a-no-seen-graphs": "on drawn it is the same as default",
        "voiced": "on drawn it is the same as heard",
    }


def test_without_sync_tva_there_are_scores_and_no_tests(tmp_path):
    write_recipe(tmp_path / "drawn" / "peer", name="peer", network="mmgcn")
    write_recipe(tmp_path / "drawn" / "no-gating", name="no gating", gating=False)
    corpus = only(tmp_path)
    assert (corpus.ours, corpus.against, corpus.ablations) == (None, (), ())
    assert [result.name for result in corpus.results] == ["peer"]


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """Two corpora with the same recipes; a peer is on one of them only."""
    folder = tmp_path_factory.mktemp("two")
    for corpus, first, gap in (("one", 0, 0.10), ("other", 100, 0.20)):
        dialogues = range(first, first + 40)
        write_recipe(folder / corpus / "default", 0.80, dialogues=dialogues)
        write_recipe(
            *(folder / corpus / "no-gating", 0.80 - gap),
            name="no gating",
            dialogues=dialogues,
            gating=False,
        )
        write_recipe(
            *(folder / corpus / "peer", 0.9), name="peer", network="sdt", dialogues=dialogues
        )
    write_recipe(folder / "one" / "weak", 0.3, name="weak", network="mmgcn")
    return folder


def test_an_ablations_mean_over_corpora_is_surer_than_either(two):
    corpora = corpora_of(two)
    (mean,) = mean_ablations(corpora)
    own = [corpus.ablations[0].differences["weighted_f1"] for corpus in corpora]
    found = mean.differences["weighted_f1"]
    assert found.mean == pytest.approx(np.mean([one.mean for one in own]))
    width = found.interval[1] - found.interval[0]
    alone = [one.interval[1] - one.interval[0] for one in own]
    expected = np.sqrt(alone[0] ** 2 + alone[1] ** 2) / 2  # as of independent corpora
    assert width == pytest.approx(expected, rel=0.1)


def test_the_mean_over_one_corpus_is_its_own_difference(two):
    ablation = corpora_of(two)[0].ablations[0]
    found, own = mean_difference([ablation], "macro_f1"), ablation.differences["macro_f1"]
    assert found.mean == pytest.approx(own.mean)
    assert found.interval == pytest.approx(own.interval)


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [((-0.02, -0.001), "better"), ((0.001, 0.02), "worse"), ((-0.02, 0.02), "within chance")],
)
def test_a_part_is_worth_something_only_where_the_interval_says_so(two, interval, verdict):
    corpora = corpora_of(two)
    (found,) = mean_ablations(corpora)
    shifted = replace(found.differences["macro_f1"], interval=interval)
    told = replace(found, differences={**found.differences, "macro_f1": shifted})
    table = mean_ablations_table(corpora, [told], "macro_f1")
    assert dict(zip(table.header, table.rows[0], strict=True))["full model is"] == verdict


def test_places_are_mean_ranks_over_the_corpora_of_a_model(two):
    peer, ours, weak = places(corpora_of(two))
    assert [place.name for place in (peer, ours, weak)] == ["peer", "Sync-TVA", "weak"]
    assert [place.ranks["weighted_f1"] for place in (peer, ours, weak)] == [1, 2, 3]
    assert (list(weak.results), weak.is_ours, ours.is_ours) == (["one"], False, True)


def test_corpora_are_resampled_independently_even_if_they_are_alike(two):
    """Else two corpora of as many dialogues would swing together, and no mean be surer."""
    ablation = corpora_of(two)[0].ablations[0]
    alone, twice = (mean_difference([ablation] * n, "weighted_f1").interval for n in (1, 2))
    assert twice[1] - twice[0] == pytest.approx((alone[1] - alone[0]) / np.sqrt(2), rel=0.1)
