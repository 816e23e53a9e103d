// The timeline: a lane for each speaker, drawn for the part of the time that is in view.
const canvas = byId("canvas"), view = byId("view"), scroller = byId("scroller"), tip = byId("tip");
const pen = canvas.getContext("2d");
const FOLDED = 6; // lanes; those who speak less share one more, until it is unfolded
let isFolded = names.length > FOLDED;
const MOST_PX_PER_S = 200;
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];
const AXIS_PX = 24, COLUMN_PX = 3;
let zoom = 1, position = 0, look = null;

const laneOf = (one) => (isFolded ? Math.min(one.speaker, FOLDED) : one.speaker);
const lanes = () => (isFolded ? FOLDED : names.length) + (names.length > FOLDED); // one has the button

// Sizes and colours as the style sheet has them now: they follow a narrow window, paper, the dark.
function measure() {
  const style = getComputedStyle(scroller);
  const number = (name) => parseFloat(style.getPropertyValue(name));
  look = {
    lane: number("--lane"), label: number("--label"), mean: number("--mean"), width: scroller.clientWidth,
    ink: style.getPropertyValue("--ink"), quiet: style.getPropertyValue("--quiet"),
    line: style.getPropertyValue("--line"), sheet: style.getPropertyValue("--sheet"),
    font: style.fontFamily,
  };
  look.height = lanes() * look.lane + look.mean + AXIS_PX;
  look.stripes = stripes(look.sheet);
  const ratio = Math.max(1, devicePixelRatio || 1);
  canvas.width = Math.round(look.width * ratio);
  canvas.height = Math.round(look.height * ratio);
  canvas.style.width = view.style.width = `${look.width}px`;
  canvas.style.height = view.style.height = `${look.height}px`;
  byId("inner").style.width = `${look.width * zoom}px`;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
}

const pxPerSecond = () => (look.width * zoom) / data.duration;
const toX = (seconds) => seconds * pxPerSecond() - scroller.scrollLeft;
const toSeconds = (x) => (x + scroller.scrollLeft) / pxPerSecond();

function draw() {
  pen.clearRect(0, 0, look.width, look.height);
  drawAxis();
  if (look.mean) drawMean();
  for (const one of utterances) if (one !== selected) drawBlock(one);
  if (selected) drawBlock(selected);
  drawHead();
}

function drawAxis() {
  const step = STEPS.find((seconds) => seconds * pxPerSecond() >= 64) ?? STEPS.at(-1);
  pen.font = `11px ${look.font}`;
  pen.textBaseline = "middle";
  const last = Math.min(data.duration, toSeconds(look.width));
  for (let tick = Math.max(0, Math.ceil(toSeconds(0) / step)); tick * step <= last; tick++) {
    const x = Math.round(toX(tick * step)) + 0.5;
    pen.fillStyle = look.line;
    pen.fillRect(x, 0, 1, look.height - AXIS_PX + 4);
    const words = step < 1 ? `${(tick * step).toFixed(1)} s` : clock(tick * step);
    const room = pen.measureText(words).width;
    pen.fillStyle = look.quiet;
    if (x + room < look.width) pen.fillText(words, Math.max(1, x - 1), look.height - 9);
  }
  pen.fillStyle = look.line;
  for (let lane = 0; lane < lanes(); lane++)
    pen.fillRect(0, (lane + 1) * look.lane - 1, look.width, 1);
}

// The mean of the probabilities of all that is shown, wherever somebody speaks.
function drawMean() {
  const count = Math.ceil(look.width / COLUMN_PX), kinds = data.emotions.length;
  const sums = new Float64Array(count * kinds), spoken = new Float64Array(count);
  for (const one of utterances) {
    if (!one.shown || one.emotion === NOTHING) continue;
    const left = toX(one.start) / COLUMN_PX, right = Math.max(toX(one.end) / COLUMN_PX, left + 0.01);
    for (let column = Math.max(0, Math.floor(left)); column < Math.min(right, count); column++) {
      const part = Math.min(right, column + 1) - Math.max(left, column);
      spoken[column] += part;
      one.probabilities.forEach((share, kind) => (sums[column * kinds + kind] += part * share));
    }
  }
  const bottom = lanes() * look.lane + look.mean - 5, height = look.mean - look.label - 11;
  spoken.forEach((whole, column) => {
    let y = bottom;
    for (let kind = 0; whole && kind < kinds; kind++) {
      const part = (height * sums[column * kinds + kind]) / whole;
      pen.fillStyle = data.emotions[kind].colour;
      pen.fillRect(column * COLUMN_PX, (y -= part), COLUMN_PX, part);
    }
  });
}

function drawBlock(one) {
  const left = toX(one.start), width = Math.max(2, toX(one.end) - left - 1);
  if (left > look.width || left + width < 0) return;
  const top = laneOf(one) * look.lane + look.label + 5;
  const height = look.lane - look.label - 11;
  const { name, colour, ink } = data.emotions[one.emotion];
  pen.globalAlpha = one.shown ? 1 : 0.13;
  pen.fillStyle = colour;
  if (width < 3 && one !== selected) {
    pen.fillRect(left, top, width, height); // of thousands, corners are not seen, but waited for
  } else {
    pen.beginPath();
    pen.roundRect(left, top, width, height, Math.min(5, width / 2));
    pen.fill();
    if (one.low) {
      pen.fillStyle = look.stripes;
      pen.fill();
    }
    if (one === selected) ring();
    if (one.against && width > 9) fleck(ink, left + width - 8, top + 3);
    if (one.shown && !one.low && width > 40) write(name, ink, left, top, width, height);
  }
  pen.globalAlpha = 1;
}

