// Gradio's figures tell what they show to those who do not see them; this runs once. A figure is
// several drawings over each other, made again with every value: the first is named, as the part
// is, and the others are passed over.

function name(figure) {
  const label = figure.closest(".block")?.querySelector("[data-testid=block-label]")?.textContent.trim();
  const [first, ...others] = figure.querySelectorAll(".main-svg");
  if (!label || !first || first.getAttribute("aria-label") === label) return;
  first.setAttribute("role", "img");
  first.setAttribute("aria-label", label);
  for (const other of others) other.setAttribute("aria-hidden", "true");
}

const nameAll = () => document.querySelectorAll("[data-testid=plotly]").forEach(name);
new MutationObserver(nameAll).observe(document.body, { subtree: true, childList: true });
nameAll();
