// A lesson, step by step; `element`, `props`, `trigger` and `watch` are given by gr.HTML, this runs
// once. What is answered stays in the browser and on the way to the server that checks it.

const root = element.querySelector(".sadal-lesson");
// A rule, because the part may be made after this, and made again.
const rule = document.head.appendChild(document.createElement("style"));

function point(id) {
  const look = "outline: 3px solid var(--sadal-accent); outline-offset: 3px; border-radius: 6px;";
  rule.textContent = id ? `#${id} { ${look} }` : "";
}

function go(name, step) {
  trigger("go", { lesson: name, step });
}

watch("value", () => {
  const value = props.value;
  if (!value) return;
  if (value.said !== undefined) { // to an answer
    const words = root.querySelector(".sadal-lesson-said");
    if (!words) return;
    words.textContent = value.said;
    words.dataset.right = String(value.right);
    return;
  }
  root.innerHTML = value.html;
  root.hidden = !value.html;
  point(value.look);
  if (value.html) {
    root.querySelector("h2")?.focus({ preventScroll: true });
    root.scrollIntoView({ block: "start", behavior: "auto" });
  }
});

root.addEventListener("click", (event) => {
  const button = event.target.closest("[data-go]");
  if (button) go(button.dataset.go, Number(button.dataset.step));
});
root.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  const given = new FormData(form).get("answer") ?? "";
  trigger("answer", { lesson: form.dataset.lesson, step: Number(form.dataset.step), answer: String(given) });
});
window.addEventListener("sadal-go", (event) => go(event.detail.lesson, event.detail.step));
