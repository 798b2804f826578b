// The live camera; `element`, `props`, `trigger` and `watch` are given by gr.HTML, this runs once.
// One frame is under way at a time: the next leaves when the answer to the last has been drawn,
// so the rate is what the machine can do and nothing queues up.

const root = element.querySelector(".sadal-live");
const words = JSON.parse(root.dataset.words);
const video = root.querySelector("video");
const overlay = root.querySelector("svg");
const button = root.querySelector("button");
const message = root.querySelector(".sadal-live-message");
const meter = root.querySelector(".sadal-live-meter");
const canvas = document.createElement("canvas");

const LONGEST_SIDE = 640; // px sent; the camera is asked for the same
const PATIENCE = 30000; // ms; the first answer may wait for the model to load
const WINDOW = 3000; // ms over which rate and delay are measured

let stream = null;
let number = 0; // of the newest frame sent; an answer to another one is stale
let sent = 0;
let timer = 0;
let answers = []; // [time drawn, ms from capture to drawing, ms on the server]

function say(key) {
  message.textContent = key ? words[key] : "";
}

async function start() {
  say("asking");
  button.disabled = true;
  try {
    const wanted = { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: "user" };
    stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
    const track = stream.getVideoTracks()[0];
    track.addEventListener("ended", () => stop("ended"));
    // People expect a mirror from the camera that looks at them, but not from the other one.
    root.dataset.mirror = String(track.getSettings().facingMode !== "environment");
    video.srcObject = stream;
    await video.play();
  } catch (error) {
    return stop(reasonOf(error) ?? "busy");
  } finally {
    button.disabled = false;
  }
  button.textContent = words.stop;
  root.dataset.running = "true";
  say("");
  send();
}

function stop(reason) {
  stream?.getTracks().forEach((track) => track.stop());
  stream = null;
  clearTimeout(timer);
  number += 1;
  answers = [];
  video.srcObject = null;
  overlay.replaceChildren();
  meter.textContent = "";
  button.textContent = words.start;
  root.dataset.running = "false";
  say(reason);
}

function send() {
  if (!stream) return;
  if (document.hidden || root.offsetParent === null || !video.videoWidth) {
    timer = setTimeout(send, 200); // nobody is looking: the camera stays, the machine rests
    return;
  }
  const scale = Math.min(1, LONGEST_SIDE / Math.max(video.videoWidth, video.videoHeight));
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  sent = performance.now();
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  number += 1;
  trigger("frame", { number, image: canvas.toDataURL("image/jpeg", 0.85) });
  clearTimeout(timer);
  timer = setTimeout(() => stop("slow"), PATIENCE);
}

function draw(answer) {
  const [width, height] = answer.size;
  const mirrored = root.dataset.mirror === "true";
  overlay.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const unit = width / 30;
  overlay.replaceChildren(...answer.faces.map((face) => {
    const [left, top, right, bottom] = face.box;
    const x = mirrored ? width - right : left;
    const group = shape("g", { class: "sadal-track", "data-number": face.number });
    const size = { x, y: top, width: right - left, height: bottom - top, rx: 4 };
    const words = `${face.age} years (${face.interval})`;
    const start = Math.max(0, Math.min(x, width - 0.6 * unit * words.length)); // stays in view
    const label = shape("text", { x: start, y: Math.max(top - unit * 0.5, unit), "font-size": unit });
    label.textContent = words;
    group.append(shape("rect", size), label);
    return group;
  }));
}

function shape(name, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

function measure(now, serverMs) {
  answers.push([now, now - sent, serverMs]);
  answers = answers.filter(([time]) => now - time <= WINDOW);
  if (answers.length < 3) return;
  const seconds = (now - answers[0][0]) / 1000;
  const mean = (column) => answers.reduce((sum, row) => sum + row[column], 0) / answers.length;
  meter.textContent =
    `${((answers.length - 1) / seconds).toFixed(1)} frames/s · ` +
    `${mean(1).toFixed(0)} ms from camera to screen, ${mean(2).toFixed(0)} ms of it estimating`;
}

watch("value", () => {
  const answer = props.value;
  if (!stream || answer?.number !== number) return;
  if (answer.problem) {
    overlay.replaceChildren();
    message.textContent = answer.problem;
  } else {
    draw(answer);
    say(answer.faces.length ? "" : "noface");
  }
  measure(performance.now(), answer.milliseconds);
  requestAnimationFrame(send);
});

button.addEventListener("click", () => (stream ? stop("idle") : start()));
window.addEventListener("pagehide", () => stop("idle"));
