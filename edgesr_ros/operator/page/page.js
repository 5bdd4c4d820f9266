// Puts together what the node tells and what the operator does.

import { Connection } from "./connection.js";
import { Controls } from "./controls.js";
import { Minute } from "./minute.js";
import { showNodes, showRobots } from "./reports.js";
import { Screen, duration, factsOf, markOf } from "./screen.js";

const LATE_MS = 300; // from where the age is marked
const OLD_MS = 1000;
const TICK_MS = 200;

const $ = (id) => document.getElementById(id);
const screens = new Map();
const asked = new Map(); // parameters that were set and not answered
let focused = null;
let stale = {};
let minute = null;
let comparing = false;
let recording = null;
let numbers = 0;

if (location.hash.length > 1) {
  sessionStorage.setItem("token", location.hash.slice(1));
  history.replaceState(null, "", location.pathname);
}

const charts = new Minute($("minute"));
const controls = new Controls($("controls"), setParameter);
const connection = new Connection({ state: connectionBecame, message, picture });

function connectionBecame(state, reason) {
  if (state !== "open") for (const answer of asked.values()) answer("the connection was lost");
  if (reason === "wrong token") $("login").showModal();
  $("note").textContent = state === "refused" ? reason : "";
  tick();
}

function message(kind, told) {
  if (kind === "cameras") setCameras(told.names);
  else if (kind === "stale") stale = told.cameras;
  else if (kind === "minute") minute = told;
  else if (kind === "robots") showRobots($("robots"), told.figures);
  else if (kind === "nodes") showNodes($("nodes"), told.nodes);
  else if (kind === "parameters") controls.show(told.nodes);
  else if (kind === "recording") showRecording(told);
  else if (kind === "answer") asked.get(told.id)?.(told.reason);
  if (kind === "stale") tick();
  if (minute && kind === "minute") charts.show(minute, focused);
}

function picture(header, jpeg) {
  screens.get(header.camera)?.draw(header, jpeg);
}

function setCameras(names) {
  if (names.join() === [...screens.keys()].join()) {
    for (const screen of screens.values()) screen.header = null; // another node's numbers
    return;
  }
  screens.clear();
  for (const name of names) {
    const screen = new Screen(name, (header) => {
      connection.send({ do: "seen", camera: name, id: header.id });
      if (name === focused) tick();
    });
    screens.set(name, screen);
    screen.figure.addEventListener("click", () => focus(name));
    screen.figure.addEventListener("keydown", ({ key }) => key === "Enter" && focus(name));
    screen.canvas.addEventListener("pointerdown", () => name === focused && compare(true));
  }
  $("cameras").replaceChildren(...[...screens.values()].map(({ figure }) => figure));
  $("cameras").dataset.count = names.length;
  choose(names[0]);
}

function choose(name) {
  focused = name;
  for (const [other, { figure }] of screens) {
    figure.classList.toggle("focused", other === name);
    figure.setAttribute("aria-pressed", other === name);
    if (other === name) figure.append($("alarm"));
  }
  if (minute) charts.show(minute, focused);
  tick();
}

function focus(name) {
  if (name === focused) return;
  compare(false);
  choose(name);
  connection.send({ do: "focus", camera: name });
}

