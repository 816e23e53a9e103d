// Files to keep: what was recognised, as the package writes it, and what was corrected here.
function download(content, ending, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = `${data.name}.${ending}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

let exported = null; // a promise of an object, ending -> content

function exports() {
  exported ??= new Response(
    new Blob([unpack(byId("exports"))]).stream().pipeThrough(new DecompressionStream("gzip")),
  ).json();
  return exported;
}

if (globalThis.DecompressionStream) byId("exports-of").hidden = false;
byId("export").addEventListener("change", async ({ target }) => {
  const ending = target.value;
  target.value = "";
  const name = ending === ".textgrid" ? "TextGrid" : ending.slice(1);
  download((await exports())[ending], name, "application/octet-stream");
});
