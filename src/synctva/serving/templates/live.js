"use strict";
const byId = (id) => document.getElementById(id);
const RATE = 16000, PICTURES_HZ = 5, LONGER_SIDE = 480, SHOWN_S = 60;
const SOUND = 1, PICTURE = 2;
let socket = null, media = null, audio = null, sent = 0, timer = null, isOver = false;
const turns = new Map(), lanes = new Map();

// Gives pieces of a tenth of a second at 16 kHz, whatever the microphone's rate.
const WORKLET = `
registerProcessor("pieces", class extends AudioWorkletProcessor {
  constructor() { super(); this.place = 0; this.kept = []; this.piece = new Int16Array(${RATE / 10}); this.filled = 0; }
  process([input]) {
    if (!input.length) return true;
    const step = sampleRate / ${RATE};
    for (let i = 0; i < input[0].length; i++) {
      let sum = 0;
      for (const channel of input) sum += channel[i];
      this.kept.push(sum / input.length);
      if (++this.place >= step) {
        this.place -= step;
        const mean = this.kept.reduce((a, b) => a + b, 0) / this.kept.length;
        this.kept = [];
        this.piece[this.filled++] = Math.max(-32768, Math.min(32767, Math.round(mean * 32768)));
        if (this.filled === this.piece.length) { this.port.postMessage(this.piece.slice()); this.filled = 0; }
      }
    }
    return true;
  }
});`;

function problem(text) {
  byId("problem").textContent = text;
  byId("problem").hidden = !text;
}

function message(kind, seconds, content) {
  const bytes = new Uint8Array(9 + content.byteLength);
  new DataView(bytes.buffer).setUint8(0, kind);
  new DataView(bytes.buffer).setFloat64(1, seconds, true);
  bytes.set(new Uint8Array(content.buffer ?? content), 9);
  return bytes;
}

function canSend() {
  return socket?.readyState === WebSocket.OPEN && !isOver && socket.bufferedAmount < 1 << 21;
}

function hear({ data }) {
  let loudest = 0;
  for (const sample of data) loudest = Math.max(loudest, Math.abs(sample));
  byId("level").style.width = `${Math.min(100, Math.round(loudest / 200))}%`;
  if (canSend()) socket.send(message(SOUND, sent / RATE, data));
  sent += data.length;
}

async function look(canvas) {
  const video = byId("video"), scale = LONGER_SIDE / Math.max(video.videoWidth, video.videoHeight);
  if (!video.videoWidth || !canSend()) return;
  const at = sent / RATE;
  canvas.width = Math.round(video.videoWidth * Math.min(1, scale));
  canvas.height = Math.round(video.videoHeight * Math.min(1, scale));
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.8));
  if (blob && canSend()) socket.send(message(PICTURE, at, await blob.arrayBuffer()));
}

async function begin() {
  problem("");
  byId("begin").disabled = true;
  const sound = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  const wanted = { audio: sound, video: byId("with-camera").checked && { width: 640, height: 480 } };
  try {
    media = await navigator.mediaDevices.getUserMedia(wanted);
  } catch (error) {
    byId("begin").disabled = false;
    return problem(`No microphone${wanted.video ? " or camera" : ""} can be used: ${error.message}. Allow it in the browser${wanted.video ? ", or untick the camera" : ""}.`);
  }
  for (const list of [turns, lanes]) list.clear();
  for (const id of ["said", "lanes"]) byId(id).replaceChildren();
  [sent, isOver] = [0, false];
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live`);
  socket.binaryType = "arraybuffer";
  socket.addEventListener("message", ({ data }) => take(JSON.parse(data)));
  socket.addEventListener("close", ({ code, reason }) => {
    if (!isOver) problem(`The connection ended (${reason || code}).`);
    stop();
  });
  socket.addEventListener("open", listen);
}

async function listen() {
  audio = new AudioContext();
  await audio.audioWorklet.addModule(URL.createObjectURL(new Blob([WORKLET], { type: "text/javascript" })));
  const pieces = new AudioWorkletNode(audio, "pieces", { numberOfOutputs: 0 });
  pieces.port.onmessage = hear;
  audio.createMediaStreamSource(new MediaStream(media.getAudioTracks())).connect(pieces);
  byId("begin").hidden = true;
  byId("end").hidden = byId("seen").hidden = false;
  byId("kept").hidden = true;
  byId("state").textContent = "Listening";
  byId("video").hidden = !media.getVideoTracks().length;
  const canvas = document.createElement("canvas");
  if (media.getVideoTracks().length) {
    byId("video").srcObject = media;
    byId("video").play().catch(() => {});
    timer = setInterval(() => look(canvas), 1000 / PICTURES_HZ);
  }
}

function end() {
  isOver = true;
  byId("end").hidden = true;
  byId("state").textContent = "Recognising the last turn";
  if (socket?.readyState === WebSocket.OPEN) socket.send("eof");
}

function stop() {
  clearInterval(timer);
  media?.getTracks().forEach((track) => track.stop());
  audio?.close().catch(() => {});
  [media, audio, socket] = [null, null, null];
  byId("begin").hidden = byId("begin").disabled = false;
  byId("begin").textContent = "Begin another talk";
  byId("end").hidden = byId("seen").hidden = true;
  if (byId("state").textContent === "Listening") byId("state").textContent = "The talk is over";
}

function take(event) {
  if (event.type === "speech") byId("now-who").textContent = "Somebody speaks";
  else if (event.type === "turn") {
    turns.set(event.id, event);
    show(event);
    if (event.is_final) say(event);
  } else if (event.type === "relabel") relabel(event);
  else if (event.type === "error") problem(event.message);
  else if (event.type === "end") {
    isOver = true;
    const link = document.createElement("a");
    link.href = `${event.recognition}/page`;
    link.className = "button";
    link.textContent = "Open the page of this talk";
    byId("kept").replaceChildren(link);
    byId("kept").hidden = false;
    byId("state").textContent = `${event.turns} turn${event.turns === 1 ? "" : "s"} in ${clock(event.at_s)}`;
  }
  draw();
}

function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

function percent(share) {
  return Math.round(100 * share);
}

function doubt(turn) {
  if (turn.flags.includes("no_evidence")) return "No evidence: neither words, voice nor face show an emotion.";
  const unlike = turn.flags.filter((flag) => flag.endsWith("_unlike_training")).map((flag) => flag.split("_")[0]);
  if (unlike.length) return `Thin evidence: ${unlike.join(" and ")} unlike what the model learnt from.`;
  if (turn.probabilities[turn.emotion] < 0.5) return "Unsure: less likely than all others together.";
  return "";
}

function show(turn) {
  const emotion = turn.emotion ?? "";
  byId("now").className = `now ${emotion && `e-${emotion}`}`;
  byId("now-face").setAttribute("href", `#face-${emotion || "neutral"}`);
  byId("now-emotion").textContent = emotion ? `${emotion} ${percent(turn.probabilities[emotion])} %` : "no emotion";
  byId("now-who").textContent = `${turn.speaker || "somebody"} · ${clock(turn.start_s)}–${clock(turn.end_s)}${turn.is_final ? "" : " …"}`;
  byId("now-words").textContent = turn.text ?? "";
  byId("now-thin").textContent = doubt(turn);
  byId("now-thin").hidden = !doubt(turn);
  byId("now-bars").replaceChildren(
    ...Object.entries(turn.probabilities).map(([name, share]) => bar(name, share, `${percent(share)} %`, `e-${name}`)),
  );
  const parts = Object.entries(turn.contributions);
  byId("now-parts").replaceChildren(
    ...(parts.length > 1 ? parts : []).map(([name, share]) =>
      bar(name, Math.abs(share), `${share < 0 ? "−" : "+"}${percent(Math.abs(share))}`, "", share < 0),
    ),
  );
}

