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

// Parts of a view may be made after this, and made again: what is hidden is hidden by a rule, and
// what is locked is looked for whenever something is made.
const rule = document.head.appendChild(document.createElement("style"));
let locked = [];

function lock() {
  for (const id of locked) {
    const part = document.getElementById(id);
    if (part && !part.inert) part.inert = true;
  }
}

function hold(value) {
  for (const id of locked) document.getElementById(id)?.removeAttribute("inert");
  locked = value.lock;
  lock();
  rule.textContent = value.hide.map((id) => `#${id} { display: none !important; }`).join("\n");
}

watch("value", () => {
  const value = props.value;
  if (!value) return;
  if (value.texts) states[value.view] = value.texts;
  if (value.restored) {
    lesson = value.lesson ? { lesson: value.lesson, step: value.step } : null;
    if (!lesson && !value.fresh) for (const name of ["lock", "hide"]) arrived.delete(name);
    hold(value);
    notes.replaceChildren(...value.notes.map((note) => {
      const item = document.createElement("li");
      item.textContent = note;
      return item;
    }));
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
new MutationObserver(lock).observe(tabs ?? document.body, { subtree: true, childList: true });
if ([...arrived.keys()].some((name) => ["view", "lesson"].includes(name))) {
  setTimeout(() => trigger("restore", { query: window.location.search }), 0);
}
