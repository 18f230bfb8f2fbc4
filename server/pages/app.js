// The review page: list incidents, look at one, decide. It holds no data of its own; everything
// comes from the API with the reviewer's key, which lives in sessionStorage and goes out in one
// header only. What is shown stands after the # of the address. All text is set as text nodes,
// never as HTML, and found addresses are never made into links: they are hostile.

const STATES = ["new", "triaged", "confirmed", "rejected", "duplicate", "authorised", "released", "closed"];
const DECISIONS = [
  ["confirmed", "Confirm", "Our work, and it should not be there"],
  ["rejected", "Reject", "Not our work"],
  ["duplicate", "Duplicate", "Already handled in another incident"],
  ["authorised", "Authorised", "Our work, and it may be there"],
  ["released", "Released", "Our work, and public by now"],
];
const BANDS = { strong: "Strong", possible: "Possible", weak: "Weak", none: "No match" };
const VIEWS = {
  pdqr: "margins left out",
  ink: "compared as drawings",
  "pdqr-rect": "in a part of the found picture",
  "ink-rect": "in a part of the found picture, compared as drawings",
  local: "details lie as in the asset",
};
const PARTS = {
  pdq: "whole picture", pdqr: "without margins", ink: "drawing", "pdqr-rect": "a part",
  "ink-rect": "a part as a drawing", local: "details",
};
const TURNS = {
  rot90: "turned by 90°", rot180: "upside down", rot270: "turned by 270°",
  flipx: "mirrored top to bottom", flipy: "mirrored left to right",
  flipplus: "mirrored along a diagonal", flipminus: "mirrored along the other diagonal",
};

const $ = (id) => document.getElementById(id);
const store = { key: sessionStorage.getItem("celwatch-key") };
let listNext = null; // cursor of the page after the last one shown
let shown = null; // the incident on the right, with .etag
let turn = 0; // counts what was asked for, so that a late answer is not shown

// ---- small helpers --------------------------------------------------------------------

function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child != null && child !== ""));
  return node;
}

const count = (n, one, many) => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
const oneLine = (text) => text.replace(/\s+/g, " ").trim(); // the service keeps no line breaks
const capital = (word) => word[0].toUpperCase() + word.slice(1);

function when(time) {
  if (!time) return "unknown";
  return el("time", { datetime: time }, `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`);
}

function percent(confidence) {
  if (confidence >= 0.9999) return "over 99.99 %";
  return `${(Math.floor(confidence * 10000) / 100).toFixed(confidence >= 0.99 ? 2 : 0)} %`;
}

function distanceWords(match) {
  const words = [];
  if (match.exact_bytes) words.push("the very same file");
  else if (match.view === "local") words.push(`score ${Math.round(match.score)}`);
  else if (match.distance === 0) words.push("no bit of 256 differs");
  else words.push(`${match.distance} of 256 bits ${match.distance === 1 ? "differs" : "differ"}`);
  if (!match.exact_bytes && VIEWS[match.view]) words.push(VIEWS[match.view]);
  if (TURNS[match.turn]) words.push(TURNS[match.turn]);
  if (match.inverted) words.push("black and white exchanged");
  return capital(words.join(", "));
}

function say(text) {
  $("status").textContent = text;
}

// ---- the address: #state=new&incident=INC-7 -------------------------------------------

function place() {
  const words = new URLSearchParams(location.hash.slice(1));
  const state = words.get("state");
  return { state: STATES.includes(state) || state === "all" ? state : "new", incident: words.get("incident") };
}

function address(state, incident) {
  const words = new URLSearchParams({ state });
  if (incident) words.set("incident", incident);
  return `#${words}`;
}

// ---- the API --------------------------------------------------------------------------

class Refused extends Error {
  constructor(status, code, text) {
    super(text);
    this.status = status;
    this.code = code;
  }
}

