// Says that the server is gone, and loads the page again when it is back; `element` is given by
// gr.HTML, this runs once. It asks nothing while all is well: only when a request has failed, or
// the stream that Gradio keeps open for the whole visit has ended, is one light address asked, and
// every few seconds for as long as nobody answers.

const root = element.querySelector(".sadal-lost");
const words = JSON.parse(root.dataset.words);
const AGAIN_MS = 3000;
const PATIENCE_MS = 10000; // for one answer; a machine that many share can be slow
const VISIT = "/heartbeat/"; // in the address of that stream
const ANSWERS = "/queue/data"; // of another, which Gradio breaks off itself when all is answered
const { root: origin, api_prefix: api, app_id: own } = window.gradio_config;
const address = new URL(`${origin}${api}/app_id`, window.location.href).href;

let asking = false;
let leaving = false;
let timer = 0;

// "here"; "gone"; or "another": a server that was started anew knows nothing of this page.
async function ask() {
  try {
    const answer = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    if (answer.status >= 500) return "gone"; // said by what stands before the server
    const told = await answer.json().catch(() => ({}));
    return told.app_id === own ? "here" : "another";
  } catch {
    return "gone";
  }
}

async function look() {
  if (asking || leaving) return;
  asking = true;
  clearTimeout(timer);
  const found = await ask();
  asking = false;
  if (leaving) return;
  if (found === "another") return window.location.reload(); // the address holds the settings
  say(found === "gone");
  if (found === "gone") timer = setTimeout(look, AGAIN_MS);
}

function say(gone) {
  if (gone === Boolean(root.childElementCount)) return;
  if (!gone) return root.replaceChildren();
  const [title, sentence, button] = ["strong", "p", "button"].map((tag) => document.createElement(tag));
  title.textContent = words.title;
  sentence.textContent = words.sentence;
  button.type = "button";
  button.className = "sadal-button";
  button.textContent = words.look;
  button.addEventListener("click", look);
  root.replaceChildren(title, sentence, button);
}

const failed = ({ name, responseStatus }) =>
  name.startsWith(window.location.origin) && name !== address && !name.includes(ANSWERS)
  && (responseStatus === 0 || name.includes(VISIT));

new PerformanceObserver((list) => list.getEntries().some(failed) && look())
  .observe({ type: "resource", buffered: true });
window.addEventListener("offline", look);
window.addEventListener("online", look);
window.addEventListener("pagehide", () => { leaving = true; });
window.addEventListener("pageshow", () => { leaving = false; });