function bar(name, share, told, kind, isLess = false) {
  const row = document.createElement("div"), value = document.createElement("dd"), filled = document.createElement("i");
  row.className = kind;
  filled.style.width = `${Math.min(100, percent(share))}%`;
  filled.classList.toggle("minus", isLess);
  value.append(filled);
  row.append(made("dt", name), value, made("span", told));
  return row;
}

function made(tag, content, kind = "") {
  const element = document.createElement(tag);
  element.textContent = content;
  element.className = kind;
  return element;
}

function say(turn) {
  const row = document.createElement("li"), said = document.createElement("div"), what = document.createElement("div");
  said.append(made("p", turn.speaker, "who"), made("p", turn.text ?? ""));
  what.className = `what e-${turn.emotion}`;
  what.innerHTML = '<svg class="face" aria-hidden="true"><use/></svg>';
  what.querySelector("use").setAttribute("href", `#face-${turn.emotion ?? "neutral"}`);
  const isLow = turn.emotion && turn.probabilities[turn.emotion] < 0.5;
  what.append(made("span", turn.emotion ? `${turn.emotion}${isLow ? "?" : ""} ${percent(turn.probabilities[turn.emotion])} %` : "no emotion"));
  row.dataset.turn = turn.id;
  row.append(made("time", clock(turn.start_s)), said, what);
  byId("said").prepend(row);
}

function relabel({ into, turns: changed }) {
  for (const id of changed) {
    if (turns.has(id)) turns.get(id).speaker = into;
    const row = byId("said").querySelector(`[data-turn="${id}"] .who`);
    if (row) row.textContent = into;
  }
}

function draw() {
  const now = Math.max(sent / RATE, ...[...turns.values()].slice(-3).map((turn) => turn.end_s), 0);
  const from = Math.max(0, now - SHOWN_S), length = Math.max(now - from, 10);
  const shown = new Map();
  for (const turn of turns.values()) {
    if (turn.end_s < from) continue;
    const who = turn.speaker || "…";
    if (!shown.has(who)) shown.set(who, []);
    shown.get(who).push(turn);
  }
  if (!shown.size) return;
  byId("lanes").replaceChildren(
    ...[...shown].map(([who, own]) => {
      const lane = made("div", "", "lane"), strip = made("div", "", "strip");
      for (const turn of own) {
        const block = made("i", "", `e-${turn.emotion} ${turn.is_final ? "" : "open"}`);
        block.style.left = `${(100 * Math.max(0, turn.start_s - from)) / length}%`;
        block.style.width = `${(100 * (turn.end_s - Math.max(from, turn.start_s))) / length}%`;
        block.title = `${clock(turn.start_s)} ${turn.emotion ?? "no emotion"}`;
        strip.append(block);
      }
      lane.append(made("bdi", who), strip);
      return lane;
    }),
  );
  byId("scale").hidden = false;
  byId("from").textContent = clock(from);
}

setInterval(() => socket && draw(), 250);
byId("begin").addEventListener("click", begin);
byId("end").addEventListener("click", end);