async function api(path, { method = "GET", body, etag } = {}) {
  const headers = { Authorization: `Bearer ${store.key}`, Accept: "application/json" };
  if (body) headers["Content-Type"] = "application/json";
  if (etag) headers["If-Match"] = etag;
  let answer;
  try {
    answer = await fetch(path, {
      method, headers, body: body && JSON.stringify(body),
      cache: "no-store", credentials: "omit", redirect: "error",
    });
  } catch {
    throw new Refused(0, "unreachable", "The service does not answer. Is the network there? Try again.");
  }
  const value = await answer.json().catch(() => null);
  if (answer.ok && value) return { value, etag: answer.headers.get("ETag") };
  if (answer.status === 401) signIn("This key is not known, or it was revoked. Ask for a new one.");
  throw new Refused(answer.status, value?.code, refusal(answer, value));
}

function refusal(answer, problem) {
  if (answer.status === 403) {
    return `This is a key of the role ${store.key?.split("_")[1]}, which may not do that. Use a reviewer key.`;
  }
  if (answer.status === 404) return "There is no such incident here.";
  if (answer.status === 503) {
    const seconds = answer.headers.get("Retry-After");
    return `The service is busy.${seconds ? ` Try again in ${seconds} s.` : " Try again soon."}`;
  }
  const at = problem?.request_id ? ` (request ${problem.request_id})` : "";
  const where = problem?.errors?.[0]?.pointer;
  return `${where ? `${where.slice(1)}: ` : ""}${problem?.detail ?? `The service answered ${answer.status}.`}${at}`;
}

// ---- signing in and out ---------------------------------------------------------------

function signIn(complaint = "") {
  sessionStorage.removeItem("celwatch-key");
  store.key = null;
  shown = null;
  turn += 1;
  $("incidents").replaceChildren();
  $("detail-side").replaceChildren();
  $("desk").hidden = true;
  $("forget").hidden = true;
  $("sign-in").hidden = false;
  $("key").value = "";
  $("key-error").textContent = complaint;
  say("");
  $("key").focus();
}

$("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const key = $("key").value.trim();
  if (!/^cw_[a-z]+_[0-9a-f]{16}_[a-z2-7]{52}$/.test(key)) {
    $("key-error").textContent = "This is not a whole key. It begins with cw_reviewer_ and has four parts.";
    return;
  }
  store.key = key;
  sessionStorage.setItem("celwatch-key", key);
  $("key-error").textContent = "";
  $("key").blur();
  show({ fresh: true });
});
$("forget").addEventListener("click", () => signIn());

// ---- the list -------------------------------------------------------------------------

let listed = null; // the state whose list is shown

function showStates(current) {
  $("states").replaceChildren(...["all", ...STATES].map((state) =>
    el("a", { href: address(state), "aria-current": state === current && "page" }, capital(state))));
}

function incidentRow(incident, state) {
  const undecided = incident.undecided && incident.undecided !== incident.matches
    ? `, ${incident.undecided.toLocaleString("en")} new since the decision` : "";
  return el("li", {},
    el("a", { href: address(state, incident.id), class: "incident", "data-id": incident.id },
      el("span", { class: "line" },
        el("span", { class: `band ${incident.band}` }, BANDS[incident.band] ?? incident.band),
        el("b", {}, incident.collection), el("span", { class: "state" }, capital(incident.state))),
      el("span", { class: "host" }, incident.host),
      el("span", { class: "small" }, `${incident.id} · ${count(incident.matches, "match", "matches")}${undecided}`),
      el("span", { class: "small" }, "last seen ", when(incident.last_seen))));
}

async function showList(state, cursor = null) {
  const mine = turn;
  const query = new URLSearchParams({ limit: "50" });
  if (state !== "all") query.set("state", state);
  if (cursor) query.set("cursor", cursor);
  const { value } = await api(`/v1/incidents?${query}`);
  if (mine !== turn) return;
  const rows = value.items.map((incident) => incidentRow(incident, state));
  if (cursor) $("incidents").append(...rows);
  else $("incidents").replaceChildren(...rows);
  listed = state;
  listNext = value.next;
  $("more").hidden = !listNext;
  const n = $("incidents").childElementCount;
  $("list-empty").hidden = n > 0;
  $("list-empty").textContent = state === "all"
    ? "No incidents. Nothing that is registered has been seen anywhere."
    : `Nothing here: no incident is ${state}.`;
  if (cursor) rows[0]?.firstChild.focus();
  say(n ? `${count(n, "incident", "incidents")} shown.` : $("list-empty").textContent);
  markOpen();
}

