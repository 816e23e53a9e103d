// The recording plays in step with timeline and transcript; without one they go hand in hand alone.
const player = byId("player");
let isFollowing = true;
let waiting = null; // where to go when the seek that is under way has ended

// One seek at a time: of two at once Chromium, when it is busy, can end none.
function seek(seconds) {
  if (player.seeking || waiting !== null) waiting = seconds;
  else player.currentTime = seconds;
}

function playedTo() {
  return waiting ?? player.currentTime;
}

function goOn() {
  const seconds = waiting;
  waiting = null;
  if (seconds !== null) player.currentTime = seconds;
}

function goTo(utterance, seconds, play = true) {
  if (utterance) select(utterance, true);
  if (player) {
    seek(seconds);
    if (play) player.play().catch(() => {});
  }
  show(seconds);
}

// Returns the utterance at a time: the last one begun that lasts, else the last one begun.
function at(seconds) {
  let low = 0, high = utterances.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (utterances[middle].start <= seconds + 0.03) low = middle + 1;
    else high = middle;
  }
  for (let number = low - 1; number >= Math.max(0, low - 40); number--)
    if (utterances[number].end > seconds) return utterances[number];
  return utterances[low - 1] ?? null;
}

function show(seconds) {
  for (const go of followers) go(seconds, player && !player.paused);
  view.setAttribute("aria-valuenow", seconds.toFixed(1));
  if (selected)
    view.setAttribute(
      "aria-valuetext",
      `${clock(seconds)}, ${names[selected.speaker]}, ${data.emotions[selected.emotion].name}`,
    );
  if (byId("clock")) byId("clock").textContent = `${clock(seconds)} / ${clock(data.duration)}`;
}

function step(by) {
  let number = (selected?.number ?? -1) + by;
  while (utterances[number] && !utterances[number].shown) number += by;
  if (utterances[number]) goTo(utterances[number], utterances[number].start, player && !player.paused);
}

function toggle() {
  if (!player) return;
  if (player.paused) player.play().catch(() => {});
  else player.pause();
}

// What was clicked stays selected while nothing new begins: others may have begun with it.
function keepUp() {
  const seconds = playedTo();
  const now = at(seconds);
  const stays = selected && selected.end > seconds && now && now.start <= selected.start;
  if (now && !(stays && selected.start <= seconds + 0.03)) select(now, isFollowing && !player.paused);
  show(seconds);
}

function everyFrame() {
  keepUp();
  if (!player.paused && !player.ended) requestAnimationFrame(everyFrame);
}

function follow(is) {
  isFollowing = is;
  press(byId("follow"), is);
}

function unpack(element) {
  const text = element.textContent;
  element.remove();
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const bytes = new Uint8Array((text.length / 4) * 3);
  let end = 0;
  for (let start = 0; start < text.length; start += 1 << 20) {
    const piece = atob(text.slice(start, start + (1 << 20)));
    for (let i = 0; i < piece.length; i++) bytes[end++] = piece.charCodeAt(i);
  }
  return bytes.subarray(0, end);
}

function begin() {
  const content = byId("content");
  if (content) {
    const type = content.dataset.type;
    player.src = URL.createObjectURL(new Blob([unpack(content)], { type }));
  }
  player.removeAttribute("controls"); // those of the page go by utterances too
  player.addEventListener("click", toggle);
  player.addEventListener("error", () => (byId("broken").hidden = false));
  player.addEventListener("play", everyFrame);
  player.addEventListener("seeked", goOn);
  for (const event of ["timeupdate", "seeked"]) player.addEventListener(event, keepUp);
  for (const event of ["play", "pause", "ended"])
    player.addEventListener(event, () => {
      byId("play").classList.toggle("playing", !player.paused);
      byId("play").setAttribute("aria-label", player.paused ? "Play" : "Pause");
    });
  byId("play").addEventListener("click", toggle);
  byId("back").addEventListener("click", () => step(-1));
  byId("next").addEventListener("click", () => step(1));
  byId("speed").addEventListener("change", (event) => (player.playbackRate = Number(event.target.value)));
  byId("mute").addEventListener("click", (event) => {
    player.muted = press(event.currentTarget, !player.muted);
  });
  byId("full")?.addEventListener("click", () => player.requestFullscreen?.());
  byId("follow").addEventListener("click", () => follow(!isFollowing));
  // Who scrolls away wants to read there, not to be pulled back.
  for (const event of ["wheel", "touchmove"])
    addEventListener(event, () => !player.paused && follow(false), { passive: true });
}

byId("utterances").addEventListener("click", (event) => {
  const row = event.target.closest(".utterance");
  if (!row || String(getSelection())) return;
  const one = utterances[rows.indexOf(row)];
  if (player) follow(true);
  history.replaceState(null, "", `#t=${one.start.toFixed(1)}`);
  goTo(one, one.start);
});

byId("moments")?.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  history.replaceState(null, "", link.hash);
  const one = utterances[link.dataset.number];
  goTo(one, one.start);
});

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target.closest?.("input, select, textarea, summary, a")) return;
  const isButton = event.target.closest?.("button:not(.time)");
  if (event.key === " " && player && !isButton) toggle();
  else if (event.key.startsWith("Arrow") && "LeftRight".includes(event.key.slice(5))) {
    const by = event.key === "ArrowRight" ? 1 : -1;
    if (event.shiftKey && player) seek(playedTo() + 5 * by);
    else step(by);
  } else return;
  event.preventDefault();
});

// A link to a moment: page.html#t=63
function goToLink() {
  const seconds = Number(/^#t=(\d+(?:\.\d+)?)$/.exec(location.hash)?.[1] ?? NaN);
  if (seconds >= 0 && seconds <= data.duration) goTo(at(seconds), seconds, false);
}

if (player) begin();
select(utterances[0], false);
show(player ? 0 : utterances[0].start);
goToLink();
addEventListener("hashchange", goToLink);
