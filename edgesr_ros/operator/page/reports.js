// What the nodes say of themselves, in words.

const LEVELS = ["ok", "warning", "error", "stale"];

const STATES = {
  startup: "It does not know the link yet.",
  steady: "The link is known, and what is sent fits.",
  overuse: "Frames wait for others: the rate is lower until they do not.",
  lost: "Reports are overdue: small frames ask for a sign of life.",
  unreported: "The receiver does not report: a fixed rate is kept.",
};

const CODECS = { av1: "AV1", h264: "H.264", webp: "WebP", jpeg: "JPEG", png: "PNG", avif: "AVIF" };

const SILENT_MS = 3000;
const sent = new Map(); // by robot how many frames it has sent, and since when it is so many

export function showRobots(place, robots) {
  const parts = Object.entries(robots).flatMap(([name, figures]) => {
    const title = element("h3", name);
    const now = performance.now();
    if (sent.get(name)?.frames !== figures.frames_out) sent.set(name, { frames: figures.frames_out, since: now });
    const silent = figures.frames_out && now - sent.get(name).since > SILENT_MS;
    const parts = silent ? [element("p", "It sends nothing now.", "state lost")] : robot(figures);
    return Object.keys(robots).length > 1 ? [title, ...parts] : parts;
  });
  place.replaceChildren(...(parts.length ? parts : [element("p", "Nothing is heard of it.", "quiet")]));
}

function robot(figures) {
  if (!figures.state) return [element("p", "It has sent nothing yet.", "quiet")];
  const wait = Number(figures.wait);
  const said = [STATES[figures.state] ?? figures.state];
  if (wait >= 0.01) said.push(`The last one waited ${(1e3 * wait).toFixed(0)} ms.`);
  const cameras = Object.keys(figures).filter((key) => key.endsWith(".codec")).map((key) => key.slice(0, -6));
  const sends = cameras.map((name) => element("p", `${name}: ${made(figures, `${name}.`)}`, "sends"));
  if (!cameras.length) sends.push(element("p", made(figures, ""), "sends"));
  return [element("p", said.join(" "), `state ${figures.state}`), ...sends];
}

// What is made of frames, by figures whose names begin so: with the camera's, where there are several.
function made(figures, within) {
  const of = (key) => figures[within + key];
  const codec = CODECS[of("codec")] ?? of("codec");
  const scale = Number(of("scale")) > 1 ? `reduced ${of("scale")} times` : "at full size";
  const quality = of("quality") === "0" ? "the camera's own" : `quality ${of("quality")}`;
  const sends = [`${codec}, ${scale}, ${quality}`];
  if (of("sent_bytes")) sends.push(`${(Number(of("sent_bytes")) / 1000).toFixed(1)} kB a frame`);
  const interval = Number(of("frame_interval"));
  if (interval > 0) sends.push(`${(1 / interval).toFixed(1)} frames/s`);
  return sends.join(", ");
}

export function showNodes(place, nodes) {
  const lines = nodes.map(({ name, level, text }) => {
    const line = element("li", "", LEVELS[level] ?? "error");
    line.append(element("b", name), element("span", text));
    return line;
  });
  place.replaceChildren(...(lines.length ? lines : [element("li", "None is heard.", "quiet")]));
}

function element(kind, text, name = "") {
  const created = document.createElement(kind);
  created.textContent = text;
  created.className = name;
  return created;
}
