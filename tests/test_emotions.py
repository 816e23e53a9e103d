import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from synctva.data.made.donors import names_in
from synctva.emotions import SCHEMAS, EmotionSchema, schema_for, schema_in_order, schema_named
from synctva.errors import InputError

REGISTERED = st.sampled_from(list(SCHEMAS.values()))


@pytest.mark.parametrize(
    ("schema", "emotions"),
    [
        ("meld-7", "neutral surprise fear sadness joy disgust anger"),
        ("meld-sentiment-3", "neutral positive negative"),
        ("iemocap-6", "happy sad neutral angry excited frustrated"),
        ("iemocap-4", "happy sad neutral angry"),
        ("mosi-2", "negative positive"),
        ("fer-7", "anger disgust fear joy sadness surprise neutral"),
        ("ravdess-8", "neutral calm happy sad angry fear disgust surprise"),
        ("emodb-7", "anger boredom disgust fear happiness sadness neutral"),
        ("nemo-6", "anger fear happiness neutral sadness surprised"),
    ],
)
def test_the_registered_orders_never_change(schema: str, emotions: str):
    """Checkpoints and stores number emotions by position."""
    assert schema_named(schema).emotions == tuple(emotions.split())


@pytest.mark.parametrize(
    ("schema", "spelling", "emotion"),
    [
        ("meld-7", "joy", "joy"),
        ("meld-7", "Happiness", "joy"),
        ("meld-7", " hap ", "joy"),
        ("iemocap-6", "joy", "happy"),
        ("iemocap-6", "exc", "excited"),
        ("iemocap-6", "FRU", "frustrated"),
        ("iemocap-4", "anger", "angry"),
        ("ravdess-8", "fearful", "fear"),
        ("mosi-2", "pos", "positive"),
    ],
)
def test_any_known_spelling_finds_the_schemas_own_name(schema: str, spelling: str, emotion: str):
    assert schema_named(schema).canonical(spelling) == emotion


@given(REGISTERED)
def test_an_emotions_number_is_its_position(schema: EmotionSchema):
    assert [schema.number(emotion) for emotion in schema.emotions] == list(range(len(schema)))
    assert [schema.number(e.upper()) for e in schema.emotions] == list(range(len(schema)))


@given(REGISTERED, st.text())
def test_an_unknown_emotion_is_refused_in_one_line_with_the_known_ones(schema, spelling):
    assume(spelling.strip().lower() not in schema._canonical)
    with pytest.raises(InputError) as error:
        schema.canonical(spelling)
    assert len(str(error.value).splitlines()) == 1
    assert all(emotion in str(error.value) for emotion in schema.emotions)


def test_a_near_miss_is_suggested():
    with pytest.raises(InputError, match="Did you mean 'surprise'"):
        schema_named("meld-7").canonical("suprise")
    with pytest.raises(InputError, match="Did you mean 'meld-7'"):
        schema_named("meld7")


def test_two_emotions_of_one_meaning_are_not_confused():
    both = EmotionSchema("own", ("joy", "happy", "sad"))
    assert both.canonical("joy") == "joy"
    assert both.canonical("happy") == "happy"
    with pytest.raises(InputError):
        both.canonical("happiness")


def test_mapping_translates_what_the_other_schema_knows():
    mapping = schema_named("iemocap-6").mapping(schema_named("meld-7"))
    assert mapping == {
        "happy": "joy",
        "sad": "sadness",
        "neutral": "neutral",
        "angry": "anger",
        "excited": None,
        "frustrated": None,
    }


@given(REGISTERED)
def test_mapping_to_itself_changes_nothing(schema: EmotionSchema):
    assert schema.mapping(schema) == {emotion: emotion for emotion in schema.emotions}


@pytest.mark.parametrize(
    ("emotions", "schema"),
    [
        (["Anger", "disgust", "fear", "happy", "sad", "surprise", "neutral"], "meld-7"),
        (["hap", "sad", "neu", "ang", "exc", "fru"], "iemocap-6"),
        (["positive", "negative", "positive"], "mosi-2"),
        (["positive", "negative", "neutral"], "meld-sentiment-3"),
    ],
)
def test_the_schema_with_exactly_these_emotions_is_found(emotions: list[str], schema: str):
    assert schema_for(emotions) == schema_named(schema)


@given(REGISTERED, st.data())
def test_capitals_in_a_schema_change_no_spelling(schema: EmotionSchema, data: st.DataObject):
    spelt = st.sampled_from([str.lower, str.upper, str.title])
    emotions = tuple(data.draw(spelt)(emotion) for emotion in schema.emotions)
    own = EmotionSchema("own", emotions)
    for spelling, emotion in schema._canonical.items():
        assert own.number(spelling) == schema.number(emotion)
    assert schema_in_order(emotions) == schema
    for other in SCHEMAS.values():
        assert list(names_in(other, own).values()) == list(names_in(other, schema).values())


def test_only_the_same_order_is_a_registered_schema():
    assert schema_in_order(["joy", "sadness"]) == EmotionSchema("own", ("joy", "sadness"))
    assert schema_in_order(["positive", "negative"]).name == "own"


@given(st.text("äéñǖạ가", min_size=1), st.sampled_from(["NFC", "NFD"]))
def test_two_encodings_of_one_emotion_are_one(emotion: str, form):
    again = unicodedata.normalize(form, emotion)
    schema = schema_for([emotion, again, "calmness"])
    assert len(schema) == 2
    assert schema.number(again) == schema.number(emotion)


def test_other_emotions_make_an_own_schema_sorted_by_name():
    assert schema_for(["relief", "Pride", "relief"], "mine") == EmotionSchema(
        "mine", ("pride", "relief")
    )


@pytest.mark.parametrize(
    "emotions", [(), ("joy",), ("joy", "joy"), ("joy", " "), ("joy", "Joy")], ids=str
)
def test_a_schema_needs_two_or_more_different_names(emotions: tuple[str, ...]):
    with pytest.raises(InputError, match="different names"):
        EmotionSchema("own", emotions)
