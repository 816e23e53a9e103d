// Corrections: an emotion, a speaker or words of an utterance are other ones. They stay in this browser until
// they are downloaded, as a table or for ELAN; both are what `agreement` and `train --from` take.
const PLACE = `synctva ${data.key}`;
const texts = rows.map((row) => row.querySelector(".text").textContent);
let corrections = new Map(); // number of an utterance -> { emotion, speaker, text }, of what is other
const undone = []; // the states before, newest last

function restore() {
  try {
    const kept = JSON.parse(localStorage.getItem(PLACE) ?? "[]");
    corrections = new Map(kept.filter(([number]) => rows[number]));
  } catch {
    corrections = new Map(); // a browser that keeps nothing for files
  }
}

function keep() {
  try {
    if (corrections.size) localStorage.setItem(PLACE, JSON.stringify([...corrections]));
    else localStorage.removeItem(PLACE);
  } catch {
    byId("corrected-note").textContent = "This browser keeps nothing for local files: download before you close the page.";
  }
}

// Returns what an utterance is now.
function corrected(number) {
  const own = corrections.get(number) ?? {};
  const recognised = utterances[number].emotion === NOTHING ? "" : data.emotions[utterances[number].emotion].name;
  return {
    emotion: own.emotion ?? recognised,
    speaker: own.speaker ?? names[utterances[number].speaker],
    text: own.text ?? texts[number],
  };
}

function correct(number, what, value) {
  const before = new Map(corrections), own = { ...corrections.get(number), [what]: value };
  const was = corrected(number)[what];
  const plain = what === "emotion" ? data.emotions[utterances[number].emotion].name : what === "speaker" ? names[utterances[number].speaker] : texts[number];
  if (value === was) return mark(number);
  if (value === plain) delete own[what];
  undone.push(before);
  if (Object.keys(own).length) corrections.set(number, own);
  else corrections.delete(number);
  keep();
  mark(number);
  count();
}

function undo() {
  const changed = new Set([...corrections.keys()]);
  corrections = undone.pop() ?? corrections;
  for (const number of corrections.keys()) changed.add(number);
  for (const number of changed) mark(number);
  keep();
  count();
}

// Shows an utterance as it is now, and marks what of it was corrected.
function mark(number) {
  const { row, emotion } = utterances[number], own = corrections.get(number) ?? {}, now = corrected(number);
  row.classList.toggle("corrected", corrections.has(number));
  row.classList.toggle("otherwise", Boolean(own.emotion));
  row.querySelector(".who bdi").textContent = now.speaker;
  row.querySelector(".text").textContent = now.text;
  const shown = data.emotions.find(({ name }) => name === now.emotion) ?? data.emotions[emotion];
  row.querySelector(".felt b").textContent = shown.name;
  row.querySelector(".felt use").setAttribute("href", `#face-${shown.face}`);
  row.style.setProperty("--c", own.emotion ? shown.colour : "");
  if (!own.emotion) row.style.removeProperty("--c");
  row.querySelector(".felt p").title = own.emotion ? `recognised: ${data.emotions[emotion].name}` : "";
  utterances[number].words = null; // what the search looks through
}

function count() {
  byId("corrected").textContent = `${corrections.size} corrected`;
  byId("undo").disabled = !undone.length;
  byId("saving").hidden = !corrections.size && !undone.length && !isCorrecting();
}

function isCorrecting() {
  return byId("correct").getAttribute("aria-pressed") === "true";
}

// A list of the emotions in place of the one that stands there.
function chooseEmotion(number) {
  const place = utterances[number].row.querySelector(".felt p");
  if (place.querySelector("select")) return;
  const list = document.createElement("select");
  list.setAttribute("aria-label", "The right emotion");
  for (const { name } of data.emotions) if (name !== "no evidence") list.append(new Option(name, name));
  list.value = corrected(number).emotion;
  place.classList.add("open");
  place.append(list);
  list.focus();
  list.addEventListener("change", () => correct(number, "emotion", list.value));
  list.addEventListener("blur", () => {
    list.remove();
    place.classList.remove("open");
  });
}

function edit(number, element, what) {
  if (element.isContentEditable) return;
  element.contentEditable = "plaintext-only";
  element.focus();
  const end = (event) => {
    if (event.type === "keydown" && !["Enter", "Escape"].includes(event.key)) return event.stopPropagation();
    event.preventDefault();
    const value = event.key === "Escape" ? corrected(number)[what] : element.textContent.trim().replace(/\s+/g, " ");
    for (const kind of ["keydown", "blur"]) element.removeEventListener(kind, end);
    element.contentEditable = "inherit";
    correct(number, what, value || (what === "speaker" ? corrected(number).speaker : ""));
  };
  for (const kind of ["keydown", "blur"]) element.addEventListener(kind, end);
}

