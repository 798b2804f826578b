// Draws a figure that the server sends; `element`, `props` and `watch` are given by gr.HTML.

const root = element.querySelector(".sadal-plot");
const words = JSON.parse(root.dataset.words);
const [plot, status] = root.children;
const CONFIG = { displayModeBar: false };

let figure = null;
let drawing = Promise.resolve();

async function drawNow() {
  if (!figure || root.offsetParent === null) return;
  const Plotly = await plotly();
  const ink = getComputedStyle(root).getPropertyValue("--sadal-quiet").trim();
  figure.layout.font = { ...figure.layout.font, color: ink };
  await Plotly.react(plot, figure.data, figure.layout, CONFIG);
  if (plot.clientWidth !== plot._fullLayout.width) await Plotly.Plots.resize(plot);
}

// One drawing at a time; what fails is said once, and the page goes on.
function draw() {
  drawing = drawing.then(drawNow).catch((error) => {
    status.textContent = error.message;
  });
}

function receive() {
  figure = received() ?? figure;
  draw();
}

watch("value", receive);
receive();
onScheme(draw);
new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && draw()).observe(root);
let width = 0;
new ResizeObserver(() => {
  if (root.clientWidth === width) return; // drawing changes the height for a moment
  width = root.clientWidth;
  draw();
}).observe(root);
