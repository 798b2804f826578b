// Says in the photo part why its camera does not start, or that it was unplugged: Gradio does not
// look at what the browser answers. `element` is given by gr.HTML, this runs once; the photo part
// may be made after this one.

const words = JSON.parse(element.querySelector("[data-words]").dataset.words);
const WAITING = "#sadal-photo [title='grant webcam access']"; // Gradio's, until there is a picture

const message = document.createElement("p");
message.className = "sadal-photo-message";
message.setAttribute("role", "alert");

function say(key) {
  message.textContent = key ? words[key] : "";
  if (key) document.getElementById("sadal-photo").append(message);
}

window.addEventListener("unhandledrejection", (event) => {
  const reason = document.querySelector(WAITING) && reasonOf(event.reason);
  if (!reason) return;
  event.preventDefault(); // it has been said
  say(reason);
});

document.addEventListener("click", (event) => event.target.closest("#sadal-photo") && say(""), true);
document.addEventListener("loadedmetadata", ({ target }) => {
  const track = target.closest("#sadal-photo") && target.srcObject?.getVideoTracks()[0];
  track?.addEventListener("ended", () => {
    document.querySelector("#sadal-photo [data-testid=source-select] button")?.click(); // no still picture
    say("ended");
  });
}, true);