byId("utterances").addEventListener(
  "click",
  (event) => {
    if (!isCorrecting()) return;
    const row = event.target.closest(".utterance"), number = rows.indexOf(row);
    if (event.target.closest("select, [contenteditable='plaintext-only']")) event.stopPropagation();
    else if (event.target.closest(".felt p")) chooseEmotion(number);
    else if (event.target.closest(".who")) edit(number, row.querySelector(".who bdi"), "speaker");
    else if (event.target.closest(".said")) edit(number, row.querySelector(".text"), "text");
    else return;
    event.stopPropagation();
  },
  true,
);

// As the exports write them: one line, and no cell that a spreadsheet would take for a formula.
function cell(value) {
  const line = String(value).replace(/[\s\0-\x1f]+/g, " ").trim();
  const isFormula = /^'*[=+\-@\t\r]/.test(line) && !/^[+-]?\d+([.,]\d+)?(e[+-]?\d+)?$/i.test(line);
  const safe = isFormula ? `'${line}` : line;
  return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function asTable() {
  const clip = data.recording ? ["clip"] : [];
  const lines = [[...clip, "start_s", "end_s", "speaker", "text", "emotion"].join(",")];
  utterances.forEach(({ start, end }, number) => {
    const { speaker, text, emotion } = corrected(number);
    lines.push([...(data.recording ? [data.recording] : []), ...(data.turns ? [0, 0] : [start, end]), speaker, text, emotion].map(cell).join(","));
  });
  return `${lines.join("\n")}\n`;
}

function xml(text) {
  const marks = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return String(text).replace(/[\s\0-\x1f]+/g, " ").replace(/[&<>"]/g, (mark) => marks[mark]);
}

// The tiers: of each speaker as many as it takes that no two utterances of one overlap.
function tiers() {
  const found = [];
  utterances.forEach(({ start, end }, number) => {
    const { speaker, text, emotion } = corrected(number);
    const from = Math.round(1000 * start), until = Math.max(Math.round(1000 * end), from + 1);
    let tier = found.find((one) => one.speaker === speaker && one.until <= from);
    if (!tier) {
      const others = found.filter((one) => one.speaker === speaker).length;
      const base = /emotion|^confidence /i.test(speaker) || !speaker ? `speaker ${found.length + 1}` : speaker;
      tier = { name: others ? `${base} (${others + 1})` : base, speaker, said: [] };
      found.push(tier);
    }
    tier.until = until;
    tier.said.push({ from, until, text, emotion });
  });
  return found;
}

function asElan() {
  let slots = "", body = "", number = 0, id = 0;
  for (const tier of tiers()) {
    let said = "", felt = "";
    for (const { from, until, text, emotion } of tier.said) {
      const [a, b, own] = [`ts${++number}`, `ts${++number}`, `a${++id}`];
      slots += `<TIME_SLOT TIME_SLOT_ID="${a}" TIME_VALUE="${from}"/><TIME_SLOT TIME_SLOT_ID="${b}" TIME_VALUE="${until}"/>`;
      said += `<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="${own}" TIME_SLOT_REF1="${a}" TIME_SLOT_REF2="${b}"><ANNOTATION_VALUE>${xml(text)}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>`;
      if (emotion) felt += `<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a${++id}" ANNOTATION_REF="${own}"><ANNOTATION_VALUE>${xml(emotion)}</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>`;
    }
    const [name, who] = [xml(tier.name), xml(tier.speaker)];
    body += `<TIER LINGUISTIC_TYPE_REF="default-lt" PARTICIPANT="${who}" TIER_ID="${name}">${said}</TIER>`;
    body += `<TIER LINGUISTIC_TYPE_REF="emotion" PARENT_REF="${name}" PARTICIPANT="${who}" TIER_ID="emotion ${name}">${felt}</TIER>`;
  }
  const url = data.recording && encodeURI(`./${data.recording}`);
  const media = url ? `<MEDIA_DESCRIPTOR MEDIA_URL="${xml(url)}" MIME_TYPE="unknown" RELATIVE_MEDIA_URL="${xml(url)}"/>` : "";
  return `<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="Sync-TVA" DATE="1970-01-01T00:00:00+00:00" FORMAT="3.0" VERSION="3.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd"><HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">${media}</HEADER><TIME_ORDER>${slots}</TIME_ORDER>${body}<LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="default-lt" TIME_ALIGNABLE="true"/><LINGUISTIC_TYPE CONSTRAINTS="Symbolic_Association" GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="emotion" TIME_ALIGNABLE="false"/><CONSTRAINT DESCRIPTION="1-1 association with a parent annotation" STEREOTYPE="Symbolic_Association"/></ANNOTATION_DOCUMENT>
`;
}

byId("correct").addEventListener("click", (event) => {
  document.body.classList.toggle("correcting", press(event.currentTarget, !isCorrecting()));
  count();
});
byId("undo").addEventListener("click", undo);
byId("as-csv").addEventListener("click", () => download(asTable(), "csv", "text/csv"));
byId("as-eaf").addEventListener("click", () => download(asElan(), "eaf", "application/xml"));
restore();
for (const number of corrections.keys()) mark(number);
count();
