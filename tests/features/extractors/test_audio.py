import logging
import re
import shutil
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import NoReturn

import numpy as np
import opensmile
import pytest
from jaxtyping import Float32

from synctva.errors import InputError
from synctva.features.extractors.audio import PRESETS, AudioExtractor, config_sha256

WIDTHS = {"egemaps": 88, "egemaps-no-level": 75, "is09": 384, "is10": 1582, "compare": 6373}
ON_16_BITS = 2**15


@pytest.fixture(scope="module", params=WIDTHS)
def any_set(request: pytest.FixtureRequest) -> AudioExtractor:
    return AudioExtractor(request.param)


@pytest.fixture(scope="module")
def egemaps() -> AudioExtractor:
    return AudioExtractor("egemaps")


def voice(seconds: float = 1.0, seed: int = 0) -> Float32[np.ndarray, " sample"]:
    """A buzzing vowel that rises and swells, with a little noise; values as of a 16-bit file."""
    noise = np.random.default_rng(seed)
    times = np.arange(round(seconds * 16_000)) / 16_000
    phase = np.cumsum(140 + 30 * times + 5 * np.sin(9 * times)) / 16_000
    buzz = sum(np.sin(2 * np.pi * k * phase) / k for k in range(1, 12))
    sound = 0.2 * buzz * (0.6 + 0.4 * np.sin(6 * times)) + 0.003 * noise.normal(size=times.size)
    return (np.round(sound * ON_16_BITS) / ON_16_BITS).astype(np.float32)


def by_the_library(name: str, samples: Float32[np.ndarray, " sample"]) -> np.ndarray:
    bare = opensmile.Smile(
        opensmile.FeatureSet[PRESETS[name].feature_set], opensmile.FeatureLevel.Functionals
    )
    table = bare.process_signal(samples, 16_000)
    without = PRESETS[name].without
    kept = [column for column in table if not without or not re.match(without, column)]
    return table[kept].to_numpy()[0]


def test_opensmile_is_loaded_without_a_look_at_every_package(monkeypatch: pytest.MonkeyPatch):
    def too_much() -> NoReturn:
        pytest.fail("every installed package was read")

    monkeypatch.setattr("audobject.core.utils.PACKAGES_DISTRIBUTIONS", {})
    monkeypatch.setattr("audobject.core.utils.packages_distributions", too_much)
    assert AudioExtractor("egemaps").encode(voice(0.2)).vector is not None


def test_a_set_has_the_width_it_is_known_for(any_set: AudioExtractor):
    assert (
        any_set.dim == WIDTHS[any_set.description.model] == PRESETS[any_set.description.model].dim
    )


def test_the_numbers_are_those_of_the_library(any_set: AudioExtractor):
    encoded = any_set.encode(voice())
    assert encoded.vector is not None
    assert encoded.vector.dtype == np.float32
    np.testing.assert_array_equal(
        encoded.vector, by_the_library(any_set.description.model, voice())
    )
    assert encoded.flags == ()


def test_without_level_hardly_a_number_tells_how_loud_a_recording_is(egemaps: AudioExtractor):
    changed = []
    for extractor in (egemaps, AudioExtractor("egemaps-no-level")):
        loud, quiet = (extractor.encode(sound).vector for sound in (voice(), voice() / 4))
        assert loud is not None
        assert quiet is not None
        changed.append(int((np.abs(quiet - loud) > 0.3 * (np.abs(loud) + 0.05)).sum()))
    assert changed[0] >= 10
    assert changed[1] <= 1  # the deviation of a slope over a mean that is nearly 0


def test_neither_repetition_nor_what_came_before_matters(any_set: AudioExtractor):
    first = any_set.encode(voice()).vector
    other = any_set.encode(voice(0.7, seed=1)).vector
    any_set.encode(np.zeros(20, np.float32))
    again = any_set.encode(voice()).vector
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("milliseconds", [0.0625, 1, 5, 24, 25, 50, 59, 60, 69, 70, 120])
@pytest.mark.parametrize("silent", [False, True], ids=["voice", "silence"])
def test_a_short_clip_is_padded_and_flagged(
    any_set: AudioExtractor, milliseconds: float, silent: bool
):
    samples = voice(milliseconds / 1000) * (0 if silent else 1) + (0 if silent else 0.1)
    encoded = any_set.encode(samples.astype(np.float32))
    least = PRESETS[any_set.description.model].least_samples
    assert ("short" in encoded.flags) == (samples.size < least)
    assert ("silent" in encoded.flags) == silent
    assert "undefined" not in encoded.flags
    assert encoded.vector is not None
    assert np.isfinite(encoded.vector).all()
    padded = np.pad(samples.astype(np.float32), (0, max(0, least - samples.size)))
    np.testing.assert_array_equal(encoded.vector, any_set.encode(padded).vector)


