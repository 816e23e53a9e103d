"""What looks like a speaker's name, in any script."""

import re
import unicodedata

LONGEST_NAME = 60
"""In characters."""

_MOST_WORDS = 3
"""The most words of a name, without particles."""

_MOST_LOOSE = 8
_LONGEST_HAN = 8

_PARTICLES = frozenset(
    """
    al ben bin da de del della den der des di do dos du el ibn la le les ten ter van vom von y zu
    """.split()  # noqa: SIM905
)
"""Words in small letters within names."""

_SAID = frozenset(
    """
    说 說 道 问 問 答 讲 講 喊 是 说道 說道 问道 答道 知道 回答 例如 比如 总之 注意 言った
    例えば つまり قال قالت يقول تقول אמר אמרה कहा बोला बोली พูด พูดว่า 말했다
    """.split()  # noqa: SIM905
)
"""Words before a colon that introduce speech, in scripts without capitals; they name nobody."""

_HAN_SAID = re.compile(r".*(?:[说說问問答讲講喊是]|[说說问問答知]道|例如|比如|总之|注意|言った)")
_HAN_PRONOUN = re.compile(r"[我你您他她它这那這]")
_SPEAKERS = (
    "speaker|spk|spkr|speech|voice|person|participant|interviewer|interviewee|channel|sprecher(?:in)?"
    "|locut(?:eur|rice)|intervenant|hablante|orador|falante|parlante|spreker|talare|говорящий|спикер"
    "|说话人|說話人|发言人|話者|화자"
)
_NUMBERED = re.compile(rf"(?:{_SPEAKERS})[\s_.-]*(?:\d{{1,4}}|[A-Z]|\?)?", re.IGNORECASE)
_UNKNOWN = re.compile(rf"(?:{_SPEAKERS})?[\s_.-]*(?:\?|unknown)", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s@:]{1,60}@[^\s@:]{1,60}\.\w{2,}")
_ASIDE = re.compile(r"(.*\S)\s*\([^()]{1,30}\)")
_MARKS_IN_NAMES = frozenset("_.'\u2019\u00b7&-,")
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff]+")


def is_numbered(name: str) -> bool:
    """Returns whether a name is that of a speaker whom a machine has numbered: ``speaker 0``."""
    return _NUMBERED.fullmatch(name) is not None


def is_unknown(name: str) -> bool:
    """Returns whether a name says that it is not known: ``speaker ?``."""
    return _UNKNOWN.fullmatch(name) is not None


def without_aside(name: str) -> str:
    """Returns a name without what stands in brackets after it: ``ANNA`` of ``ANNA (laughs)``."""
    match = _ASIDE.fullmatch(name)
    return match[1] if match else name


def is_name(name: str) -> bool:
    """Returns whether a few words are a name: each with a capital, or without letters of two cases.

    >>> [is_name(name) for name in ("Ada", "Dr. No", "Juan Carlos de la Vega")]
    [True, True, True]
    >>> [is_name(name) for name in ("Cause of death", "It is 10", "d\u00e9j\u00e0 vu")]
    [False, False, False]
    """
    bare = without_aside(name)
    if is_numbered(bare) or _ADDRESS.fullmatch(bare):
        return True
    words = bare.split()
    named = [word for word in words if word not in _PARTICLES]
    if not named or len(named) > _MOST_WORDS or words[0] not in named or words[-1] not in named:
        return False
    if not all(map(_may_be_in_name, "".join(words))) or not words[0][0].isalpha():
        return False
    return all(map(_begins_a_name, named)) and _is_no_speech(bare)


def _may_be_in_name(character: str) -> bool:
    """Returns whether names hold such a character: a letter with its signs, a digit, a hyphen."""
    return (
        character.isalnum()
        or character in _MARKS_IN_NAMES
        or unicodedata.category(character).startswith("M")
    )


def _begins_a_name(word: str) -> bool:
    """Returns whether a word begins like one of a name: with a capital, a digit, or no case."""
    if any(character.isupper() for character in word[:3]):  # d'Arc, O'Brien, McGEE
        return True
    return word[0].isdigit() or (word[0].isalpha() and not word[0].islower())


def _is_no_speech(name: str) -> bool:
    """Returns whether words without capitals are no introduction of speech, such as ``he said``."""
    if any(word in _SAID for word in name.split()):
        return False
    if _HAN.search(name):
        bare = name.replace(" ", "")
        is_short = "\u00b7" in bare or len(bare) <= _LONGEST_HAN
        return is_short and not _HAN_SAID.fullmatch(bare) and not _HAN_PRONOUN.match(bare)
    return True


def may_be_name(name: str) -> bool:
    """Returns whether words may be a name in a file where nearly all that is said begins with one.

    A nickname or an address without capitals may be; a whole clause in small letters is not.
    """
    words = name.split()
    return (
        0 < len(words) <= _MOST_LOOSE
        and any(character.isalnum() for character in name)
        and (len(words) <= 2 or not name.islower())
        and _is_no_speech(name)
    )
