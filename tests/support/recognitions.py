"""Recognitions made by hand, for the page that shows them."""

from synctva.inference.recognition import RecognisedUtterance, Recognition

EMOTIONS = ("neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger")

HOSTILE = "</script><img src=x onerror=alert(1)>'\"{{ 7 * 7 }}&lt;"

RTL = "שלום, מה שלומך?"


def utterance(
    number: int,
    speaker: str = "Nora",
    text: str | None = "All is well.",
    *,
    top: float = 0.7,
    **more,
) -> RecognisedUtterance:
    """Returns an utterance of a second in every two; which emotion is on top goes round."""
    rest = (1 - top) / (len(EMOTIONS) - 1)
    emotion = number % len(EMOTIONS)
    probabilities = tuple(top if i == emotion else rest for i in range(len(EMOTIONS)))
    more = {"contributions": {"text": 0.3, "audio": 0.2, "visual": -0.1}} | more
    return RecognisedUtterance(
        2.0 * number, 2.0 * number + 1.0, speaker, text, probabilities, **more
    )


def recognition(*utterances: RecognisedUtterance, media: str = "talk.mp4") -> Recognition:
    """Returns a recognition of these utterances."""
    end_s = max((u.end_s for u in utterances), default=0.0)
    return Recognition(media, end_s + 1.0, EMOTIONS, utterances, "lite", "3f" * 32)


def conversation() -> Recognition:
    """Returns one with two speakers, a low confidence, and a face that was not found."""
    return recognition(
        utterance(0, "Nora", "Where is the key?"),
        utterance(1, "Ravi", "On the hook.", top=0.3),
        utterance(
            2, "Nora", "Thank you!", contributions={"text": 0.4, "audio": 0.1}, flags=("no_face",)
        ),
        utterance(3, "Ravi", RTL, flags=("odd_thing",), note="the sound stops at 3 s"),
        utterance(4, "Nora", "And the lamp?"),
        utterance(5, "Nora", "Never mind."),
    )
