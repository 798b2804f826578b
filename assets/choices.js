// Gradio's drop-down lists let the Tab key go on; this runs once. Gradio opens a list again whose
// box was just left, and the browser would first stop at the list itself, which then closes.

document.addEventListener("keydown", (event) => {
  if (event.key !== "Tab" || !event.target.matches?.("[role=combobox]")) return;
  for (const list of document.querySelectorAll("[role=listbox]")) list.tabIndex = -1;
  event.stopPropagation();
}, true);
