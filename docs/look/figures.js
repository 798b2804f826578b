// Draws the figures of a page when they come into sight; their data stand beside their places.
const seen = new IntersectionObserver((entries) => {
  for (const entry of entries.filter((one) => one.isIntersecting)) {
    seen.unobserve(entry.target);
    const place = entry.target.querySelector("div");
    const { data, layout } = JSON.parse(entry.target.querySelector("script").textContent);
    window.Plotly.newPlot(place, data, layout, { displayModeBar: false, responsive: true });
  }
}, { rootMargin: "400px" });
document.querySelectorAll("figure.drawn").forEach((figure) => seen.observe(figure));
