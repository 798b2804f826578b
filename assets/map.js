// The map's behaviour; `element`, `props`, `trigger` and `watch` are given by gr.HTML, this runs
// once. The server sends maps and, apart from them, what is drawn over them; hovering, layers,
// epochs and the linked selection need no server.

const root = element.querySelector(".sadal-map");
const words = JSON.parse(root.dataset.words);
const plots = [...root.querySelectorAll(".sadal-map-plot")];
const card = root.querySelector(".sadal-card");
const slider = root.querySelector(".sadal-epoch input");
const moment = root.querySelector(".sadal-epoch output");
const note = root.querySelector(".sadal-epoch small");
const play = root.querySelector(".sadal-epoch button");
const status = root.querySelector(".sadal-map-status");
const boxes = [...root.querySelectorAll(".sadal-layers input")];

const PLAY_MS = 700; // per epoch
const SETTLE_MS = 150; // a slider that is still moving does not ask the server
const NARROW = 520; // px below which the title goes under the buttons
const CARD = 96; // px of a picture on the card

let base = null; // {key, figures, epochs, sheet}
let marks = [];
let chosen = null; // {layer: [positions in its trace]}; null is all
let timer = 0;
let playing = 0;
let drawing = Promise.resolve();
let asked = false; // for the maps
let seen = ""; // the part of the map that the server was asked for last
let zooming = 0;
let here = null; // {plot, trace, number} of the point that the keyboard is at
let busy = false; // plotly reports its own changes too; only a visitor's count

const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();
const shown = (layer) => boxes.every((box) => box.value !== layer || box.checked);
const lastEpoch = () => (base?.epochs?.length ?? 0) - 1;
const epoch = () => (base?.epochs && Number(slider.value) < lastEpoch() ? Number(slider.value) : null);

function traces(figure, over, main) {
  const frame = main && epoch() !== null ? figure.frames[epoch()].data : [];
  const own = figure.data.map((trace, number) => {
    const { x, y } = frame[number] ?? trace;
    const moved = { ...trace, x, y, visible: shown(trace.meta.layer) };
    if (chosen && moved.type === "scattergl") moved.selectedpoints = chosen[trace.meta.layer] ?? [];
    return moved;
  });
  return own.concat((over?.data ?? []).map((trace) => ({ ...trace, visible: shown(trace.meta.layer) })));
}

function layout(figure, over, plot) {
  const ink = colour("--sadal-quiet");
  const made = structuredClone(figure.layout);
  made.uirevision = base.key;
  made.selectionrevision = base.key;
  made.font = { ...made.font, color: ink };
  made.annotations = (over?.layout?.annotations ?? []).filter((one) => shown(one.name));
  if (plot.clientWidth < NARROW) {
    made.title = { ...made.title, yref: "container", y: 1, yanchor: "top", pad: { t: 34 } };
    made.margin = { ...made.margin, t: 58 };
  }
  made.showlegend = false; // the page has one legend for all views; a saved picture needs its own
  made.legend = { orientation: "h", x: 0, y: -0.14, yanchor: "top" };
  for (const axis of ["xaxis", "yaxis", "zaxis"]) {
    if (made.scene?.[axis]) made.scene[axis].color = ink;
  }
  return made;
}

// Named one by one, so that no button of another version, such as one that sends data, appears.
const BUTTONS = {
  plane: [["pan2d", "zoom2d", "select2d", "lasso2d"], ["zoomIn2d", "zoomOut2d", "resetScale2d"]],
  space: [["orbitRotation", "pan3d", "zoom3d"], ["resetCameraDefault3d"]],
};

const config = (figure) => ({
  displaylogo: false, responsive: true, displayModeBar: true, showLink: false,
  modeBarButtons: figure.layout.scene ? BUTTONS.space : BUTTONS.plane,
});

async function drawNow() {
  if (!base || root.offsetParent === null) return;
  const Plotly = await plotly();
  root.dataset.both = String(base.figures.length > 1);
  for (const [number, plot] of plots.entries()) {
    const figure = base.figures[number];
    plot.hidden = !figure;
    if (!figure) {
      if (plot.on) Plotly.purge(plot);
      plot.dataset.live = "";
      continue;
    }
    const over = marks[number];
    busy = true;
    await Plotly.react(plot, traces(figure, over, number === 0), layout(figure, over, plot), config(figure));
    if (plot.clientWidth !== plot._fullLayout.width) await Plotly.Plots.resize(plot);
    busy = false;
    if (number === 0 && !seen && !figure.layout.scene) seen = JSON.stringify(partOf(plot._fullLayout));
    plot.tabIndex = figure.layout.scene ? -1 : 0; // the keys of map_keys.js are for planes
    if (plot.dataset.live) continue;
    plot.dataset.live = "yes";
    plot.on("plotly_hover", (event) => showCard(event));
    plot.on("plotly_unhover", hideCard);
    plot.on("plotly_click", (event) => pick(event.points[0]));
    plot.on("plotly_selected", (event) => event && !busy && choose(event.points));
    plot.on("plotly_deselect", () => busy || clear());
    plot.on("plotly_relayout", show);
    if (number === 0) plot.on("plotly_relayout", () => zoom(plot));
  }
  root.dataset.ready = base.key;
  root.dataset.epoch = epoch() === null ? "" : String(epoch());
}

// One drawing at a time; what fails is said once, and the page goes on.
function draw() {
  drawing = drawing.then(drawNow).catch((error) => {
    busy = false;
    status.textContent = error.message;
  });
  return drawing;
}

const layerOf = (point) => point.data.meta?.layer;
const isSample = (point) => layerOf(point) === "real" || layerOf(point) === "generated";

