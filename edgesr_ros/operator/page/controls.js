// Every live parameter of every node as a control, made from what the node declares of it (JSON Schema).

const MOST_BUTTONS = 4; // choices that stand side by side; more of them are a list
const SEND_MS = 100; // from one value of a slider that moves to the next

export class Controls {
  // set(node, name, value): returns a promise of why it failed, or "".
  constructor(place, set) {
    this.place = place;
    this.set = set;
    this.controls = new Map(); // by node and name
    this.shape = "";
  }

  show(nodes) {
    const shape = JSON.stringify(Object.entries(nodes).map(([node, facts]) => [node, Object.keys(facts)]));
    if (shape !== this.shape) this.build(nodes);
    this.shape = shape;
    for (const [node, parameters] of Object.entries(nodes)) {
      for (const [name, facts] of Object.entries(parameters)) {
        this.controls.get(`${node} ${name}`).show(facts.value);
      }
    }
  }

  build(nodes) {
    this.controls.clear();
    const groups = Object.entries(nodes).map(([node, parameters]) => {
      const group = document.createElement("fieldset");
      const legend = document.createElement("legend");
      legend.textContent = node;
      group.append(legend);
      for (const [name, facts] of Object.entries(parameters)) {
        const control = new Control(node, name, facts, (value) => this.set(node, name, value));
        this.controls.set(`${node} ${name}`, control);
        group.append(control.element);
      }
      return group;
    });
    this.place.replaceChildren(...groups);
  }
}

class Control {
  constructor(node, name, facts, set) {
    this.facts = facts;
    this.set = set;
    this.waiting = 0; // answers that have not come
    this.next = undefined;
    const id = `${node}/${name}`;
    const choices = facts.enum && facts.enum.length <= MOST_BUTTONS;
    this.element = document.createElement("div");
    this.element.className = "control";
    this.element.dataset.parameter = id;
    const label = document.createElement(choices ? "span" : "label");
    label.textContent = name.replaceAll("_", " ");
    this.output = document.createElement("output");
    this.hint = document.createElement("small");
    this.hint.id = `${id} hint`;
    this.hint.textContent = facts.description ?? "";
    this.problem = document.createElement("p");
    this.problem.className = "problem";
    this.problem.setAttribute("role", "alert");
    this.input = choices ? buttons(id, facts, label) : field(facts);
    if (!choices) this.input.id = id;
    label.htmlFor = id;
    this.input.setAttribute("aria-describedby", this.hint.id);
    this.input.addEventListener(this.input.type === "range" ? "input" : "change", () => this.changed());
    this.element.append(label, this.output, this.input, this.problem, this.hint);
  }

  show(value) {
    this.value = value;
    if (this.waiting || this.next !== undefined) return; // the user is at it
    if (this.input.matches(":focus") && this.input.type === "number" && this.read() !== value && this.typing) return;
    this.write(value);
  }

  read() {
    if (this.input.type === "checkbox") return this.input.checked;
    const text = this.input.matches(".buttons") ? this.input.querySelector(":checked")?.value : this.input.value;
    return ["number", "integer"].includes(this.facts.type) ? Number(text) : text;
  }

  write(value) {
    if (this.input.type === "checkbox") this.input.checked = value;
    else if (this.input.matches(".buttons")) {
      for (const choice of this.input.querySelectorAll("input")) choice.checked = choice.value === String(value);
    } else this.input.value = value;
    this.output.textContent = this.input.type === "range" ? Number(value.toPrecision(4)) : "";
  }

  // Not more often than the node can follow: of the values in between the newest counts.
  changed() {
    const value = this.read();
    if (this.input.type === "range") this.output.textContent = value;
    if (this.input.type === "number" && this.input.value === "") return this.write(this.value);
    const idle = this.next === undefined;
    this.next = value;
    if (!this.timer) this.timer = setTimeout(() => this.send(), idle && !this.waiting ? 0 : SEND_MS);
  }

  async send() {
    this.timer = 0;
    const value = this.next;
    this.next = undefined;
    this.waiting += 1;
    this.element.classList.add("waiting");
    const reason = await this.set(value);
    this.waiting -= 1;
    this.problem.textContent = reason;
    if (this.waiting || this.next !== undefined) return;
    this.element.classList.remove("waiting");
    if (!reason) this.value = value;
    this.write(this.value);
  }
}

function field({ enum: choices, type, minimum, maximum, exclusiveMinimum }) {
  if (choices) {
    const select = document.createElement("select");
    select.append(...choices.map((choice) => new Option(choice, choice)));
    return select;
  }
  const input = document.createElement("input");
  if (type === "boolean") {
    input.type = "checkbox";
    input.setAttribute("role", "switch");
  } else if (type === "string") {
    input.type = "text";
    input.maxLength = 1000;
  } else {
    const bounded = minimum !== undefined && maximum !== undefined && maximum - minimum <= 1000;
    input.type = bounded ? "range" : "number";
    input.step = type === "integer" ? 1 : bounded ? (maximum - minimum) / 100 : "any";
    input.min = minimum ?? exclusiveMinimum ?? "";
    input.max = maximum ?? "";
  }
  return input;
}

function buttons(id, { enum: choices }, label) {
  const group = document.createElement("div");
  group.className = "buttons";
  group.setAttribute("role", "radiogroup");
  label.id = `${id} label`;
  group.setAttribute("aria-labelledby", label.id);
  for (const choice of choices) {
    const button = document.createElement("label");
    const input = document.createElement("input");
    input.type = "radio";
    input.name = id;
    input.value = choice;
    button.append(input, document.createElement("span"));
    button.lastChild.textContent = choice;
    group.append(button);
  }
  return group;
}
