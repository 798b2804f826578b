// Sorting by the heads of the table; `element` and `trigger` are given by gr.HTML. The table is made
// again by the server: the head that was used keeps the focus, and the table its place.

let used = null;

element.addEventListener("click", (event) => {
  const head = event.target.closest("button[data-sort]");
  if (!head) return;
  used = { column: head.dataset.sort, left: head.closest(".sadal-scroll").scrollLeft };
  trigger("sort", { column: used.column });
});

new MutationObserver(() => {
  const head = used && element.querySelector(`button[data-sort="${used.column}"]`);
  if (!head || document.activeElement === head) return;
  head.closest(".sadal-scroll").scrollLeft = used.left;
  head.focus({ preventScroll: true });
  used = null;
}).observe(element, { subtree: true, childList: true });
