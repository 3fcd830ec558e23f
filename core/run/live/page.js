"use strict";
// Asks for the ledger, health and, when an element is chosen, its rows; draws them. All texts go in as text, never as HTML.
const SECOND = 1000, KEPT = 120, MOST_ROWS = 300;
const at = (id) => document.getElementById(id);
const view = { nodes: [], byKey: new Map(), before: new Map(), history: new Map(), chosen: null, tapped: null, paused: false, pressed: false,
  config: [], waits: new Map(), shape: "" };

function make(name, attributes = {}, ...children) {
  const isDrawn = ["svg", "g", "path", "rect", "text", "polyline", "title"].includes(name);
  const made = isDrawn ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

function short(number) {
  for (const [limit, unit] of [[1e9, " G"], [1e6, " M"], [1e4, " k"]]) {
    if (number >= limit) return (number / (unit === " k" ? 1e3 : limit)).toPrecision(3) + unit;
  }
  return number >= 100 || Number.isInteger(number) ? String(Math.round(number)) : number.toPrecision(2);
}
const rate = (number) => short(number) + "/s";
const seconds = (number) => (number < 10 ? number.toFixed(1) : Math.round(number)) + " s";
const grouped = (number) => number.toLocaleString("en").replaceAll(",", " ");
const lostText = (rows) => `${grouped(rows)} ${rows === 1 ? "row" : "rows"} lost`;
const lostOf = (line) => Object.values(line.dropped).reduce((sum, rows) => sum + rows, 0);

// The ledger's lines as nodes of a graph. An encoder is drawn as the edge into its sink.
function nodesOf(lines) {
  const nodes = [], way = [];
  const sinks = new Map();
  let number = 0;
  for (const line of lines) {
    if (line.kind === "sink" || line.kind === "member") {
      const node = { key: "sink " + line.id, line, parents: [], encoders: [], level: 0, kind: line.kind, group: line.route };
      sinks.set(line.id, node);
      nodes.push(node);
    }
  }
  for (const line of lines) {
    if (line.kind === "sink" || line.kind === "member") continue;
    const parent = line.kind === "source" ? null : way[line.depth - 1];
    if (line.kind === "codec") {
      const sink = sinks.get(line.id);
      if (sink && parent) {
        sink.parents.push(parent);
        sink.encoders.push(line);
        sink.level = Math.max(sink.level, parent.level + 1);
      }
      continue;
    }
    const node = { key: line.route + " " + line.kind + " " + line.id + " " + number++, line, parents: parent ? [parent] : [], encoders: [],
      level: parent ? parent.level + 1 : 0, kind: line.kind };
    way.length = line.depth;
    way[line.depth] = node;
    nodes.push(node);
  }
  const last = Math.max(0, ...nodes.map((node) => node.level));
  for (const node of nodes) {
    if (node.kind === "sink") node.level = Math.max(last, node.level);
    if (node.kind === "member") {
      node.level = last + 1;
      const group = sinks.get(node.group);
      if (group) node.parents.push(group);
    }
  }
  return nodes;
}

// What has changed since the last look, a second of it.
function measure(nodes, now) {
  for (const node of nodes) {
    const before = view.before.get(node.key);
    const span = before ? (now - before.now) / 1e9 : 0;
    const since = (name) => (before && span > 0 ? Math.max(0, (node.line[name] - before.line[name]) / span) : 0);
    node.inRate = since("in");
    node.outRate = since("out");
    node.bytesRate = since("bytes");
    node.busy = since("ns") / 1e9;
    node.lost = lostOf(node.line);
    node.lostRate = before && span > 0 ? (node.lost - lostOf(before.line)) / span : 0;
    for (const encoder of node.encoders) node.lost += lostOf(encoder);
    view.before.set(node.key, { line: node.line, now });
    const history = view.history.get(node.key) || [];
    history.push(node.kind === "source" ? node.inRate : node.outRate);
    view.history.set(node.key, history.slice(-KEPT));
  }
}

function place(nodes) {
  let row = 0;
  const children = new Map(nodes.map((node) => [node, []]));
  for (const node of nodes) {
    for (const parent of node.parents) children.get(parent).push(node);
  }
  const placed = new Set();
  const put = (node) => {
    if (placed.has(node)) return;
    placed.add(node);
    const own = children.get(node).filter((child) => !placed.has(child));
    if (own.length === 0) {
      node.row = row++;
      return;
    }
    own.forEach(put);
    node.row = (own[0].row + own[own.length - 1].row) / 2;
  };
  nodes.filter((node) => node.kind === "source").forEach(put);
  nodes.forEach(put);
  return row;
}

function points(values, width, height) {
  const top = Math.max(1, ...values), most = Math.max(30, values.length);
  return values.map((value, i) => ((i + most - values.length) * width / (most - 1)).toFixed(1) + "," + (height - 1 - value / top * (height - 2)).toFixed(1)).join(" ");
}

const BOX = { wide: 150, high: 50, across: 250, down: 66 };
function draw() {
  if (view.pressed) return;  // a click belongs to what is there from its press to its release
  const rows = place(view.nodes);
  const levels = Math.max(0, ...view.nodes.map((node) => node.level)) + 1;
  const focus = document.activeElement && document.activeElement.dataset ? document.activeElement.dataset.key : null;
  const svg = make("svg", { width: levels * BOX.across - BOX.across + BOX.wide + 8, height: rows * BOX.down + 4, role: "group", "aria-label": "Stacks as a drawing" });
  const left = (node) => node.level * BOX.across + 4, top = (node) => node.row * BOX.down + 4;
  for (const node of view.nodes) {
    node.parents.forEach((parent, i) => {
      const encoder = node.encoders[i];
      const x1 = left(parent) + BOX.wide, y1 = top(parent) + BOX.high / 2, x2 = left(node), y2 = top(node) + BOX.high / 2;
      const flowing = encoder ? node.outRate / Math.max(1, node.parents.length) : parent.outRate;
      const lost = encoder ? lostOf(encoder) : 0;
      const way = `M${x1},${y1} C${x1 + 50},${y1} ${x2 - 50},${y2} ${x2},${y2}`;
      const label = rate(node.parents.length > 1 && !encoder ? flowing : node.kind === "sink" && node.parents.length === 1 ? parent.outRate : flowing);
      const link = make("g", { class: "link", tabindex: 0, role: "button", "data-key": "edge " + parent.key + node.key,
        "aria-label": `rows from ${parent.line.id} to ${node.line.id}, ${label}` + (lost ? `, ${grouped(lost)} lost` : "") },
        make("path", { class: "wide", d: way }),
        make("path", { class: lost ? "edge lost" : "edge", d: way, "stroke-width": (1 + Math.min(6, Math.log10(1 + flowing))).toFixed(1) }),
        make("text", { x: x2 - 8, y: y2 - 8, "text-anchor": "end", class: lost ? "lost" : "" }, label + (lost ? ` ✕ ${short(lost)} lost` : "")));
      link.addEventListener("click", () => { choose(parent); tap(true); });
      svg.append(link);
    });
  }
  for (const node of view.nodes) {
    const wait = node.kind === "source" ? view.waits.get(node.line.id) : null;
    const box = make("g", { transform: `translate(${left(node)},${top(node)})`, tabindex: 0, role: "button", "data-key": node.key,
      "aria-current": view.chosen === node.key ? "true" : null, "aria-label": told(node) },
      make("rect", { width: BOX.wide, height: BOX.high }),
      make("text", { x: 8, y: 18 }, node.line.id.slice(0, 18)),
      make("text", { x: 8, y: 34, class: node.lost ? "lost" : "soft" }, node.lost ? `✕ ${short(node.lost)} lost` : node.line.plugin.slice(0, 18)),
      make("text", { x: BOX.wide - 8, y: 34, "text-anchor": "end", class: "soft" }, wait && wait.oldest_s >= 0.1 ? seconds(wait.oldest_s) : node.busy >= 0.01 ? Math.round(node.busy * 100) + " %" : ""),
      make("polyline", { points: points(view.history.get(node.key) || [], BOX.wide - 16, 12), transform: "translate(8,36)" }));
    box.addEventListener("click", () => choose(node));
    svg.append(box);
  }
  at("flow").replaceChildren(svg);
  if (focus) {
    const again = [...svg.querySelectorAll("g")].find((g) => g.dataset.key === focus);
    if (again) again.focus({ preventScroll: true });
  }
}

function told(node) {
  return `${node.line.kind} ${node.line.id}, ${node.line.plugin}, ${rate(node.kind === "source" ? node.inRate : node.outRate)}` +
    (node.lost ? `, ${lostText(node.lost)}` : "");
}

// The same for narrow screens: a line an element.
function list() {
  const shape = view.nodes.map((node) => node.key).join("\n");
  if (shape !== view.shape) {
    view.shape = shape;
    at("list").replaceChildren(...view.nodes.filter((node) => node.kind !== "sink" && node.kind !== "member")
      .flatMap((node) => [node, ...view.nodes.filter((sink) => sink.kind === "sink" && sink.parents.includes(node))])
      .concat(view.nodes.filter((node) => node.kind === "member")).map((node, i, all) => {
        const from = node.kind === "sink" ? all.slice(0, i).reverse().find((one) => node.parents.includes(one)) : null;
        const level = from ? from.level + 1 : node.level;
        const button = make("button", { type: "button", style: `margin-left:${Math.min(level, 5)}rem;width:calc(100% - ${Math.min(level, 5)}rem)` },
          make("span", {}, node.line.id, " ", make("span", { class: "hint" }, node.line.plugin)), make("span", { class: "rate" }));
        button.dataset.key = node.key;
        button.addEventListener("click", () => { choose(view.byKey.get(node.key)); at("chosen").scrollIntoView(); });
        return make("li", {}, button);
      }));
  }
  for (const button of at("list").querySelectorAll("button")) {
    const node = view.byKey.get(button.dataset.key);
    const figure = button.querySelector(".rate");
    figure.textContent = rate(node.kind === "source" ? node.inRate : node.outRate) + (node.lost ? ` ✕ ${short(node.lost)} lost` : "");
    figure.className = node.lost ? "rate lost" : "rate";
    button.toggleAttribute("aria-current", view.chosen === node.key);
  }
}

function choose(node) {
  if (view.chosen !== node.key) tap(false);
  view.chosen = node.key;
  show();
}

const FIGURES = [["in", "rows in"], ["appended", "rows made"], ["out", "rows out"], ["disposed", "filtered"], ["held", "held"], ["faults", "failed"],
  ["routed", "sent to another stack"], ["lettered", "kept as letters"], ["spooled", "in the spool"], ["in_flight", "in flight"], ["bytes", "bytes"],
  ["retries", "retries"], ["type_faults", "values of another type"], ["keys_lost", "keys without room"]];
function showChosen() {
  const node = view.byKey.get(view.chosen);
  at("chosen").hidden = !node;
  if (!node) return;
  at("chosen-title").textContent = `${node.line.id} · ${node.line.kind} ${node.line.plugin}`;
  const history = view.history.get(node.key) || [];
  at("spark").replaceChildren(make("polyline", { points: points(history, 300, 48) }));
  at("spark").setAttribute("aria-label", "rows a second over the last two minutes");
  at("spark-text").textContent = `${rate(history[history.length - 1] || 0)} now, at most ${rate(Math.max(0, ...history))} in the last ${history.length} s` +
    (node.bytesRate ? `, ${short(node.bytesRate)}B/s` : "") + (node.busy >= 0.001 ? `, ${(node.busy * 100).toFixed(1)} % of a processor` : "");
  const rows = FIGURES.filter(([name]) => node.line[name] || name === "in" || name === "out")
    .map(([name, words]) => make("tr", {}, make("th", { scope: "row" }, words), make("td", { class: "number" }, grouped(node.line[name])),
      make("td", { class: "number" }, name === "in" ? rate(node.inRate) : name === "out" ? rate(node.outRate) : name === "bytes" ? short(node.bytesRate) + "/s" : "")));
  for (const line of [node.line, ...node.encoders]) {
    for (const [reason, count] of Object.entries(line.dropped)) {
      rows.push(make("tr", { class: "lost" }, make("th", { scope: "row", class: "lost" }, `✕ lost: ${reason}`), make("td", { class: "number" }, grouped(count)), make("td")));
    }
  }
  at("figures").tBodies[0].replaceChildren(...rows);
  const said = view.config.find((one) => one.id === node.line.id);
  at("options").tBodies[0].replaceChildren(...((said && said.options) || []).map((option) =>
    make("tr", {}, make("th", { scope: "row" }, option.name || "(first)"), make("td", {}, option.value), make("td", { class: "hint" }, option.where))));
}

function showWaits(health) {
  view.waits = new Map(health.sources.map((one) => [one.source, one]));
  at("waits").tBodies[0].replaceChildren(...health.sources.filter((one) => one.rows > 0).map((one) =>
    make("tr", { class: one.stalled ? "lost" : null }, make("td", {}, (one.stalled ? "✕ " : "") + one.source), make("td", { class: "number" }, grouped(one.rows)),
      make("td", { class: "number" }, seconds(one.oldest_s)), make("td", {}, one.holder ? `${one.holder}, ${one.holder_state}` + (one.reason ? `: ${one.reason}` : "") : "on its way"))));
  at("health").textContent = health.reload_failed ? "✕ the last reload failed: " + health.reload_failed :
    health.healthy ? "✓ healthy" : "✕ " + health.sources.filter((one) => one.stalled).map((one) => `${one.source} waits for ${one.holder || "a worker"}`).join(", ");
  at("health").className = health.healthy && !health.reload_failed ? "" : "lost";
}

function showConfig() {
  at("config").replaceChildren(...view.config.map((one) => make("div", {}, make("h3", {}, `[${one.id}] ${one.plugin}`), make("p", { class: "hint" }, one.where),
    make("table", {}, make("tbody", {}, ...one.options.map((option) => make("tr", {}, make("th", { scope: "row" }, option.name || "(first)"), make("td", {}, option.value),
      make("td", { class: "hint" }, option.where))))))));
}

function show() {
  draw();
  list();
  showChosen();
}

async function get(what) {
  const answer = await fetch(what, { cache: "no-store" });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

async function look() {
  try {
    const [ledger, health] = await Promise.all([get("ledger.json"), get("health.json")]);
    view.nodes = nodesOf(ledger.lines);
    view.byKey = new Map(view.nodes.map((node) => [node.key, node]));
    measure(view.nodes, ledger.elapsed_ns);
    showWaits(health);
    const sum = (kind, name) => view.nodes.filter((node) => node.kind === kind).reduce((all, node) => all + node[name], 0);
    const lost = view.nodes.reduce((all, node) => all + node.lost, 0);
    at("totals").replaceChildren(`${rate(sum("source", "inRate"))} in, ${rate(sum("sink", "outRate"))} out, `,
      make("span", { class: lost ? "lost" : "" }, lost ? `✕ ${lostText(lost)}` : "nothing lost"), `, up ${seconds(ledger.elapsed_ns / 1e9)}`);
    show();
  } catch (error) {
    at("health").textContent = "✕ the daemon does not answer: " + error.message;
    at("health").className = "lost";
  }
}

function tap(wanted) {
  if (!wanted) {
    view.tapped = null;
    at("tap-button").textContent = "Show rows";
    return;
  }
  const node = view.byKey.get(view.chosen);
  if (!node) return;
  at("rows").textContent = "";
  at("tap-state").textContent = "";
  at("tap-button").textContent = "Stop";
  view.tapped = `tap.json?element=${encodeURIComponent(node.line.id)}&where=${encodeURIComponent(at("where").value)}&by=${Math.random()}`;
  showChosen();
  readRows(view.tapped);
}

async function readRows(asked) {
  while (view.tapped === asked) {
    try {
      const got = await get(asked);
      if (view.tapped !== asked) return;
      const box = at("rows"), isAtEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 4;
      if (got.rows.length > 0) box.textContent = (box.textContent ? box.textContent.split("\n") : []).concat(got.rows).slice(-MOST_ROWS).join("\n");
      if (isAtEnd) box.scrollTop = box.scrollHeight;
      at("tap-state").textContent = got.said;
    } catch (error) {
      at("tap-state").textContent = "✕ " + error.message;
      tap(false);
      return;
    }
    await new Promise((done) => setTimeout(done, SECOND / 2));
  }
}

function step(by) {
  const all = [...document.querySelectorAll(at("list").offsetParent ? "#list button" : "#flow g")];
  const now = all.indexOf(document.activeElement);
  if (all.length > 0) all[(now + by + all.length) % all.length].focus();
}

function pause() {
  view.paused = !view.paused;
  at("pause").setAttribute("aria-pressed", String(view.paused));
  at("pause").textContent = view.paused ? "Go on" : "Pause";
}

document.addEventListener("keydown", (event) => {
  if (event.target.tagName === "INPUT" || event.ctrlKey || event.altKey || event.metaKey) return;
  const isOnGraph = event.target.closest && event.target.closest("#flow g");
  if (event.key === "ArrowRight" || event.key === "ArrowDown") step(1);
  else if (event.key === "ArrowLeft" || event.key === "ArrowUp") step(-1);
  else if ((event.key === "Enter" || event.key === " ") && isOnGraph) isOnGraph.dispatchEvent(new MouseEvent("click"));
  else if (event.key === "t") tap(view.tapped === null);
  else if (event.key === "p") pause();
  else return;
  event.preventDefault();
});
at("flow").addEventListener("pointerdown", () => { view.pressed = true; });
for (const name of ["pointerup", "pointercancel", "blur"]) window.addEventListener(name, () => { view.pressed = false; });
at("pause").addEventListener("click", pause);
at("tap").addEventListener("submit", (event) => { event.preventDefault(); tap(view.tapped === null); });
get("config.json").then((config) => { view.config = config.instances; showConfig(); show(); }).catch(() => {});
look();
setInterval(() => { if (!view.paused && !document.hidden) look(); }, SECOND);
