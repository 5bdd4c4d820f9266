// The last minute as small charts, one under the other, with the newest value beside each.

const SECONDS = 60;
const SVG = "http://www.w3.org/2000/svg";

// Columns of the rows as the node sends them: `CameraRow` and `LinkRow`.
const CHARTS = [
  { of: "links", title: "Capacity, estimated", unit: "kbit/s", column: 0, second: 1, secondTitle: "sent" },
  { of: "links", title: "Loss", unit: "%", column: 2, least: 5 },
  { of: "links", title: "Round trip", unit: "ms", column: 3, least: 50 },
  { of: "cameras", title: "Age", unit: "ms", column: 2, least: 100 },
  { of: "cameras", title: "Pictures", unit: "/s", column: 0, least: 10 },
];

export class Minute {
  constructor(place) {
    this.rows = CHARTS.map((chart) => new Row(chart, place));
  }

  // minute: {cameras: {name: rows}, links: {name: rows}}; camera: that is looked at.
  show(minute, camera) {
    const links = Object.values(minute.links)[0] ?? [];
    const cameras = minute.cameras[camera] ?? [];
    for (const row of this.rows) row.show(row.chart.of === "links" ? links : cameras);
  }
}

class Row {
  constructor(chart, place) {
    this.chart = chart;
    const line = document.createElement("div");
    line.className = "chart";
    const title = document.createElement("span");
    title.className = "title";
    title.textContent = chart.title;
    this.value = document.createElement("output");
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", `0 0 ${SECONDS - 1} 1`);
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    this.paths = [chart.second, chart.column].map((column, index) => {
      const path = document.createElementNS(SVG, "path");
      path.setAttribute("class", index ? "first" : "second");
      svg.append(path);
      return { column, path };
    });
    line.append(title, this.value, svg);
    place.append(line);
  }

  show(rows) {
    const { column, second, unit, least = 1, secondTitle } = this.chart;
    const columns = [column, second].filter((index) => index !== undefined);
    const known = rows.flatMap((row) => columns.map((index) => row[index] ?? 0));
    const top = Math.max(least, ...known) * 1.1;
    for (const { column: index, path } of this.paths) {
      path.setAttribute("d", index === undefined ? "" : line(rows, index, top));
    }
    const newest = rows.at(-1) ?? [];
    this.value.textContent = `${number(newest[column])} ${unit}`;
    if (second === undefined) return;
    const beside = document.createElement("span");
    beside.textContent = `  ${secondTitle} ${number(newest[second])}`;
    this.value.append(beside);
  }
}

// A path with a gap where nothing is known; the newest value is at the right.
function line(rows, column, top) {
  const first = SECONDS - rows.length;
  let path = "";
  let drawing = false;
  rows.forEach((row, index) => {
    const value = row[column] ?? null;
    if (value !== null) path += `${drawing ? "L" : "M"}${first + index} ${(1 - value / top).toFixed(3)}`;
    drawing = value !== null;
  });
  return path;
}

function number(value) {
  if (value === undefined || value === null) return "–";
  if (value < 10 && !Number.isInteger(value)) return value.toFixed(1);
  return Math.round(value).toLocaleString("en").replace(",", " ");
}