def test_a_shorter_clip_than_the_least_gives_the_library_nothing(any_set: AudioExtractor):
    """Else the least length would be longer than it needs to be."""
    name = any_set.description.model
    least = PRESETS[name].least_samples
    with pytest.warns(UserWarning, match="too short"):
        assert np.isnan(by_the_library(name, voice()[: least - 1])).all()
    assert np.isfinite(by_the_library(name, voice()[:least])).all()


def test_no_sound_at_all_is_an_absent_modality(egemaps: AudioExtractor):
    encoded = egemaps.encode(np.zeros(0, np.float32))
    assert encoded.vector is None
    assert encoded.flags == ("no_audio",)


@pytest.mark.parametrize("level", [0.0, 0.9 / ON_16_BITS])
def test_what_16_bits_cannot_hold_is_silence(any_set: AudioExtractor, level: float):
    encoded = any_set.encode(np.full(16_000, level, np.float32))
    assert encoded.flags == ("silent",)
    assert encoded.vector is not None
    assert np.isfinite(encoded.vector).all()


def test_one_step_of_16_bits_is_not_silence(egemaps: AudioExtractor):
    samples = np.zeros(16_000, np.float32)
    samples[8000] = -1 / ON_16_BITS
    assert egemaps.encode(samples).flags == ()


def test_full_scale_is_clipped_and_does_not_wrap_round(egemaps: AudioExtractor):
    """As 16-bit numbers, 1.0 is one too many: unclipped it would be the most negative one."""
    square = np.sign(np.sin(np.arange(16_000) * 0.05)).astype(np.float32)
    found = egemaps.encode(square).vector
    below = np.clip(square, -1, 1 - 1 / ON_16_BITS)
    np.testing.assert_array_equal(found, by_the_library("egemaps", below))
    np.testing.assert_array_equal(found, egemaps.encode(3 * square).vector)
    assert not np.array_equal(found, by_the_library("egemaps", square))


def test_samples_that_are_not_numbers_are_read_as_silence_or_as_clipped(egemaps: AudioExtractor):
    broken, mended = voice(), voice()
    broken[[3, 700, 900]] = [np.nan, np.inf, -np.inf]
    mended[[3, 700, 900]] = [0, 1, -1]
    np.testing.assert_array_equal(egemaps.encode(broken).vector, egemaps.encode(mended).vector)


def test_a_functional_without_a_finite_value_is_zero_and_flagged(monkeypatch: pytest.MonkeyPatch):
    extractor = AudioExtractor("is09")
    numbers = np.arange(384, dtype=np.float32).reshape(1, 384, 1)
    numbers[0, [2, 3, 5], 0] = [np.nan, np.inf, -np.inf]
    monkeypatch.setattr(extractor, "_smile", lambda samples, rate_hz: numbers)
    encoded = extractor.encode(voice())
    assert encoded.flags == ("undefined",)
    assert encoded.vector is not None
    assert encoded.vector[:7].tolist() == [0, 1, 0, 0, 4, 0, 6]


def test_the_samples_are_left_as_they_are(egemaps: AudioExtractor):
    samples = 2 * voice(0.2)
    before = samples.copy()
    egemaps.encode(samples)
    np.testing.assert_array_equal(samples, before)