function showCard(event) {
  const point = event.points[0];
  if (!isSample(point)) return hideCard();
  const [row, picture, age] = point.customdata;
  const { url, columns } = base.sheet;
  const tile = card.querySelector(".sadal-tile");
  tile.style.backgroundImage = `url("${(window.gradio_config?.root ?? "") + url}")`;
  tile.style.backgroundSize = `${columns * CARD}px auto`;
  tile.style.backgroundPosition = `-${(picture % columns) * CARD}px -${Math.floor(picture / columns) * CARD}px`;
  card.querySelector("p").textContent = words[layerOf(point)].replace("{age}", age);
  card.dataset.row = row;
  card.dataset.layer = layerOf(point);
  const frame = root.getBoundingClientRect();
  const source = event.event ?? { clientX: frame.left, clientY: frame.top };
  const left = source.clientX - frame.left + 14;
  card.style.left = `${Math.max(0, Math.min(left, frame.width - 130))}px`;
  card.style.top = `${source.clientY - frame.top + 14}px`;
  card.hidden = false;
}

function hideCard() {
  card.hidden = true;
}

function pick(point) {
  if (!isSample(point)) return;
  hideCard();
  trigger("pick", { kind: layerOf(point), row: point.customdata[0], epoch: epoch() });
}

// The same faces are marked in both maps, and the server tells what they are.
function choose(points) {
  const rows = { real: [], generated: [] };
  chosen = { real: [], generated: [] };
  for (const point of points.filter(isSample)) {
    chosen[layerOf(point)].push(point.pointNumber);
    rows[layerOf(point)].push(point.customdata[0]);
  }
  draw();
  trigger("choose", rows);
}

function clear() {
  if (!chosen) return;
  chosen = null;
  draw();
  trigger("choose", { real: [], generated: [] });
}

const partOf = ({ xaxis, yaxis }) => ({ x: [...xaxis.range], y: [...yaxis.range] });

// Of a large gallery a part is drawn; where a visitor looks closer, the server sends more.
function zoom(plot) {
  if (!base.drawn || plot._fullLayout.scene) return;
  clearTimeout(zooming);
  zooming = setTimeout(() => {
    const part = partOf(plot._fullLayout);
    if (JSON.stringify(part) === seen) return; // another mode of the mouse, another size
    seen = JSON.stringify(part);
    trigger("zoom", part);
  }, SETTLE_MS);
}

function sayEpoch() {
  const now = base?.epochs?.[Number(slider.value)];
  moment.textContent = now?.number ?? "";
  note.textContent = !now ? words.noEpochs : now.generating ? "" : words.notYet;
}

function toEpoch() {
  sayEpoch();
  hideCard();
  draw();
  clearTimeout(timer);
  timer = setTimeout(() => trigger("epoch", { epoch: epoch() }), SETTLE_MS);
}

function stop() {
  clearInterval(playing);
  playing = 0;
  play.textContent = words.play;
}

function start() {
  if (Number(slider.value) >= lastEpoch()) slider.value = 0;
  else slider.value = Number(slider.value) + 1;
  toEpoch();
  play.textContent = words.stop;
  playing = setInterval(() => {
    if (Number(slider.value) >= lastEpoch() || root.offsetParent === null) return stop();
    slider.value = Number(slider.value) + 1;
    toEpoch();
  }, PLAY_MS);
}

async function save(format) {
  const Plotly = await plotly();
  for (const plot of plots.filter((one) => !one.hidden && one.dataset.live)) {
    const ground = { paper_bgcolor: getComputedStyle(document.body).backgroundColor, showlegend: true };
    const { clientWidth: width, clientHeight: height } = plot;
    const figure = { data: plot.data, layout: { ...plot.layout, ...ground, margin: { ...plot.layout.margin, b: 100 } }, config: {} };
    const filename = plot === plots[0] ? "sadal-map" : "sadal-map-before";
    await Plotly.downloadImage(figure, { format, width, height, scale: 2, filename });
  }
}

function prepareEpochs() {
  const has = Boolean(base.epochs);
  stop();
  slider.disabled = play.disabled = !has;
  slider.max = Math.max(0, lastEpoch());
  slider.value = base.epoch ?? slider.max;
  sayEpoch();
}

function receive() {
  const value = received();
  if (!value) return;
  marks = value.marks ?? [];
  window.dispatchEvent(new CustomEvent("sadal-state", { detail: { view: "map", texts: value.texts } }));
  if (value.figures) {
    if (base?.key !== value.key) seen = "";
    if (base?.drawn || value.drawn) chosen = here = null; // they count the points that were drawn
    base = value;
    status.textContent = value.drawn;
    asked = true;
    root.dataset.sheet = value.sheet.url;
    prepareEpochs();
  } else if (base?.key !== value.key) {
    trigger("open", {}); // an answer with the maps was overtaken by this one
  }
  draw();
}

watch("value", receive);
receive(); // a link may have been answered before this part was made

boxes.forEach((box) => box.addEventListener("change", draw));
slider.addEventListener("input", () => { stop(); toEpoch(); });
play.addEventListener("click", () => (playing ? stop() : start()));
root.querySelector(".sadal-clear").addEventListener("click", clear);
for (const button of root.querySelectorAll("[data-format]")) {
  button.addEventListener("click", () => save(button.dataset.format));
}
root.addEventListener("mouseleave", hideCard);

// Maps are asked for when they are first looked at, and follow the size of the view.
new IntersectionObserver((entries) => {
  if (!entries.some((entry) => entry.isIntersecting)) return;
  if (!asked) {
    plotly().catch(() => {}); // while the server answers; drawing says what failed
    trigger("open", {});
  } else draw();
  asked = true;
}).observe(root);
new ResizeObserver(() => asked && draw()).observe(root);
onScheme(() => asked && draw());
