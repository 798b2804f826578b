// What parts that draw share; `root`, `words` and `props` are theirs.

// The plotly.js of the installed package, loaded once for all parts.
function plotly() {
  window.sadalPlotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = (window.gradio_config?.root ?? "") + root.dataset.plotly;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => reject(new Error(words.failed));
    document.head.append(script);
  });
  return window.sadalPlotly;
}

// Calls `again` when the page turns from light to dark or back.
function onScheme(again) {
  new MutationObserver(again).observe(document.body, { attributes: true, attributeFilter: ["class"] });
}

// The value, which travels as a text; plotly unpacks arrays where they lie, so each call gives its own.
function received() {
  return props.value ? JSON.parse(props.value) : null;
}

