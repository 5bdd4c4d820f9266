// A camera's canvas: draws what comes, the newest last, and says what is on it.

export class Screen {
  constructor(name, shown) {
    this.name = name;
    this.shown = shown; // called with the header of each picture that is on the screen
    this.header = null;
    this.times = []; // of the last pictures, ms
    this.figure = document.createElement("figure");
    this.figure.dataset.camera = name;
    this.figure.tabIndex = 0;
    this.figure.setAttribute("role", "button");
    this.figure.setAttribute("aria-label", `Camera ${name}`);
    this.canvas = document.createElement("canvas");
    this.canvas.width = 640;
    this.canvas.height = 480;
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.caption = document.createElement("figcaption");
    this.caption.textContent = name;
    this.figure.append(this.canvas, this.caption);
  }

  async draw(header, jpeg) {
    let bitmap = null;
    try {
      bitmap = await createImageBitmap(jpeg);
    } catch {
      // A picture that the browser cannot read is as good as lost; the next one comes.
    }
    if (bitmap && (!this.header || header.id > this.header.id || header.id < this.header.id - 1000)) {
      if (this.canvas.width !== bitmap.width) this.canvas.width = bitmap.width;
      if (this.canvas.height !== bitmap.height) this.canvas.height = bitmap.height;
      this.context.drawImage(bitmap, 0, 0);
      const now = performance.now();
      this.times = [...this.times.filter((at) => now - at < 2000), now];
      this.header = header;
      this.figure.dataset.stamp = header.stamp_ns;
      this.figure.dataset.id = header.id;
    }
    bitmap?.close();
    this.shown(header);
  }

  // Pictures a second that were drawn in the last two.
  rate() {
    const now = performance.now();
    return this.times.filter((at) => now - at < 2000).length / 2;
  }
}

// What a picture is, in words: {name, text, kind}.
export function markOf(header) {
  if (!header) return { name: "NO PICTURE", text: "", kind: "none" };
  const factor = header.received ? Math.ceil(header.width / header.received[0]) : 0;
  const times = factor ? ` ×${factor}` : "";
  const plain = header.compared ? "compared: without the network" : "enlarged, nothing invented";
  switch (header.method) {
    case "sr":
      return {
        name: `SR${times}`,
        text: header.compared ? "plain picture not there yet" : "detail is invented",
        kind: "sr",
      };
    case "bicubic":
      return { name: `PLAIN${times}`, text: plain, kind: "plain" };
    case "none":
      return { name: "AS RECEIVED", text: "full size, nothing invented", kind: "received" };
    case "notice":
      return { name: "NO PICTURE", text: "the reason is shown", kind: "none" };
    default:
      return { name: "NOT KNOWN", text: "how this was made", kind: "sr" };
  }
}

// The rest that is known of a picture, as a line.
export function factsOf(header) {
  if (!header || header.method === "notice") return "";
  const facts = [`${header.width}×${header.height}`];
  if (header.received) facts.push(`from ${header.received.join("×")}`);
  if (header.bytes !== null) facts.push(`${(header.bytes / 1000).toFixed(1)} kB`);
  if (header.model && header.model !== "none" && header.method === "sr") {
    facts.push(`${header.model} on ${header.backend}`);
  }
  if (header.consistency_db !== null && header.method !== "none" && !header.compared) {
    facts.push(`agrees with what was received: ${header.consistency_db.toFixed(1)} dB`);
  }
  if (header.range_low !== null) facts.push(`shown ${header.range_low} to ${header.range_high}`);
  return facts.join("  ·  ");
}

export function duration(ms) {
  if (ms < 995) return `${(Math.round(ms / 5) * 5).toFixed(0)} ms`;
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 120e3) return `${(ms / 1000).toFixed(0)} s`;
  return `${(ms / 60e3).toFixed(0)} min`;
}
