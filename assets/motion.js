// Nothing moves by itself for those who asked their system for that; this runs once. What style
// sheets move is stilled in style.css, here what Gradio moves with the browser's own animations.

const still = matchMedia("(prefers-reduced-motion: reduce)");
const { animate } = Element.prototype;

Element.prototype.animate = function (frames, options) {
  const timing = typeof options === "number" ? { duration: options } : options;
  return animate.call(this, frames, still.matches ? { ...timing, duration: 0, delay: 0, iterations: 1 } : options);
};