// A fleck in the corner says that a modality speaks against it.
function fleck(ink, left, top) {
  pen.fillStyle = look.sheet;
  pen.fillRect(left - 2, top - 1, 8, 8);
  pen.fillStyle = look.ink;
  pen.fillRect(left, top, 5, 2);
  pen.fillRect(left, top + 4, 5, 2);
}

function ring() {
  pen.lineWidth = 4;
  pen.strokeStyle = look.sheet;
  pen.stroke();
  pen.lineWidth = 2;
  pen.strokeStyle = look.ink;
  pen.stroke();
}

function write(name, ink, left, top, width, height) {
  pen.font = `600 11px ${look.font}`;
  if (pen.measureText(name).width + 14 > width) return;
  pen.fillStyle = ink;
  pen.fillText(name, Math.max(left, 0) + 7, top + height / 2 + 0.5);
}

// Stripes say low confidence, for who cannot tell colours apart.
function stripes(colour) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const brush = tile.getContext("2d");
  brush.strokeStyle = colour;
  brush.lineWidth = 2.6;
  for (const shift of [-8, 0, 8]) {
    brush.moveTo(shift - 1, 9);
    brush.lineTo(shift + 9, -1);
  }
  brush.stroke();
  return pen.createPattern(tile, "repeat");
}

function drawHead() {
  const x = toX(position);
  byId("head").hidden = x < 0 || x > look.width;
  byId("head").style.transform = `translateX(${x}px)`;
}

function redraw() {
  measure();
  draw();
}

// Moves the playhead; a timeline that is zoomed in turns its pages.
function moveTo(seconds, isPlaying) {
  position = seconds;
  const x = toX(seconds);
  if (zoom > 1 && isPlaying && (x < 0 || x > 0.92 * look.width))
    scroller.scrollLeft += x - 0.1 * look.width;
  drawHead();
}

function zoomBy(factor, x) {
  const most = Math.max(1, (MOST_PX_PER_S * data.duration) / look.width);
  const seconds = toSeconds(x);
  zoom = Math.min(most, Math.max(1, zoom * factor));
  byId("inner").style.width = `${look.width * zoom}px`;
  scroller.scrollLeft = seconds * pxPerSecond() - x;
  byId("zoom-out").disabled = zoom === 1;
  byId("zoom-in").disabled = zoom === most;
  draw();
}

// Returns the utterance under a point of the view; the shortest where they overlap.
function under(event) {
  const box = view.getBoundingClientRect();
  const x = event.clientX - box.left, lane = Math.floor((event.clientY - box.top) / look.lane);
  let found = null;
  for (const one of utterances) {
    const isNear = toX(one.start) - 2 <= x && x <= Math.max(toX(one.end), toX(one.start) + 3) + 1;
    const isShorter = !found || one.end - one.start < found.end - found.start;
    if (laneOf(one) === lane && one.shown && isNear && isShorter) found = one;
  }
  return { found, seconds: Math.min(data.duration, Math.max(0, toSeconds(x))), x };
}

function showTip(event) {
  const { found, x } = under(event);
  tip.hidden = !found;
  view.style.cursor = found ? "pointer" : "default";
  if (!found) return;
  const marks = [found.low && "low confidence", ...against(found).map((name) => `${name} against it`)].filter(Boolean);
  const words = [marks.join(", "), found.row.querySelector(".text").textContent].filter(Boolean).join("\n");
  tip.textContent = `${clock(found.start)} · ${data.emotions[found.emotion].name} ${percentOf(found)}\n${words.slice(0, 140)}`;
  const left = scroller.offsetLeft + x;
  tip.style.left = `${Math.min(Math.max(0, left - 110), scroller.offsetLeft + look.width - 224)}px`;
  tip.style.top = `${(laneOf(found) + 1) * look.lane + 2}px`;
}

view.addEventListener("pointermove", (event) => event.pointerType === "mouse" && showTip(event));
view.addEventListener("pointerleave", () => (tip.hidden = true));
view.addEventListener("click", (event) => {
  const { found, seconds } = under(event);
  goTo(found, found ? found.start : seconds);
});
scroller.addEventListener("wheel", (event) => {
  if (!event.ctrlKey) return;
  event.preventDefault();
  zoomBy(event.deltaY < 0 ? 1.25 : 0.8, event.clientX - view.getBoundingClientRect().left);
}, { passive: false });
scroller.addEventListener("scroll", draw);
byId("zoom-in").addEventListener("click", () => zoomBy(2, look.width / 2));
byId("zoom-out").addEventListener("click", () => zoomBy(0.5, look.width / 2));
function fold(is) {
  isFolded = is && names.length > FOLDED;
  document.body.classList.toggle("folded", isFolded);
  for (const button of document.querySelectorAll("[data-fold]")) button.setAttribute("aria-expanded", String(!isFolded));
  if (look) redraw();
}

for (const button of document.querySelectorAll("[data-fold]"))
  button.addEventListener("click", () => fold(!isFolded));
fold(true);
followers.push(moveTo);
watchers.push(draw);
measure();
new ResizeObserver(redraw).observe(scroller);
for (const query of ["print", "(prefers-color-scheme: dark)", "(max-width: 900px)"])
  matchMedia(query).addEventListener("change", redraw);
zoomBy(1, 0);
