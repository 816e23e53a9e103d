// The slim timeline: all speakers in one lane, at the top of the window while the large one is out of sight.
const strip = byId("strip"), ribbon = byId("ribbon"), band = byId("strip-canvas");
const brush = band.getContext("2d");

function drawStrip() {
  if (strip.hidden) return;
  const width = ribbon.clientWidth, height = ribbon.clientHeight, ratio = Math.max(1, devicePixelRatio || 1);
  band.width = Math.round(width * ratio);
  band.height = Math.round(height * ratio);
  brush.setTransform(ratio, 0, 0, ratio, 0, 0);
  for (const one of utterances) {
    brush.globalAlpha = one.shown ? 1 : 0.13;
    brush.fillStyle = data.emotions[one.emotion].colour;
    const left = (width * one.start) / data.duration;
    brush.fillRect(left, 3, Math.max(1.5, (width * (one.end - one.start)) / data.duration - 0.5), height - 6);
  }
  const { name, face, colour } = data.emotions[selected.emotion];
  byId("strip-face").setAttribute("href", `#face-${face}`);
  byId("strip-now").textContent = `${name} ${percentOf(selected)}`;
  strip.style.setProperty("--c", colour);
}

function moveStrip(seconds) {
  byId("strip-head").style.left = `${(100 * seconds) / data.duration}%`;
}

new IntersectionObserver(([{ isIntersecting, boundingClientRect }]) => {
  strip.hidden = isIntersecting || boundingClientRect.top > 0;
  document.documentElement.style.setProperty("--strip", `${strip.offsetHeight}px`);
  drawStrip();
}).observe(scroller);
ribbon.addEventListener("click", (event) => {
  const box = ribbon.getBoundingClientRect();
  const seconds = (data.duration * (event.clientX - box.left)) / box.width;
  goTo(at(seconds), seconds);
});
new ResizeObserver(drawStrip).observe(ribbon);
watchers.push(drawStrip);
followers.push(moveStrip);
