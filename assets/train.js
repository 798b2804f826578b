// The lab; `element`, `props`, `trigger` and `watch` are given by gr.HTML, this runs once. The
// server trains for a moment and sends what has changed; the next moment is asked for when the
// answer is here, so training pauses where nobody looks and nothing queues up.

const root = element.querySelector(".sadal-lab");
const words = JSON.parse(root.dataset.words);
const plots = Object.fromEntries(
  [...root.querySelectorAll("[data-plot]")].map((plot) => [plot.dataset.plot, plot]));
const bar = root.querySelector(".sadal-lab-bar");
const play = bar.querySelector("[data-play]");
const reset = bar.querySelector("[data-reset]");
const steps = [...bar.querySelectorAll("[data-turn]")];
const speed = bar.querySelector("select");
const moment = bar.querySelector("output");
const rate = bar.querySelector(".sadal-lab-rate");
const status = root.querySelector(".sadal-lab-status");
const alarms = root.querySelector(".sadal-lab-alarms");
const table = root.querySelector(".sadal-lab-numbers table");
const csv = root.querySelector("[data-csv]");

// Turns in a frame, and ms from one frame to the next, by speed.
const SPEEDS = { slow: [1, 500], medium: [1, 100], fast: [50, 0] };
const REMIND_MS = 15000; // until the server is asked again: an answer can be lost on its way
const PATIENCE_MS = 90000; // for one answer; a machine that many share can be slow
const WAIT_MS = 1000; // until a place is asked for again
const TELL_MS = 2000; // between two changes of the address while playing
const RATE_MS = 3000; // over which turns per second are counted

let figures = null; // by name, as the server sent them
let texts = {}; // the state of the start, as links have it
let told = 0; // when the address was last changed
let records = [];
let earlier = []; // of the run before, drawn faintly for comparison
let now = null; // the last frame
let playing = false;
let asking = false; // an answer is on its way
let question = 0; // number of the last one; of two answers to it the first counts
let patience = 0;
let next = 0;
let asked = 0; // when the last frame was asked for
let counts = []; // [time, turn] of the last frames
let drawing = Promise.resolve();
let stale = false; // a drawing waits for its turn
const commands = new MutationObserver(sayCommand); // one comes apart from its frame, and maybe later

const visible = () => root.offsetParent !== null && !document.hidden;
const ink = () => getComputedStyle(root).getPropertyValue("--sadal-quiet").trim();

function moved(trace, name) {
  if (trace.meta.layer) return { ...trace, ...now.points[name][trace.meta.layer] };
  const of = (rows) => ({ x: rows.map((row) => row.turn), y: rows.map((row) => row[trace.meta.series]) });
  return { ...trace, ...of(records) };
}

function traces(name) {
  const own = figures[name].data.map((trace) => moved(trace, name));
  if (!earlier.length) return own;
  const before = own.filter((trace) => trace.meta.series).map((trace) => ({
    ...trace, opacity: 0.35, showlegend: false, hoverinfo: "skip", hovertemplate: undefined,
    line: { ...trace.line, width: 1 },
    x: earlier.map((row) => row.turn), y: earlier.map((row) => row[trace.meta.series]),
  }));
  return before.concat(own);
}

function layout(name) {
  const made = structuredClone(figures[name].layout);
  const color = ink();
  made.font = { ...made.font, color };
  made.uirevision = name;
  for (const axis of ["xaxis", "yaxis", "yaxis2"]) if (made[axis]) made[axis].color = color;
  return made;
}

async function drawNow() {
  stale = false;
  if (!now || !visible()) return;
  const Plotly = await plotly();
  for (const [name, plot] of Object.entries(plots)) {
    if (plot.dataset.drawn === `${now.run}/${records.length}` && !plot.dataset.plot.match(/features|metric/)) continue;
    await Plotly.react(plot, traces(name), layout(name), { displayModeBar: false, responsive: true });
    plot.dataset.drawn = `${now.run}/${records.length}`;
  }
  root.dataset.turn = now.turn;
  root.dataset.run = now.run;
}

// What arrives while the last picture is being drawn waits for it, and only the newest is drawn.
function draw() {
  if (stale) return drawing;
  stale = true;
  drawing = drawing.then(drawNow).catch((error) => { status.textContent = error.message; });
  return drawing;
}

function numbers() {
  const last = records[records.length - 1] ?? {};
  table.replaceChildren(...words.detectors.map(([key, label, digits, unit]) => {
    const row = document.createElement("tr");
    const head = document.createElement("th");
    head.scope = "row";
    head.textContent = label;
    const cell = document.createElement("td");
    const value = last[key];
    cell.textContent = typeof value === "number" ? `${value.toFixed(digits)} ${unit}`.trim() : "–";
    cell.dataset.key = key;
    row.append(head, cell);
    return row;
  }));
  alarms.replaceChildren(...(last.turn > 0 ? last.alarms : []).map((alarm) => {
    const item = document.createElement("li");
    item.textContent = alarm;
    return item;
  }));
}

function buttons() {
  const left = now?.left > 0;
  const done = !now || now.finished || Boolean(now.problem);
  play.disabled = done || left;
  play.textContent = playing ? words.pause : words.play;
  reset.disabled = !now;
  csv.disabled = !records.length;
  const reasons = { generator: words.notGenerator, metric: words.notMetric };
  for (const button of steps) {
    const can = now?.possible.includes(button.dataset.turn);
    button.disabled = done || left || playing || !can;
    button.title = now && !can ? reasons[button.dataset.turn] ?? "" : "";
  }
}

