// The map by keyboard, in the scope of map.js: arrows go from point to point, Enter chooses.

const STEP = 6; // px that an arrow goes at least; what is nearer can hardly be told apart
const LEAP = 60; // px with Shift
const ASIDE = 2; // a px to the side counts as much as so many ahead
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const ring = root.querySelector(".sadal-ring");
const spoken = root.querySelector(".sadal-unseen");

// Where a point is, in px from the corner of the axes; null where it is not in view.
function placed(plot, trace, number) {
  const { xaxis, yaxis } = plot._fullLayout;
  const x = xaxis.l2p(trace.x[number]);
  const y = yaxis.l2p(trace.y[number]);
  const inside = x >= 0 && y >= 0 && x <= xaxis._length && y <= yaxis._length;
  return inside ? { plot, trace: trace.index, number, x, y } : null;
}

function inView(plot) {
  return plot._fullData
    .filter((trace) => trace.visible === true && isSample({ data: trace }))
    .flatMap((trace) => Array.from(trace.x, (_, number) => placed(plot, trace, number)))
    .filter(Boolean);
}

const nearest = (points, cost) => {
  const costs = points.map(cost);
  const least = Math.min(...costs);
  return least < Infinity ? points[costs.indexOf(least)] : null;
};

// The anchor of the quadruplet that is drawn, or the middle of the map.
function beginning(plot) {
  const anchor = plot._fullData.find((trace) => trace.name === "anchor" && trace.visible === true);
  const { xaxis, yaxis } = plot._fullLayout;
  const start = (anchor && placed(plot, anchor, 0)) ?? { x: xaxis._length / 2, y: yaxis._length / 2 };
  return nearest(inView(plot), ({ x, y }) => Math.hypot(x - start.x, y - start.y));
}

function towards(plot, [right, down], least) {
  const from = here?.plot === plot && placed(plot, plot._fullData[here.trace], here.number);
  if (!from) return beginning(plot);
  return nearest(inView(plot), ({ x, y }) => {
    const ahead = right * (x - from.x) + down * (y - from.y);
    const aside = Math.abs(down * (x - from.x) + right * (y - from.y));
    return ahead < least || aside > ahead ? Infinity : ahead + ASIDE * aside;
  });
}

function leave() {
  ring.hidden = true;
  hideCard();
}

// Puts ring and card at the point; it moves when the map is drawn again.
function show() {
  const at = here && document.activeElement === here.plot && !here.plot._fullLayout.scene
    && here.plot._fullData[here.trace] && placed(here.plot, here.plot._fullData[here.trace], here.number);
  if (!at) return leave();
  const corner = here.plot.querySelector(".nsewdrag").getBoundingClientRect();
  const frame = root.getBoundingClientRect();
  const [x, y] = [corner.left + at.x, corner.top + at.y];
  ring.style.left = `${x - frame.left}px`;
  ring.style.top = `${y - frame.top}px`;
  ring.hidden = false;
  showCard({ points: [pointHere()], event: { clientX: x, clientY: y } });
}

function pointHere() {
  const trace = here.plot._fullData[here.trace];
  return { data: trace, customdata: trace.customdata[here.number], pointNumber: here.number };
}

function press(plot, event) {
  if (event.target !== plot || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === "Escape") return leave();
  if (event.key === "Enter" && here?.plot === plot && !ring.hidden) pick(pointHere());
  const way = WAYS[event.key];
  if (!way && event.key !== "Enter") return;
  event.preventDefault();
  if (!way) return;
  here = towards(plot, way, event.shiftKey ? LEAP : STEP) ?? here;
  show();
  spoken.textContent = ring.hidden ? "" : card.textContent.trim();
}

for (const plot of plots) {
  plot.addEventListener("keydown", (event) => plot._fullLayout && press(plot, event));
  plot.addEventListener("focus", show);
  plot.addEventListener("blur", leave);
}
new MutationObserver(show).observe(root, { attributes: true, attributeFilter: ["data-epoch"] });
