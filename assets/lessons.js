// The list of lessons; `element` is given by gr.HTML. A link works without this by loading the page.

element.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-lesson]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  window.dispatchEvent(new CustomEvent("sadal-go", { detail: { lesson: link.dataset.lesson, step: 1 } }));
});