function say() {
  const fill = (text, values) => text.replace(/{(\w+)}/g, (_, name) => values[name]);
  moment.textContent = now ? fill(words.turn, { turn: now.turn }) : "";
  if (now?.problem) status.textContent = now.problem;
  else if (now?.left) status.textContent = fill(words.replaying, { left: now.left });
  else if (now?.finished) status.textContent = words.finished;
  else status.textContent = "";
  sayCommand();
  const time = performance.now();
  counts = counts.filter(([when]) => time - when < RATE_MS);
  const [first] = counts;
  const turns = playing && counts.length > 2 ? (now.turn - first[1]) / ((time - first[0]) / 1000) : 0;
  rate.textContent = turns ? fill(words.rate, { rate: turns.toFixed(turns < 10 ? 1 : 0) }) : "";
}

function sayCommand() {
  const command = document.querySelector("#sadal-lab-command .sadal-command");
  if (!command || !now) return;
  command.dataset.template ??= command.textContent;
  const told = command.dataset.template.replace("{turns}", now.turns || "0b");
  if (command.textContent !== told) command.textContent = told;
}

// The state of this view, for the address, which browsers do not let change many times a second.
function tell() {
  if (!now || (playing && performance.now() - told < TELL_MS)) return;
  told = performance.now();
  const turns = now.turns ? { turns: now.turns } : {};
  window.dispatchEvent(new CustomEvent("sadal-state", { detail: { view: "train", texts: { ...texts, ...turns } } }));
}

function ask(turn, count) {
  if (asking || !now) return;
  asking = true;
  root.dataset.asking = "yes";
  asked = performance.now();
  question += 1;
  send(turn, count);
}

function send(turn, count) {
  clearTimeout(patience);
  patience = setTimeout(remind, REMIND_MS);
  trigger("turn", { question, turn, count, have: records.length, turns: now.turns, run: now.run });
}

// Asks for what there is, without a further turn: those of a lost answer have been taken.
function remind() {
  if (performance.now() - asked < PATIENCE_MS) return send("again", 0);
  settle();
  pause();
  status.textContent = words.slow;
}

function settle() {
  asking = false;
  delete root.dataset.asking;
  clearTimeout(patience);
}

function go() {
  clearTimeout(next);
  if (now?.left) return ask("again", 0);
  if (!playing) return;
  if (!visible()) return pause();
  ask("both", SPEEDS[speed.value][0]);
}

function pause() {
  if (playing) trigger("rest", {});
  playing = false;
  counts = [];
  clearTimeout(next);
  buttons();
  tell();
  rate.textContent = "";
}

function take(frame) {
  if (frame.waiting) {
    status.textContent = words.waiting.replace("{seats}", frame.seats).replace("{place}", frame.waiting);
    next = setTimeout(go, WAIT_MS);
    return;
  }
  if (frame.from !== records.length) records = records.slice(0, frame.from);
  records = records.concat(frame.records);
  now = frame;
  counts.push([performance.now(), now.turn]);
  if (now.problem || now.finished) pause();
  numbers();
  buttons();
  say();
  if (!now.left) tell();
  const wait = now.left ? 0 : SPEEDS[speed.value][1] - (performance.now() - asked);
  if (wait > 0) next = setTimeout(go, wait);
  else go(); // before drawing, so that the server works meanwhile
  draw();
}

function receive() {
  const value = received();
  if (!value) return;
  if (value.figures) {
    const part = document.getElementById("sadal-lab-command");
    if (part) commands.observe(part, { subtree: true, childList: true });
    const same = figures && value.frame.run !== now?.run && value.figures.features.layout.xaxis.title.text === figures.features.layout.xaxis.title.text;
    if (value.frame.run !== now?.run) earlier = same && records.length > 1 ? records : same ? earlier : [];
    figures = value.figures;
    texts = value.texts;
    records = [];
    settle();
    take(value.frame);
    return;
  }
  if (now && value.run !== now.run) return; // of a training that has been replaced
  if (!asking || value.question !== question) return; // answered already
  settle();
  if (value.refused) return pause(); // the note beside the settings says why
  take(value);
}

watch("value", receive);

play.addEventListener("click", () => {
  if (playing) return pause();
  playing = true;
  buttons();
  go();
});
for (const button of steps) button.addEventListener("click", () => ask(button.dataset.turn, 1));
reset.addEventListener("click", () => { pause(); trigger("reset", {}); });
csv.addEventListener("click", () => {
  const names = Object.keys(records[0]);
  const cell = (value) => (value === null ? "" : Array.isArray(value) ? `"${value.join(" ")}"` : String(value));
  const lines = [names, ...records.map((row) => names.map((name) => cell(row[name])))];
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([lines.map((line) => line.join(",")).join("\n") + "\n"], { type: "text/csv" }));
  link.download = "sadal-lab.csv";
  link.click();
  URL.revokeObjectURL(link.href);
});

let opened = false;
new IntersectionObserver((entries) => {
  if (!entries.some((entry) => entry.isIntersecting)) return;
  if (!opened && !now) {
    plotly().catch(() => {});
    trigger("open", {});
  } else draw();
  opened = true;
}).observe(root);
new ResizeObserver(() => opened && draw()).observe(root);
onScheme(() => {
  for (const plot of Object.values(plots)) delete plot.dataset.drawn;
  draw();
});
receive(); // a link may have been answered before this part was made
