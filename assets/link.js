// The state of the page in its address; `element`, `props`, `trigger` and `watch` are given by
// gr.HTML, this runs once. Views tell their state; the one that is shown is what the address says.

const root = element.querySelector(".sadal-link");
const { views } = JSON.parse(root.dataset.words); // names of the tabs by what links call them
const field = root.querySelector("input");
const guard = root.querySelector("select");
const copy = root.querySelector("button");
const notes = root.querySelector(".sadal-link-notes");

const states = {}; // texts by view
const arrived = new URLSearchParams(window.location.search);
let held = []; // [element, property, value before] of what a link has locked or hidden
let lesson = null; // {lesson, step} while one is taken

function current() {
  const tab = document.querySelector('#sadal-views [role="tab"][aria-selected="true"]');
  const label = tab?.textContent.trim();
  return Object.keys(views).find((name) => views[name] === label) ?? Object.keys(views)[0];
}

function query(extra) {
  const view = current();
  const made = new URLSearchParams({ view, ...(states[view] ?? {}), ...extra });
  return `?${made.toString().replaceAll("%2C", ",")}`;
}

function tell() {
  const own = lesson ? `?${new URLSearchParams(lesson)}` : query(kept());
  const plain = !lesson && current() === Object.keys(views)[0];
  const address = window.location.pathname + (plain ? "" : own);
  if (address !== window.location.pathname + window.location.search) history.replaceState(null, "", address);
  root.hidden = plain && !notes.childElementCount; // the first view has nothing to link to
  const shared = query(guard.value ? { [guard.value]: "all" } : {});
  field.value = window.location.origin + window.location.pathname + shared;
}

// Locks stay in the address, so that loading the page again does not open them.
function kept() {
  const guards = ["lock", "hide"].map((name) => [name, arrived.get(name)]);
  return Object.fromEntries(guards.filter(([, value]) => value));
}

function hold(ids, property, value) {
  for (const id of ids) {
    const part = document.getElementById(id);
    if (!part) continue;
    held.push([part, property, property === "inert" ? part.inert : part.style.display]);
    if (property === "inert") {
      part.inert = true;
      part.classList.add("sadal-locked");
    } else part.style.display = value;
  }
}

function release() {
  for (const [part, property, before] of held.reverse()) {
    if (property === "inert") {
      part.inert = before;
      part.classList.remove("sadal-locked");
    } else part.style.display = before;
  }
  held = [];
}

watch("value", () => {
  const value = props.value;
  if (!value) return;
  if (value.texts) states[value.view] = value.texts;
  if (value.restored) {
    lesson = value.lesson ? { lesson: value.lesson, step: value.step } : null;
    if (!lesson && !value.fresh) for (const name of ["lock", "hide"]) arrived.delete(name);
    release();
    hold(value.lock, "inert");
    hold(value.hide, "display", "none");
    notes.replaceChildren(...value.notes.map((note) => {
      const item = document.createElement("li");
      item.textContent = note;
      return item;
    }));
    document.body.dataset.restored = String(Date.now());
  }
  tell();
});

window.addEventListener("sadal-state", (event) => {
  states[event.detail.view] = event.detail.texts;
  tell();
});
copy.addEventListener("click", async () => {
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    document.execCommand("copy"); // where the page is not served over https
  }
});
guard.addEventListener("change", tell);
root.querySelector("details").addEventListener("toggle", tell);

const tabs = document.getElementById("sadal-views");
if (tabs) {
  new MutationObserver(tell).observe(tabs, { subtree: true, attributes: true, attributeFilter: ["aria-selected"] });
}
if ([...arrived.keys()].some((name) => ["view", "lesson"].includes(name))) {
  setTimeout(() => trigger("restore", { query: window.location.search }), 0);
}
