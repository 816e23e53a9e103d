"""A recognition as EmotionML 1.0, the W3C's language for emotions.

Source: https://www.w3.org/TR/2014/REC-emotionml-20140522/

The emotions are a vocabulary in the file. Each utterance is an ``emotion`` with the probability of
every category as its ``value``, its place in the recording in milliseconds and as a media fragment,
its words as text, and its speaker in ``info``.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from synctva.inference.export.places import relative_url, times_ms, words
from synctva.inference.recognition import RecognisedUtterance, Recognition
from synctva.transcripts.segment import one_line

NAMESPACE = "http://www.w3.org/2009/10/emotionml"
OWN_NAMESPACE = "urn:synctva:recognition"

_NO_NAME = re.compile(
    "[^-.:_0-9A-Za-z\u00b7\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u037d\u037f-\u1fff"
    "\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd]+"
)


def emotionml_bytes(recognition: Recognition, path: Path) -> bytes:
    """Returns the content of an EmotionML file."""
    names = _names(recognition.emotions)
    root = ElementTree.Element(
        "emotionml", {"xmlns": NAMESPACE, "version": "1.0", "category-set": "#emotions"}
    )
    info = ElementTree.SubElement(root, "info")
    facts = {"name": one_line(recognition.model), "fingerprint": recognition.fingerprint}
    ElementTree.SubElement(info, "model", {"xmlns": OWN_NAMESPACE, **facts})
    vocabulary = ElementTree.SubElement(root, "vocabulary", {"type": "category", "id": "emotions"})
    for name in names:
        ElementTree.SubElement(vocabulary, "item", {"name": name})
    media = relative_url(Path(recognition.media), path) if recognition.media else ""
    for utterance in recognition.utterances:
        if recognition.emotion_of(utterance) is not None:
            root.append(_emotion(utterance, names, media))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def _emotion(
    utterance: RecognisedUtterance, names: Sequence[str], media: str
) -> ElementTree.Element:
    start_ms, end_ms = times_ms(utterance)
    times = {"offset-to-start": f"{start_ms}", "duration": f"{end_ms - start_ms}"}
    through = " ".join(
        {"text": "text", "audio": "voice", "visual": "face"}[modality]
        for modality in utterance.contributions
    )
    expressed = {"expressed-through": through} if through else {}
    element = ElementTree.Element("emotion", {"time-ref-uri": media, **times, **expressed})
    info = ElementTree.SubElement(element, "info")
    who = {"speaker": one_line(utterance.speaker), "flags": " ".join(utterance.flags)}
    ElementTree.SubElement(info, "utterance", {"xmlns": OWN_NAMESPACE, **who})
    for name, probability in zip(names, utterance.probabilities, strict=True):
        value = f"{min(max(probability, 0.0), 1.0):.6f}"
        ElementTree.SubElement(element, "category", {"name": name, "value": value})
    fragment = f"{media}#t={start_ms / 1000:.3f},{end_ms / 1000:.3f}"
    reference = ElementTree.SubElement(
        element, "reference", {"uri": fragment, "role": "expressedBy"}
    )
    reference.tail = words(utterance)
    return element


def _names(emotions: Sequence[str]) -> list[str]:
    """Returns the emotions as XML can name them, each different."""
    names: list[str] = []
    for number, emotion in enumerate(emotions, start=1):
        name = _NO_NAME.sub("-", one_line(emotion)).strip("-") or f"emotion-{number}"
        names.append(name if name not in names else f"{name}-{number}")
    return names
