// Where there is no picture: how loud it is, a minute at a time, in the colours of what is expressed.
const WAVEFORM_HZ = 10, WINDOW_S = 60, BAR_PX = 4;
const wave = byId("wave"), comb = wave.getContext("2d");
const peaks = Uint8Array.from(atob(data.waveform), (byte) => byte.charCodeAt(0));

// Returns from when to when is shown: all of a short recording, else the minute that is played.
function minute() {
  const length = Math.min(data.duration, WINDOW_S);
  return [Math.min(Math.floor(position / length) * length, data.duration - length), length];
}

function drawWave() {
  const width = wave.clientWidth, height = wave.clientHeight, ratio = Math.max(1, devicePixelRatio || 1);
  const style = getComputedStyle(wave), [from, length] = minute();
  wave.width = Math.round(width * ratio);
  wave.height = Math.round(height * ratio);
  comb.setTransform(ratio, 0, 0, ratio, 0, 0);
  for (let x = 0; x < width; x += BAR_PX) {
    const start = from + (length * x) / width, end = from + (length * (x + BAR_PX)) / width;
    const first = Math.floor(start * WAVEFORM_HZ), last = Math.max(first + 1, Math.ceil(end * WAVEFORM_HZ));
    const peak = Math.max(0, ...peaks.subarray(first, last)) / 255;
    const one = at((start + end) / 2), isSaid = one && one.start < end && one.end > start;
    comb.fillStyle = isSaid ? data.emotions[one.emotion].colour : style.getPropertyValue("--quiet");
    comb.globalAlpha = end <= position ? 1 : 0.5;
    const bar = Math.max(2, peak * (height - 12));
    comb.fillRect(x, (height - bar) / 2, BAR_PX - 1, bar);
  }
  comb.globalAlpha = 1;
  comb.fillStyle = style.getPropertyValue("--ink");
  comb.fillRect((width * (position - from)) / length - 1, 0, 2, height);
}

wave.addEventListener("click", (event) => {
  const box = wave.getBoundingClientRect(), [from, length] = minute();
  const seconds = from + (length * (event.clientX - box.left)) / box.width;
  goTo(at(seconds), seconds);
});
new ResizeObserver(drawWave).observe(wave);
followers.push(drawWave);
