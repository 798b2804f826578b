// The stage's behaviour; `element`, `props`, `trigger` and `watch` are given by gr.HTML, this runs
// once. Other parts may be made after this one.

element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-face]");
  if (!button) return;
  const face = Number(button.dataset.face);
  // Mark the choice at once; the numbers follow from the server.
  for (const other of element.querySelectorAll("[data-face]")) {
    other.setAttribute("aria-pressed", String(Number(other.dataset.face) === face));
  }
  trigger("select", { face });
});

// The button that has forgotten a photo by keyboard can do nothing more, and would lose the focus.
let byKey = false;
document.addEventListener("click", (event) => {
  if (event.target.closest("#sadal-forget")) byKey = event.detail === 0;
});
watch("value", () => {
  // After this frame: the photo part is about to be shown again.
  if (byKey && !props.value) requestAnimationFrame(() => document.querySelector("#sadal-photo button")?.focus());
  byKey = false;
});

// A photo may be pasted anywhere on the page, or dropped on the last result: it takes the same
// way as one that was chosen by hand.
function show(file) {
  const input = document.querySelector("#sadal-photo input[type=file]");
  if (!file || !input) return false;
  const files = new DataTransfer();
  files.items.add(file);
  input.files = files.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
  return true;
}

document.addEventListener("paste", (event) => {
  const shown = document.querySelector("#sadal-photo-tab");
  const file = [...(event.clipboardData?.files ?? [])].find((f) => f.type.startsWith("image/"));
  if (shown?.offsetParent !== null && show(file)) event.preventDefault();
});

element.addEventListener("dragover", (event) => event.preventDefault());
element.addEventListener("drop", (event) => {
  event.preventDefault();
  show(event.dataTransfer?.files?.[0]);
});
