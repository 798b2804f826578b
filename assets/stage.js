// The stage's behaviour; `element` and `trigger` are given by gr.HTML, this runs once.

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
