"use strict";
// Draws every figure of the page from the JSON that its element carries.
for (const element of document.querySelectorAll("[data-figure]")) {
  const figure = JSON.parse(element.dataset.figure);
  Plotly.newPlot(element, figure.data, figure.layout, {
    responsive: true,
    displaylogo: false,
    modeBarButtons: [["toImage"]],
    toImageButtonOptions: { format: "svg" },
  });
}
// Paper is narrower than the window: figures follow before and after printing.
const resize = () => {
  for (const element of document.querySelectorAll("[data-figure]")) Plotly.Plots.resize(element);
};
matchMedia("print").addEventListener("change", resize);