function tick() {
  const screen = screens.get(focused);
  const header = screen?.header ?? null;
  const age = header && header.method !== "notice" ? connection.age(header.taken_ms) : null;
  const lost = connection.state !== "open";
  const isStale = stale[focused] ?? false;
  $("age-value").textContent = age ? duration(age.ms) : header ? "age ?" : "–";
  $("age-error").textContent = age ? `± ${Math.ceil(header.uncertainty_ms + age.error)} ms old` : "not known";
  $("rate-value").textContent = screen ? screen.rate().toFixed(screen.rate() < 9.95 ? 1 : 0) : "–";
  const mark = markOf(header);
  $("mark").dataset.kind = mark.kind;
  $("mark-name").textContent = mark.name;
  $("mark-text").textContent = mark.text;
  $("facts").textContent = factsOf(header);
  let state = "fresh";
  if (lost) state = "lost";
  else if (!header || header.method === "notice") state = "waiting";
  else if (isStale) state = "stale";
  else if (age && age.ms > OLD_MS) state = "old";
  else if (age && age.ms > LATE_MS) state = "late";
  $("stage").dataset.state = state;
  const alarm = { lost: "NO CONNECTION", stale: "STALE", waiting: header ? "" : "NO PICTURE YET" }[state] ?? "";
  if ($("alarm").textContent !== alarm) $("alarm").textContent = alarm;
  document.title = alarm ? `${alarm} – Operator` : "Operator";
  for (const [name, { figure, caption, header: its }] of screens) {
    figure.classList.toggle("stale", lost || (stale[name] ?? false));
    const its_age = its ? connection.age(its.taken_ms) : null;
    caption.textContent = `${name}  ${stale[name] ? "STALE " : ""}${its_age ? duration(its_age.ms) : ""}`;
  }
}

function compare(on) {
  if (on === comparing || focused === null) return;
  comparing = on;
  $("compare").setAttribute("aria-pressed", on);
  connection.send({ do: "compare", camera: focused, on });
}

async function snapshot() {
  const header = screens.get(focused)?.header;
  if (!header) return;
  const query = new URLSearchParams({ camera: focused, id: header.id, compared: header.compared });
  const headers = { Authorization: `Bearer ${sessionStorage.getItem("token") ?? ""}` };
  const answer = await fetch(`snapshot?${query}`, { headers });
  if (!answer.ok) {
    $("note").textContent = `no snapshot: ${answer.statusText}`;
    return;
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = `${focused.replaceAll("/", "_")}_${header.stamp_ns}.png`;
  link.click();
  URL.revokeObjectURL(link.href);
  $("note").textContent = `Snapshot: ${link.download}`;
}

function showRecording({ state, problem, saved }) {
  recording = state;
  $("record").setAttribute("aria-pressed", state !== null);
  const going = state && `Stop  ${state.seconds.toFixed(0)} s · ${(state.bytes / 1e6).toFixed(1)} MB`;
  $("record-text").textContent = going ?? "Record";
  const dropped = state?.dropped ? `${state.dropped} messages were too fast for the disk` : "";
  const note = problem || state?.problem || dropped || (saved && `Recorded: ${saved}`);
  if (note) $("note").textContent = note;
}

function record() {
  connection.send({ do: "record", on: recording === null });
}

function setParameter(node, name, value) {
  const id = (numbers += 1);
  return new Promise((resolve) => {
    asked.set(id, (reason) => {
      asked.delete(id);
      resolve(reason);
    });
    if (connection.state === "open") connection.send({ do: "set", node, name, value, id });
    else asked.get(id)("there is no connection");
  });
}

const ownKeys = (target) => target.matches("input, select, textarea");

function keyDown(event) {
  if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || ownKeys(event.target)) return;
  const names = [...screens.keys()];
  if (event.key === "c") compare(true);
  else if (event.key === "s") snapshot();
  else if (event.key === "r") record();
  else if (/^[1-9]$/.test(event.key) && names[event.key - 1]) focus(names[event.key - 1]);
  else if (event.key === " " && event.target === $("compare")) compare(true);
}

document.addEventListener("keydown", keyDown);
document.addEventListener("keyup", ({ key }) => ["c", " "].includes(key) && compare(false));
$("compare").addEventListener("pointerdown", () => compare(true));
for (const end of ["pointerup", "pointercancel", "blur"]) addEventListener(end, () => compare(false));
addEventListener("contextmenu", (event) => comparing && event.preventDefault());
document.addEventListener("visibilitychange", () => connection.send({ do: "watch", on: !document.hidden }));
$("snapshot").addEventListener("click", snapshot);
$("record").addEventListener("click", record);
$("login").addEventListener("close", () => {
  sessionStorage.setItem("token", $("token").value.trim());
  connection.open();
});
setInterval(tick, TICK_MS);