function markOpen() {
  const { incident } = place();
  for (const row of document.querySelectorAll(".incident")) {
    if (row.dataset.id === incident) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
}

// ---- one incident ---------------------------------------------------------------------

function facts(incident) {
  const pairs = [
    ["Confidence", percent(incident.confidence)],
    ["Matches", incident.matches.toLocaleString("en")],
    ["Not yet decided", incident.undecided.toLocaleString("en")],
    ["First seen", when(incident.first_seen)],
    ["Last seen", when(incident.last_seen)],
    ["Opened", when(incident.opened_at)],
  ];
  return el("dl", { class: "facts" },
    ...pairs.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

// How many decisions stand, an undo taking back the last of them.
function standing(history) {
  return history.reduce((n, line) =>
    line.act === "decision" ? n + 1 : line.act === "undo" ? Math.max(0, n - 1) : n, 0);
}

function decidePanel(incident) {
  if (/^cw_studio_/.test(store.key)) {
    return el("p", { class: "notice" }, "You are signed in with a studio key: you can read, a reviewer decides.");
  }
  const buttons = DECISIONS.map(([decision, name, why]) => el("button", {
    type: "button", title: why, "aria-pressed": String(incident.state === decision),
    onclick: () => decide(decision),
  }, name));
  const undo = el("button", {
    type: "button", class: "quiet", disabled: !standing(incident.history), onclick: () => decide("undo"),
  }, "Undo");
  return el("section", { class: "card", "aria-labelledby": "decide-title" },
    el("h3", { id: "decide-title" }, "Decide"),
    el("label", { for: "reason" }, "Reason (for the history, optional)"),
    el("textarea", { id: "reason", rows: "2", maxlength: "1000" }),
    el("div", { class: "row decide" }, ...buttons, undo));
}

function commentPanel() {
  if (/^cw_studio_/.test(store.key)) return null;
  return el("form", { class: "comment", onsubmit: (event) => { event.preventDefault(); comment(); } },
    el("label", { for: "comment" }, "Comment"),
    el("textarea", { id: "comment", rows: "2", maxlength: "1000", required: true }),
    el("button", { type: "submit" }, "Add the comment"));
}

// Where the match lies in one of its two pictures, as the service names it. Their shapes
// are not known here, so both are drawn square.
function outline(corners, label) {
  const svg = (tag, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };
  const node = svg("svg", { viewBox: "-4 -4 108 108", role: "img", "aria-label": label });
  node.append(svg("rect", { width: 100, height: 100 }),
    svg("polygon", { points: corners.map(([x, y]) => `${(x * 100).toFixed(1)},${(y * 100).toFixed(1)}`).join(" ") }));
  return node;
}

// From the left- to the rightmost and the top- to the bottommost corner, in words.
function extent(corners) {
  const range = (i) => {
    const all = corners.map((corner) => Math.round(corner[i] * 100));
    return `${Math.min(...all)} to ${Math.max(...all)} %`;
  };
  return `${range(0)} across, ${range(1)} down`;
}

function outlines({ polygon }) {
  const whole = (corners) => corners.every((corner) => corner.every((at) => at < 0.02 || at > 0.98));
  if (!polygon?.found.length || (whole(polygon.found) && whole(polygon.asset))) return null;
  return el("div", { class: "outlines" },
    ...[["found", "Found picture"], ["asset", "Asset"]].map(([side, name]) =>
      el("figure", {}, outline(polygon[side], `${name}: ${extent(polygon[side])}`),
        el("figcaption", { class: "small" }, name))));
}

function matchCard(match) {
  return el("li", { class: "match" },
    el("div", { class: "score" },
      el("span", { class: `band ${match.band}` }, BANDS[match.band] ?? match.band),
      el("span", {}, percent(match.confidence))),
    el("div", { class: "asset" },
      el("code", {}, match.asset),
      el("span", { class: "small" }, `version ${match.asset_version} · ${distanceWords(match)}`),
      match.run ? el("span", { class: "small" }, `1 of ${match.run.frames} near-identical frames`) : null,
      match.agreeing.length > 1
        ? el("span", { class: "small" }, `agreeing: ${match.agreeing.map((kind) => PARTS[kind] ?? kind).join(", ")}`)
        : null),
    el("div", { class: "found" },
      el("span", { class: "out-of-sight" }, "Found at "),
      el("code", { class: "url" }, match.url ?? match.ip ?? "unknown"),
      el("span", { class: "small" },
        match.url && match.ip ? `from ${match.ip} · ` : "", "fetched ", when(match.fetched_at),
        match.lookback ? " · found before the asset was registered" : "")),
    outlines(match));
}

function historyLine(line) {
  const what = line.act === "comment" ? "Comment"
    : `${line.act === "undo" ? "Undone: " : ""}${line.state_before} → ${line.state_after}`;
  return el("li", {},
    el("div", {}, el("b", {}, what), el("span", { class: "small" }, " by key ", el("code", {}, line.actor), ", ", when(line.at))),
    line.text ? el("p", {}, line.text) : null);
}

function draw(incident) {
  const { state } = place();
  const kept = { reason: $("reason")?.value, comment: $("comment")?.value };
  const same = shown?.id === incident.id;
  shown = incident;
  $("detail-side").replaceChildren(
    el("a", { href: address(state), class: "back" }, "← All incidents"),
    el("h2", { id: "detail-title", tabindex: "-1" }, incident.collection, el("span", {}, " on "), el("span", { class: "host" }, incident.host)),
    el("p", { class: "line" },
      el("span", { class: `band ${incident.band}` }, BANDS[incident.band] ?? incident.band),
      el("span", { class: "state" }, capital(incident.state)), el("span", { class: "small" }, incident.id)),
    facts(incident),
    el("div", { id: "message", role: "alert" }),
    decidePanel(incident),
    el("h3", {}, "Matches"), el("ul", { id: "matches" }),
    el("button", { type: "button", id: "more-matches", hidden: true }, "Show more matches"),
    el("h3", {}, "History"),
    incident.history.length
      ? el("ol", { id: "history" }, ...[...incident.history].reverse().map(historyLine))
      : el("p", { class: "empty" }, "Nobody has decided or said anything yet."),
    commentPanel() ?? "");
  if (same) {
    for (const id of ["reason", "comment"]) if ($(id) && kept[id]) $(id).value = kept[id];
  }
  const row = document.querySelector(`.incident[data-id="${CSS.escape(incident.id)}"] .state`);
  if (row) row.textContent = capital(incident.state);
}

async function showMatches(id, cursor = null) {
  const mine = turn;
  const query = new URLSearchParams({ limit: "50" });
  if (cursor) query.set("cursor", cursor);
  const { value } = await api(`/v1/incidents/${encodeURIComponent(id)}/matches?${query}`);
  if (mine !== turn || shown?.id !== id) return;
  $("matches").append(...value.items.map(matchCard));
  if (!$("matches").childElementCount) $("matches").append(el("li", { class: "empty" }, "No matches."));
  const more = $("more-matches");
  more.hidden = !value.next;
  more.onclick = () => attempt(() => showMatches(id, value.next));
}

async function showIncident(id) {
  const mine = turn;
  const { value, etag } = await api(`/v1/incidents/${encodeURIComponent(id)}`);
  if (mine !== turn) return;
  draw({ ...value, etag });
  await showMatches(id);
}

function tell(text, kind) {
  const box = $("message");
  if (!box) return say(text);
  box.replaceChildren(el("p", { class: kind }, text));
  box.scrollIntoView({ block: "nearest" });
}

async function decide(decision) {
  const { id, etag, version } = shown;
  const reason = oneLine($("reason").value);
  turn += 1;
  for (const button of document.querySelectorAll(".decide button")) button.disabled = true;
  let outcome;
  try {
    const { value } = await api(`/v1/incidents/${encodeURIComponent(id)}/decisions`,
      { method: "POST", etag, body: reason ? { decision, reason } : { decision } });
    $("reason").value = "";
    outcome = [decision === "undo" ? `Undone. ${id} is ${value.state} again.` : `Done. ${id} is ${value.state}.`, "good"];
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    outcome = [error.message, "error"];
    if (error.code === "nothing_to_undo") outcome[0] = "There is no decision to take back.";
    if (error.code === "unreachable") outcome[0] = "The service did not answer, so your decision may or may not have arrived. See the history below.";
    if (error.status === 412) outcome = [null, "error"];
  }
  if (!store.key) return;
  await showIncident(id).catch((error) => { outcome[0] ??= error.message; });
  if (outcome[0] === null) outcome[0] = `Nothing was decided. While you were looking, somebody else decided or commented, or more matches came in: you saw version ${version}, now it is version ${shown.version}. What you see below is up to date: look again, then decide.`;
  tell(...outcome);
}

async function comment() {
  const { id } = shown;
  const text = oneLine($("comment").value);
  if (!text) return;
  turn += 1;
  try {
    await api(`/v1/incidents/${encodeURIComponent(id)}/comments`, { method: "POST", body: { text } });
  } catch (error) {
    return tell(error.message, "error");
  }
  $("comment").value = "";
  await showIncident(id);
  tell("Your comment was added.", "good");
}

// ---- putting it together --------------------------------------------------------------

async function attempt(work, report = say) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (store.key) report(error.message);
  }
}

// Instead of an incident that cannot be read.
function unreadable(text) {
  shown = null;
  $("detail-side").replaceChildren(
    el("a", { href: address(place().state), class: "back" }, "← All incidents"),
    el("p", { class: "error", role: "alert" }, text));
}

async function show({ fresh = false } = {}) {
  if (!store.key) return signIn();
  turn += 1;
  const { state, incident } = place();
  $("sign-in").hidden = true;
  $("desk").hidden = false;
  $("forget").hidden = false;
  document.body.classList.toggle("one", Boolean(incident));
  showStates(state);
  markOpen();
  document.title = incident ? `${incident} · celwatch review` : "celwatch review";
  const work = [];
  if (fresh || listed !== state) work.push(attempt(() => showList(state)));
  if (incident) {
    work.push(attempt(() => showIncident(incident), unreadable)
      .then(() => $("detail-title")?.focus({ preventScroll: true })));
    window.scrollTo(0, 0);
  } else {
    shown = null;
    $("detail-side").replaceChildren(el("p", { class: "empty" }, "Choose an incident to see what was found."));
  }
  await Promise.all(work);
}

function step(by) {
  const rows = [...document.querySelectorAll(".incident")];
  const open = rows.findIndex((row) => row === document.activeElement);
  const from = open >= 0 ? open : rows.findIndex((row) => row.hasAttribute("aria-current"));
  const to = from < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, from + by));
  rows[to]?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("help").open) return;
  const typing = event.target.closest("input, textarea");
  if (event.key === "Escape" && place().incident) {
    const { state, incident } = place();
    if (typing) return typing.blur();
    location.hash = address(state);
    requestAnimationFrame(() =>
      document.querySelector(`.incident[data-id="${CSS.escape(incident)}"]`)?.focus());
    return;
  }
  if (typing) return;
  if (event.key === "?") $("help").showModal();
  else if (store.key && event.key === "j") step(1);
  else if (store.key && event.key === "k") step(-1);
});

$("help-open").addEventListener("click", () => $("help").showModal());
$("more").addEventListener("click", () => attempt(() => showList(place().state, listNext)));
$("refresh").addEventListener("click", () => show({ fresh: true }));
addEventListener("hashchange", () => show());
show({ fresh: true });