def test_louder_speech_is_louder_and_higher_speech_is_higher(egemaps: AudioExtractor):
    names = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02).feature_names
    loudness = names.index("loudness_sma3_amean")
    pitch = names.index("F0semitoneFrom27.5Hz_sma3nz_amean")
    plain, loud = egemaps.encode(voice()).vector, egemaps.encode(2 * voice()).vector
    high = egemaps.encode(np.repeat(voice(), 2)[::3].copy()).vector  # 1.5 times as fast
    assert plain is not None
    assert loud is not None
    assert high is not None
    assert loud[loudness] > plain[loudness]
    assert abs(high[pitch] - plain[pitch] - 12 * np.log2(1.5)) < 0.5  # semitones


@pytest.mark.parametrize(("name", "near"), [("egemap", "egemaps"), ("is11", "is10"), ("x", None)])
def test_an_unknown_set_is_one_line_that_names_the_known_ones(name: str, near: str | None):
    with pytest.raises(
        InputError, match="known are egemaps, egemaps-no-level, is09, is10, compare"
    ) as error:
        AudioExtractor(name)
    message = str(error.value)
    assert repr(name) in message
    assert "\n" not in message
    assert ("Did you mean" in message) == (near is not None)


def test_nothing_is_printed_or_logged(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    AudioExtractor("egemaps").encode(voice(0.01))
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


def test_an_extractor_tells_where_its_features_come_from(any_set: AudioExtractor):
    extractor = any_set.description
    preset = PRESETS[extractor.model]
    assert re.fullmatch(r"opensmile \d+\.\d+.*", extractor.version)
    assert re.fullmatch("[0-9a-f]{64}", extractor.weights)
    assert extractor.settings == {
        "feature_set": preset.feature_set,
        "sample_rate_hz": 16_000,
        "least_samples": preset.least_samples,
        **({"without": preset.without} if preset.without else {}),
    }
    assert AudioExtractor(extractor.model).description == extractor


def test_every_file_that_a_set_includes_counts_and_no_other(tmp_path: Path):
    known = Path(opensmile.__file__).parent / "core" / "config"
    root = tmp_path / "config"
    shutil.copytree(known, root)
    config = root / "egemaps" / "v02" / "eGeMAPSv02.conf"
    first = config_sha256(config, root)
    assert first == config_sha256(known / "egemaps" / "v02" / "eGeMAPSv02.conf", known)
    (root / "compare" / "ComParE_2016.conf").write_text("changed")
    assert config_sha256(config, root) == first
    for included in (
        "egemaps/v02/eGeMAPSv02_core.func.conf.inc",
        "gemaps/v01b/GeMAPSv01b_core.lld.conf.inc",
        "shared/standard_external_wave_input.conf.inc",
        "shared/BufferModeRb.conf.inc",
    ):
        text = (root / included).read_bytes()
        (root / included).write_bytes(text + b"\n; changed")
        assert config_sha256(config, root) != first, included
        (root / included).write_bytes(text)
    assert config_sha256(config, root) == first


def test_sets_have_hashes_of_their_own():
    extractors = [AudioExtractor(name) for name in WIDTHS]
    configs = {PRESETS[name].feature_set for name in WIDTHS}
    assert len({one.description.weights for one in extractors}) == len(configs)
    assert len({one.description.fingerprint for one in extractors}) == len(WIDTHS)


@pytest.mark.corpus
@pytest.mark.parametrize("corpus", ["ravdess", "emodb"])
def test_real_speech_gives_the_numbers_of_the_library(
    any_set: AudioExtractor, corpora: Path, corpus: str
):
    soundfile = pytest.importorskip("soundfile")
    clips = sorted((corpora / corpus).glob("*.flac"))[::60][:5]
    assert len(clips) == 5
    for clip in clips:
        samples, rate_hz = soundfile.read(clip, dtype="float32")
        assert rate_hz == 16_000
        encoded = any_set.encode(samples)
        assert encoded.flags == (), clip
        expected = by_the_library(any_set.description.model, samples)
        np.testing.assert_array_equal(encoded.vector, expected, err_msg=f"{clip}")


def test_a_folder_that_the_library_cannot_name_is_one_line(monkeypatch: pytest.MonkeyPatch):
    found = ModuleSpec("opensmile", None, origin="/home/josé/opensmile/__init__.py")
    monkeypatch.setattr("synctva.features.extractors.audio.find_spec", lambda name: found)
    with pytest.raises(InputError, match="in ASCII only; install synctva in a folder"):
        AudioExtractor("egemaps")
