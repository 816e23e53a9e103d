"use strict";
// The utterances: which is selected, which are shown, and what the panel says of the selected one.
const byId = (id) => document.getElementById(id);
const data = JSON.parse(byId("data").textContent);
const rows = Array.from(byId("utterances").children);
const LOW = 1, AGAINST = 2; // marks of an utterance
const utterances = data.utterances.map(
  ([start, end, speaker, emotion, marks, probabilities, parts], number) => ({
    number, start, end, speaker, emotion, low: marks & LOW, against: marks & AGAINST, probabilities, parts,
    row: rows[number], shown: true,
  }),
);
const names = Array.from(document.querySelectorAll("[data-speaker] bdi"), (name) => name.textContent);
const NOTHING = data.emotions.findIndex(({ name }) => name === "no evidence");
const MODALITIES = ["text", "audio", "visual"];
let selected = null;
const watchers = []; // functions to call when the selection or the filter changes
const followers = []; // functions to call with the second that is played, when it changes

function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (data.turns) return `turn ${Math.min(whole + 1, utterances.length)}`;
  const pad = (number) => String(number).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  if (data.duration < 3600) return `${minutes}:${pad(whole % 60)}`;
  return `${Math.floor(minutes / 60)}:${pad(minutes % 60)}:${pad(whole % 60)}`;
}

// Returns how probable what was recognised is, in words; nothing where nothing tells an emotion.
function percentOf(one) {
  return one.emotion === NOTHING ? "" : `${Math.round(100 * one.probabilities[one.emotion])} %`;
}

function changed() {
  for (const watch of watchers) watch();
}

function select(utterance, scroll) {
  if (selected !== utterance) {
    if (selected) {
      selected.row.classList.remove("current");
      selected.row.removeAttribute("aria-current");
      selected.row.firstElementChild.tabIndex = -1;
    }
    selected = utterance;
    selected.row.classList.add("current");
    selected.row.setAttribute("aria-current", "true");
    selected.row.firstElementChild.tabIndex = 0;
    tell();
    changed();
  }
  if (scroll) reveal(selected.row);
}

// Rows out of sight are as high as is guessed: for some frames after a jump one looks again where they are,
// unless somebody scrolls.
function reveal(row, frames = 5, left = scrollY) {
  if (scrollY !== left || bring(row) === "smooth" || !frames) return;
  const here = scrollY;
  requestAnimationFrame(() => reveal(row, frames - 1, here));
}

function bring(row) {
  const stage = document.querySelector(".stage");
  const isAbove = stage && getComputedStyle(stage).position === "sticky";
  const top = isAbove ? stage.getBoundingClientRect().bottom : byId("strip").offsetHeight;
  const box = row.getBoundingClientRect();
  const room = innerHeight - top;
  if (box.top >= top + 0.06 * room && box.bottom <= innerHeight - 0.2 * room) return;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const far = Math.abs(box.top - innerHeight / 2) > 2 * innerHeight;
  const behavior = calm || far ? "instant" : "smooth";
  scrollTo({ top: scrollY + box.top - top - 0.3 * room, behavior });
  return behavior;
}

// Fills the panel about the selected utterance.
function tell() {
  const { name, face, colour } = data.emotions[selected.emotion];
  byId("now").hidden = false;
  byId("now").style.setProperty("--c", colour);
  byId("now-face").setAttribute("href", `#face-${face}`);
  byId("now-emotion").textContent = name;
  byId("now-percent").textContent = percentOf(selected);
  byId("now-who").textContent = names[selected.speaker];
  byId("now-when").textContent = data.turns ? clock(selected.start) : `${clock(selected.start)} to ${clock(selected.end)}`;
  byId("now-low").hidden = !selected.low;
  byId("now-against").hidden = !selected.against;
  byId("now-against").lastElementChild.textContent = `${against(selected).join(" and ")} against it`;
  Array.from(byId("now-bars").children).forEach((bar, number) => {
    const percent = 100 * selected.probabilities[number];
    bar.classList.toggle("top", number === selected.emotion);
    bar.querySelector("i").style.width = `${percent}%`;
    bar.querySelector("span").textContent = `${Math.round(percent)} %`;
  });
  const parts = byId("now-parts");
  if (parts) for (const bar of parts.children) tellPart(bar);
}

// Returns the modalities that speak against what was recognised, as the transcript marks them.
function against(one) {
  return one.against ? MODALITIES.filter((_, number) => (one.parts[number] ?? 0) <= data.against) : [];
}

const greatest = Math.max(0.25, ...[].concat(...utterances.map((one) => one.parts.map(Math.abs))));

function tellPart(bar) {
  const value = selected.parts[MODALITIES.indexOf(bar.dataset.modality)];
  const fill = bar.querySelector("i");
  bar.classList.toggle("none", value === null);
  const end = 50 + (50 * (value ?? 0)) / greatest;
  fill.style.left = `${Math.min(50, end)}%`;
  fill.style.right = `${100 - Math.max(50, end)}%`;
  fill.classList.toggle("minus", value < 0);
  const points = Math.round(100 * Math.abs(value ?? 0));
  bar.querySelector(".points").textContent =
    value === null ? "missing" : `${value < 0 ? "−" : "+"}${points}`;
}

// Filters: an empty set lets everything through.
const wanted = { emotions: new Set(), speakers: new Set(), low: false, against: false, words: "" };

function isWanted(one) {
  return (
    (!wanted.emotions.size || wanted.emotions.has(one.emotion)) &&
    (!wanted.speakers.size || wanted.speakers.has(one.speaker)) &&
    (!wanted.low || one.low) &&
    (!wanted.against || one.against) &&
    (!wanted.words || (one.words ??= one.row.textContent.toLowerCase()).includes(wanted.words))
  );
}

function filter() {
  let count = 0;
  for (const one of utterances) {
    one.shown = isWanted(one);
    one.row.hidden = !one.shown;
    count += one.shown;
  }
  byId("shown").textContent = count.toLocaleString("en");
  byId("nothing").hidden = count > 0;
  byId("clear").hidden = count === utterances.length;
  changed();
}

function press(button, isPressed) {
  button.setAttribute("aria-pressed", String(isPressed));
  return isPressed;
}

function choose(set, key) {
  return (event) => {
    const button = event.currentTarget;
    const number = Number(button.dataset[key]);
    if (press(button, !set.has(number))) set.add(number);
    else set.delete(number);
    filter();
  };
}

for (const button of document.querySelectorAll("[data-emotion]"))
  button.addEventListener("click", choose(wanted.emotions, "emotion"));
for (const button of document.querySelectorAll("[data-speaker]"))
  button.addEventListener("click", choose(wanted.speakers, "speaker"));
for (const mark of ["low", "against"])
  byId(`only-${mark}`)?.addEventListener("click", (event) => {
    wanted[mark] = press(event.currentTarget, !wanted[mark]);
    filter();
  });
byId("search").addEventListener("input", (event) => {
  wanted.words = event.currentTarget.value.trim().toLowerCase();
  filter();
});
byId("clear").addEventListener("click", () => {
  wanted.emotions.clear();
  wanted.speakers.clear();
  wanted.low = wanted.against = false;
  wanted.words = byId("search").value = "";
  for (const button of document.querySelectorAll(".overview [aria-pressed]")) press(button, false);
  filter();
});
for (const row of rows) row.firstElementChild.tabIndex = -1; // one stop for Tab, not thousands
