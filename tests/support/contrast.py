"""How well the text of a page reads: WCAG's contrast of every piece of it that is seen."""

from support.browser import Page

LEAST = 4.5
"""WCAG 2.2, success criterion 1.4.3."""

MEASURE = r"""
(() => {
  const pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, alpha, below) => below.map((value, i) => alpha * top[i] + (1 - alpha) * value);
  const ground = (element) => {
    if (!element) return rgba("canvas").slice(0, 3);
    const [r, g, b, alpha] = rgba(getComputedStyle(element).backgroundColor);
    return over([r, g, b], alpha, alpha === 1 ? [0, 0, 0] : ground(element.parentElement));
  };
  const faded = (element) =>
    element ? Number(getComputedStyle(element).opacity) * faded(element.parentElement) : 1;
  const shade = (colour) => {
    const [r, g, b] = colour.map((value) =>
      value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = new Map();
  const look = (element, words, style) => {
    const below = ground(element), [r, g, b, alpha] = rgba(style.color);
    const above = over([r, g, b], alpha * faded(element), below);
    const [light, dark] = [shade(above), shade(below)].sort((x, y) => y - x);
    const ratio = (light + 0.05) / (dark + 0.05), key = `${element.tagName}.${element.className}`;
    if (!(found.get(key)?.[0] <= ratio)) found.set(key, [ratio, `${key} ${words.slice(0, 40)}`]);
  };
  for (const element of document.body.querySelectorAll("*")) {
    if (element.closest("script, style, option, noscript, svg")) continue;
    if (!element.checkVisibility({ visibilityProperty: true })) continue;
    if (element.closest(".hidden")) continue;
    const own = Array.from(element.childNodes).filter((node) => node.nodeType === 3);
    const words = own.map((node) => node.data).join("").trim();
    if (words || element.tagName === "SELECT") look(element, words, getComputedStyle(element));
    for (const name of ["::before", "::after", "::placeholder"]) {
      const style = getComputedStyle(element, name);
      const isPlace = element.placeholder && name === "::placeholder";
      const isSaid = isPlace || /^".*\S.*"$/.test(style.content);
      if (isSaid) look(element, name, style);
    }
  }
  return Array.from(found.values()).sort((a, b) => a[0] - b[0]);
})()
"""


def faint(page: Page, least: float = LEAST) -> list[str]:
    """Returns the texts of a page whose contrast is less; ancestors' colours lie below it."""
    measured = page.ask(MEASURE)
    assert len(measured) > 5, "next to no text was found"
    return [f"{ratio:.2f} {what}" for ratio, what in measured if ratio < least]
