"""A measurement on labelled recordings, as rows of cells and as lines."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

HEAD = (
    "modalities",
    "clips",
    "recall",
    "if alike",
    "log loss",
    "shares alone",
    "minus shares",
    "minus words",
    "confidence",
    "right",
    "calib. error",
    "if true",
)

ABOUT = (
    "log loss in nats; all but recall are weighted to the class frequencies; [95 % interval over"
    " clips]; recall: averaged over the emotions that occur; if alike: recall if the model expected"
    " all emotions alike; shares: the log loss of the class"
    " frequencies alone; calib. error: of calibration; if true: what 95 of 100 such sets would stay"
    " under if the probabilities were exactly true"
)


def score_rows(scores: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yields the cells of ``HEAD`` for each subset of the modalities."""
    for subset, own in scores.items():
        calibration = own["calibration"]
        yield (
            "all three" if subset.count("+") == 2 else subset.replace("+", " + "),
            f"{own['utterances']}",
            _cell(own["recall"]),
            _cell(own["recall_alike"]),
            _cell(own["log_loss"]),
            f"{own['frequencies']['value']:.2f}",
            _cell(own["difference"], sign="+"),
            _cell(own["against_text"], sign="+"),
            f"{own['confidence']['value']:.2f}",
            f"{own['accuracy']['value']:.2f}",
            f"{calibration['error']:.3f}",
            f"{calibration['at_most']:.3f}",
        )


def evidence_lines(own: Mapping[str, Any]) -> Iterator[str]:
    """Yields what there was to see and hear, and how the labels were counted."""
    seen = own["evidence"]
    present = ", ".join(f"{m} {share:.0%}" for m, share in seen["present"].items())
    yield f"{own['utterances']} utterances have {present}; {own['left_out']} left out."
    if seen["frames_with_face"] is not None:
        size = "" if seen["face_px"] is None else f", {seen['face_px']:.0f} pixels wide (median)"
        yield f"A face in {seen['frames_with_face']:.0%} of {seen['frames']} frames{size}."
    if seen["level_db"] is not None:
        yield (
            f"Sound: level {seen['level_db']:.0f} dB, noise {seen['noise_db']:.0f} dB, loud above"
            f" quiet {seen['snr_db']:.0f} dB (medians)."
        )
    if seen["flags"]:
        flags = ", ".join(f"{flag} {count}" for flag, count in sorted(seen["flags"].items()))
        yield f"Flags: {flags}."
    renamed = [f"{one} = {name}" for one, name in own["counted"].items() if one != name]
    if renamed:
        yield f"Counted: {', '.join(renamed)}."


def confusion_rows(
    emotions: Sequence[str], scores: Mapping[str, Any], subset: str
) -> tuple[list[str], list[list[str]]]:
    """Returns the heading and the rows of a subset's confusions, without what never occurs."""
    counts = scores[subset]["confusion"]
    kept = [n for n in range(len(emotions)) if sum(counts[n]) or any(row[n] for row in counts)]
    head = ["emotion as recognised", *(emotions[n] for n in kept), "recall"]
    rows = []
    for n in kept:
        recall = scores[subset]["emotions"][emotions[n]]["recall"]
        told = "-" if recall is None else f"{recall:.2f}"
        rows.append([emotions[n], *(str(counts[n][m] or "·") for m in kept), told])
    return head, rows


def largest_subset(scores: Mapping[str, Any]) -> str:
    """Returns the subset with most modalities."""
    return max(scores, key=lambda subset: subset.count("+"))


def _cell(estimate: Mapping[str, Any] | None, sign: str = "") -> str:
    if estimate is None:
        return "-"
    text = f"{estimate['value']:{sign}.2f}"
    if estimate["interval"] is None:
        return text
    low, high = (f"{bound:{sign}.2f}" for bound in estimate["interval"])
    return f"{text} [{low}, {high}]"
