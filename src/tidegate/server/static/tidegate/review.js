// The review screen: a buffer of leased tasks, keys, and answers that are sent while the next item is read.
//
// What the server gives is in `start`; what is sent waits in `outbox`, which survives a lost line and a
// closed window, and every answer has a key of its own, so that sending it twice is sending it once. In the
// browser's store each has a place of its own, so that several windows do not lose one another's.

const start = JSON.parse(document.getElementById("start").textContent);
const words = start.words;
const keys = start.keys;
const policies = start.policies;
const byId = (id) => document.getElementById(id);
const parts = Object.fromEntries(
  ["desk", "asks", "message", "evidence", "choices", "details", "submit", "others", "empty", "progress", "told",
    "undo", "help", "away", "pause", "trouble", "note", "to", "keys"].map((id) => [id, byId(id)]),
);
const OUTBOX = `tidegate-outbox-${start.person}/`;
const SEVERITIES = ["low", "medium", "high", "critical"];
const RENEW_MS = 30_000;
const SIGN_EVERY_MS = 1_000;

let care = start.care;
let buffer = start.tasks; // the first is on the screen
let draft = null; // what is chosen so far about it
let painted = null; // when it was painted, by performance.now(); null before
let screen = []; // raw events since then
let lastSign = 0;
let undoable = null; // the answer that can be taken back

// --- making parts of the page -------------------------------------------------------------------------------

function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") made.addEventListener("click", value);
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

const kbd = (key) => make("kbd", {}, key);
const policyOf = (id) => policies.find((policy) => policy.id === id);

// --- the item -------------------------------------------------------------------------------------------------

function show() {
  painted = null;
  screen = [];
  const task = buffer[0];
  parts.desk.hidden = !task;
  parts.empty.hidden = Boolean(task);
  parts.empty.textContent = whyNothing();
  if (!task) return;
  draft = task.draft ?? {
    policy: null, fine: false, clause: null, action: null, severity: null, note: "", span: null,
    second_opinion: false, escalate: false, assist_verdict: "",
  };
  draft.covered = !task.draft && ((task.shown.mask && Boolean(task.content.text)) || (task.shown.blur && Boolean(task.media)));
  draft.seen = !draft.covered;
  draft.full = false;
  draft.drawn = !task.media?.kind; // what is there to be looked at must have come, or have failed to
  parts.asks.textContent = words[`ask_${task.asks}`];
  parts.message.hidden = !task.message;
  parts.message.textContent = task.message;
  parts.evidence.replaceChildren(...evidence(task));
  judge();
  cover();
  window.scrollTo(0, 0);
  parts.asks.focus({ preventScroll: true });
  // Keys live, and the clock runs, from the frame after the one in which the item was drawn.
  requestAnimationFrame(() => requestAnimationFrame(() => {
    if (buffer[0] !== task || painted !== null) return;
    painted = performance.now();
    pressed.clear();
    note("paint");
    performance.mark("painted", { detail: task.handle });
  }));
}

function evidence(task) {
  const { content } = task;
  const found = [];
  if (content.context) found.push(make("h3", {}, words.context), make("p", { class: "context cover", dir: "auto" }, content.context));
  if (content.text !== null) {
    const text = make("p", { class: "words cover", id: "text", dir: "auto", lang: content.language });
    text.append(...marked(task));
    found.push(make("h3", { class: "hidden" }, words.text), text);
  }
  if (task.media) found.push(make("h3", {}, words.media), mediaOf(task));
  found.push(make("p", { id: "covered", class: "notice", hidden: true }, words.covered, " ", kbd(keys.hide)));
  const facts = [content.kind, content.language, content.market, content.surface].filter(Boolean).join(" · ");
  found.push(make("p", { class: "faint" }, facts));
  if (task.appeal) found.push(...appeal(task.appeal));
  if (task.answers) found.push(...opinions(task.answers));
  if (task.assist) found.push(assist(task));
  return found;
}

// The text with what is marked in it: the stretch on which the judge rests, and the words that raised a score.
// Told by the line beneath and, to those who listen, by words that are no part of the text itself.
function marked({ content, assist: found }) {
  const letters = [...content.text]; // characters, as the server counts them
  const spans = (found?.moved ?? []).flatMap((one) => one.words.map(([from, to]) => ({ from, to, kind: "moved" })));
  const quote = found?.judge?.evidence;
  const at = quote ? content.text.indexOf(quote) : -1;
  if (at >= 0) {
    const from = [...content.text.slice(0, at)].length;
    spans.push({ from, to: from + [...quote].length, kind: "rests" });
  }
  const edges = [...new Set([0, letters.length, ...spans.flatMap(({ from, to }) => [from, to])])].sort((a, b) => a - b);
  return edges.slice(1).map((to, index) => {
    const from = edges[index];
    const part = letters.slice(from, to).join("");
    const kinds = [...new Set(spans.filter((span) => span.from <= from && to <= span.to).map((span) => span.kind))];
    if (!kinds.length) return part;
    const said = kinds.map((kind) => words[kind === "moved" ? "begins" : "rests"]).join(" ");
    return make("mark", { class: kinds.join(" "), "data-begins": ` ${said} `, "data-ends": ` ${words.ends} ` }, part);
  });
}

// Which words raised a score is found while one reads, and drawn when it is known; nobody who selects is disturbed.
async function findMoved() {
  const of = buffer.filter((task) => task.assist && !task.assist.moved);
  if (!of.length) return;
  for (const task of of) task.assist.moved = [];
  let found;
  try {
    found = (await post("words", { of: of.map((task) => task.handle) })).moved;
  } catch {
    return;
  }
  for (const task of of) task.assist.moved = found[task.handle] ?? [];
  const text = byId("text");
  if (!text || !of.includes(buffer[0])) return;
  byId("moved").replaceChildren(...behind(buffer[0]));
  const chosen = getSelection();
  if (chosen.isCollapsed || !text.contains(chosen.anchorNode)) text.replaceChildren(...marked(buffer[0]));
  cover();
}

// The same in a list: covered while the text is.
function behind({ content, assist: found }) {
  const moved = found.moved ?? [];
  if (!moved.length) return [];
  const letters = [...content.text];
  return [
    make("dl", {}, ...moved.flatMap(({ harm, words: spans }) => [
      make("dt", {}, `${words.moved}: ${titleOf(harm)}`),
      make("dd", { class: "cover" }, spans.map(([from, to]) => `“${letters.slice(from, to).join("")}”`).join(" ")),
    ])),
    make("p", { class: "faint" }, words.moved_key),
  ];
}

const titleOf = (harm) => policies.find((policy) => policy.harm === harm)?.harm_title ?? harm;

function verdictOf({ policy, clause, rationale }) {
  const what = policy ? `${policyOf(policy)?.title ?? policy} ${clause ?? ""}` : words.fine;
  return `${what.trim()}: ${rationale}`;
}

function whyNothing() {
  const { why, next_free_at: next } = care;
  if (!why) return words.empty;
  const when = next ?? care.break.until;
  return `${words[`why_${why}`]} ${when ? `${words.from} ${moment(when)}` : ""}`;
}

const moment = (at) => new Date(at).toLocaleString(document.documentElement.lang);

function appeal({ statements, history }) {
  return [
    make("h3", {}, words.statements),
    ...statements.map((one) => make("p", { class: "context", dir: "auto" }, one.statement ?? "–")),
    make("h3", {}, words.history),
    make("ol", {}, ...history.map((one) => make("li", {},
      `${one.action}${one.policy ? ` · ${policyOf(one.policy)?.title ?? one.policy}` : ""} · ${one.by_person ? words.by_person : words.by_machine} · ${one.reason}`))),
  ];
}

function opinions(answers) {
  return [
    make("h3", {}, words.opinions),
    make("ul", {}, ...answers.map((one, at) => {
      const policy = one.policy ? policyOf(one.policy) : null;
      const what = one.violates ? `${policy?.title ?? one.policy} ${one.clause ?? ""}` : words.fine;
      return make("li", {}, `${words.opinion} ${at + 1}: ${what} → ${one.action}`, one.note ? make("p", { class: "context" }, one.note) : null);
    })),
  ];
}

function assist(task) {
  const found = task.assist;
  const rows = [
    [words.rule, found.rule ?? found.reason],
    [words.queue, found.queue],
    ...found.scores.map((one) => [titleOf(one.harm), one.score.toFixed(2)]),
    [words.judge, found.judge && verdictOf(found.judge)],
    [words.author, found.author], [words.views, found.views], [words.reports, found.reports],
    [words.due, moment(found.due_at)],
  ].filter(([, value]) => value !== null && value !== undefined);
  return make("section", { "aria-labelledby": "machine" },
    make("h3", { id: "machine" }, words.machine),
    make("dl", {}, ...rows.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, String(value))])),
    make("div", { id: "moved" }, ...behind(task)),
    make("p", { class: "acts", id: "verdict" }));
}

// --- pictures and videos ----------------------------------------------------------------------------------------

// An empty frame: nothing is fetched before it may be looked at. What may not be loaded stays an address, and why.
function mediaOf({ media, shown }) {
  if (media.why) {
    return make("div", {}, make("p", { class: "context cover" }, media.address), make("p", { class: "faint" }, words[`media_${media.why}`]));
  }
  return make("figure", { id: "media", class: `media cover ${shown.preview}${shown.greyscale ? " grey" : ""}` });
}

const LARGEST = 4096; // pixels a side, of what is drawn still

function draw() {
  const frame = byId("media");
  const task = buffer[0];
  if (!frame || draft.covered) return;
  const { kind, address } = task.media;
  const come = () => { if (buffer[0] === task && !draft.drawn) { draft.drawn = true; judge(); } };
  const failed = () => {
    if (byId("media") !== frame) return;
    frame.replaceChildren(make("p", { class: "context" }, address), make("p", { class: "notice", role: "status" }, words.media_failed));
    come();
  };
  if (kind === "video") {
    const video = make("video", {
      controls: true, playsinline: true, preload: "metadata", "aria-label": words.video,
      controlslist: "nodownload noremoteplayback", disablepictureinpicture: true, autoplay: !task.shown.still,
    });
    video.muted = task.shown.mute;
    video.addEventListener("loadedmetadata", come, { once: true });
    video.addEventListener("error", failed, { once: true });
    video.src = address;
    frame.replaceChildren(video);
    return;
  }
  const image = new Image();
  image.referrerPolicy = "no-referrer";
  image.alt = words.image;
  image.addEventListener("load", () => { if (byId("media") === frame) still(frame, image, task); come(); }, { once: true });
  image.addEventListener("error", failed, { once: true });
  image.src = address;
}

// A picture that moves plays by itself: where nothing is to, its first frame is drawn instead.
function still(frame, image, task) {
  if (!task.shown.still || draft.full) { frame.replaceChildren(image); return; }
  const share = Math.min(1, LARGEST / Math.max(image.naturalWidth, image.naturalHeight, 1));
  const canvas = make("canvas", {
    role: "img", "aria-label": words.image,
    width: Math.round(image.naturalWidth * share), height: Math.round(image.naturalHeight * share),
  });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  frame.replaceChildren(canvas);
}

function look() {
  const frame = byId("media");
  draft.full = !draft.full;
  frame.classList.toggle("grey", buffer[0].shown.greyscale && !draft.full);
  frame.classList.toggle("as-it-is", draft.full);
  if (buffer[0].media.kind === "image") draw();
}

function play() {
  const video = parts.evidence.querySelector("video");
  if (!video) return;
  if (video.paused) video.play().catch(() => {});
  else video.pause();
}

function cover() {
  parts.evidence.classList.toggle("covered", draft.covered);
  // Whoever listens is told no more than whoever looks.
  for (const part of parts.evidence.querySelectorAll(".cover")) part.ariaHidden = draft.covered ? "true" : null;
  const told = byId("covered");
  if (told) told.hidden = !draft.covered;
  const frame = byId("media");
  if (!frame) return;
  frame.inert = draft.covered;
  if (draft.covered) frame.querySelector("video")?.pause();
  else if (!frame.hasChildNodes()) draw();
}

// --- the decision -----------------------------------------------------------------------------------------------

function options() {
  if (draft.policy === null) {
    return [
      { label: words.fine, hint: words.fine_text, chosen: draft.fine, choose: () => { draft.fine = true; draft.action = "allow"; } },
      ...policies.map((policy) => ({ label: policy.title, hint: "", chosen: false, choose: () => choosePolicy(policy) })),
    ];
  }
  const policy = policyOf(draft.policy);
  const clauses = policy.clauses.filter((clause) => clause.kind !== "does-not");
  return [
    ...clauses.map((clause) => ({
      label: `${clause.id} ${clause.title}`, hint: clause.text, chosen: draft.clause === clause.id,
      choose: () => { draft.clause = clause.id; },
    })),
    { label: words.no_clause, hint: "", chosen: draft.clause === null, choose: () => { draft.clause = null; } },
  ];
}

function choosePolicy(policy) {
  const steps = actions(policy);
  Object.assign(draft, {
    fine: false, policy: policy.id, clause: null, severity: policy.severity,
    action: steps.includes("remove") ? "remove" : steps[steps.length - 1],
  });
}

const actions = (policy) => policy.actions.filter((action) => action !== "review");
const showFirst = () => `${words.covered} ${keys.hide}`;
const ready = () => Boolean(buffer[0] && draft.action && (draft.fine || draft.policy) && draft.seen && draft.drawn);
const keyOf = (at) => (at < 9 ? String(at + 1) : at === 9 ? "0" : "");

function judge() {
  const policy = draft.policy ? policyOf(draft.policy) : null;
  parts.choices.replaceChildren(
    make("h3", {}, policy ? `${policy.title}: ${words.clause}` : words.choose),
    ...options().map((option, at) => button(option, keyOf(at))),
  );
  const details = [];
  if (policy) {
    details.push(make("h3", {}, words.action), make("p", { class: "acts" }, ...actions(policy).map((action, at) => button({
      label: action, chosen: draft.action === action, choose: () => { draft.action = action; },
    }, keys[`action_${at + 1}`], ""))));
    details.push(make("p", { class: "acts" }, button({ label: `${words.severity}: ${words[draft.severity]}`, choose: severity }, keys.severity, "")));
  }
  if (draft.note) details.push(make("p", { class: "context" }, draft.note));
  if (draft.span) details.push(make("p", {}, `${words.marked}: ${[...buffer[0].content.text].slice(...draft.span).join("")}`));
  if (ready()) details.push(make("p", { class: "faint" }, words.ready));
  parts.details.replaceChildren(...details);
  parts.submit.disabled = !ready();
  parts.others.replaceChildren(...commands().map(([name, act, on]) => button(
    { label: words[name], chosen: on, toggles: on !== undefined, choose: act }, keys[name], "")));
  const verdict = byId("verdict");
  if (verdict) {
    verdict.replaceChildren(
      button({ label: words.useful, chosen: draft.assist_verdict === "useful", choose: useful }, keys.useful, ""),
      button({ label: words.wrong, chosen: Boolean(draft.assist_verdict) && draft.assist_verdict !== "useful", choose: wrong }, keys.wrong, ""),
    );
  }
}

function button(option, key, style = "choice") {
  const made = make("button", {
    type: "button", class: style || null, "aria-pressed": option.chosen === undefined ? null : String(Boolean(option.chosen)),
    onclick: () => { sign(); option.choose(); if (draft) judge(); },
  }, key ? kbd(key) : null, " ", option.label, option.hint ? make("small", {}, option.hint) : null);
  made.addEventListener("mousedown", (event) => event.preventDefault()); // the focus stays; Enter then sends
  return made;
}

function commands() {
  const policy = draft.policy ? policyOf(draft.policy) : null;
  const found = [
    ["mark", mark, Boolean(draft.span)],
    ["note", writeNote, Boolean(draft.note)],
    ["second_opinion", () => { draft.second_opinion = !draft.second_opinion; }, draft.second_opinion],
    ["skip", () => leave("ask-skip", "skip", (reason) => ({ reason, screen: closed() }))],
    ["hold", () => leave("ask-hold", "hold", (minutes) => ({ minutes: Number(minutes) }))],
    ["send", () => leave("ask-send", "send", () => ({ to: parts.to.value, message: byId("send-message").value }))],
    ["escalate", () => leave("ask-escalate", "escalate", () => ({ message: byId("escalate-message").value }))],
    ["alike", near],
    ["hide", () => { draft.covered = !draft.covered; draft.seen = true; cover(); }, draft.covered],
  ];
  if (buffer[0].media?.kind && !draft.covered) {
    found.push(["look", look, draft.full]);
    if (buffer[0].media.kind === "video") found.push(["play", play]);
  }
  if (policy?.escalation) found.splice(3, 0, ["call", () => { draft.escalate = !draft.escalate; }, draft.escalate]);
  return found;
}

// Questions like this one, on a page of their own; what was sent is sent first.
async function near() {
  const task = buffer[0];
  if (task.asks !== "decide") return;
  await drain();
  if (!outbox.length && buffer[0] === task) location.assign(`/review/alike/${task.handle}/`);
}

function severity() {
  draft.severity = SEVERITIES[(SEVERITIES.indexOf(draft.severity) + 1) % SEVERITIES.length];
}

function mark() {
  const text = byId("text");
  const chosen = getSelection();
  if (!text || chosen.isCollapsed || !text.contains(chosen.anchorNode) || !text.contains(chosen.focusNode)) {
    draft.span = null;
    return;
  }
  const range = chosen.getRangeAt(0);
  const before = range.cloneRange();
  before.selectNodeContents(text);
  before.setEnd(range.startContainer, range.startOffset);
  // Characters, as the server counts them, and not UTF-16 units.
  const from = [...before.toString()].length;
  draft.span = [from, from + [...range.toString()].length];
}

function writeNote() {
  parts.note.value = draft.note;
  ask("ask-note").then((value) => {
    if (value !== "ok") return;
    draft.note = parts.note.value.trim();
    judge();
  });
}

function useful() { draft.assist_verdict = draft.assist_verdict === "useful" ? "" : "useful"; }
function wrong() {
  ask("ask-wrong").then((value) => { if (value) { draft.assist_verdict = value; judge(); } });
}

// --- dialogs ----------------------------------------------------------------------------------------------------

function ask(id) {
  const dialog = byId(id);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    // Of closing the browser tells later, and the next key may come before: what was chosen would be of the next item.
    dialog.addEventListener("submit", (event) => resolve(event.submitter?.value ?? ""), { once: true });
    dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true });
  });
}

const asking = () => document.querySelector("dialog[open]") !== null;

document.addEventListener("keydown", (event) => {
  const dialog = document.querySelector("dialog[open]");
  if (!dialog || event.isComposing || event.repeat || typing(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  const numbered = [...dialog.querySelectorAll(".column button")];
  const chosen = numbered[Number(event.key) - 1];
  if (chosen) { event.preventDefault(); chosen.click(); }
});

async function leave(dialog, where, body) {
  const task = buffer[0];
  byId(dialog).querySelector("form").reset(); // what was written of another item is not said of this one
  const value = await ask(dialog);
  if (!value || buffer[0] !== task) return;
  const said = { handle: task.handle, ...body(value) };
  buffer.shift();
  show();
  try {
    took(await post(where, said));
    trouble("");
  } catch (error) {
    buffer.unshift(task);
    show();
    trouble(error.signedOut ? words.signed_out : error.told ?? words.offline);
  }
}

// --- keys ---------------------------------------------------------------------------------------------------------

const pressed = new Set(); // keys that went down before the item was painted do nothing until they are let go

const typing = (target) => target instanceof Element && (target.closest("input, textarea, select") !== null || target.isContentEditable);
const operates = (target) => target instanceof Element && target.closest("button, a, summary") !== null;

document.addEventListener("keyup", (event) => pressed.delete(event.code));
window.addEventListener("blur", () => pressed.clear());
document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.keyCode === 229) return;
  const held = event.repeat || pressed.has(event.code);
  pressed.add(event.code);
  if (held || event.ctrlKey || event.metaKey || event.altKey) return;
  if (asking() || typing(event.target) || event.defaultPrevented) return;
  sign();
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (key === "?") { event.preventDefault(); showKeys(); return; }
  if (key === keys.away) { event.preventDefault(); stepAway(); return; }
  if (key === keys.undo) { event.preventDefault(); undo(); return; }
  if (painted === null || !buffer[0]) return;
  if (key === "Enter") {
    if (operates(event.target)) return; // it is pressed, as keyboards do
    event.preventDefault();
    if (ready()) submit();
    else tell(draft.seen ? words.choose_first : showFirst());
    return;
  }
  if (key === "Escape") { event.preventDefault(); back(); return; }
  const act = actOf(key);
  if (act) { event.preventDefault(); act(); if (draft) judge(); } else if (/^[0-9]$/.test(key) && !draft.seen) tell(showFirst());
});

function actOf(key) {
  if (/^[0-9]$/.test(key)) return draft.seen ? options()[key === "0" ? 9 : Number(key) - 1]?.choose : undefined;
  const name = Object.keys(keys).find((one) => keys[one] === key);
  if (!name) return undefined;
  if (name.startsWith("action_")) {
    const action = draft.policy ? actions(policyOf(draft.policy))[Number(name.slice(7)) - 1] : undefined;
    return action && (() => { draft.action = action; });
  }
  if (name === "severity") return draft.policy ? severity : undefined;
  if (name === "useful" || name === "wrong") return buffer[0].assist ? { useful, wrong }[name] : undefined;
  return commands().find(([one]) => one === name)?.[1];
}

function back() {
  if (draft.policy !== null) Object.assign(draft, { policy: null, clause: null, action: null, severity: null, escalate: false });
  else Object.assign(draft, { fine: false, action: null });
  judge();
}

function showKeys() {
  const rows = [["1 … 9, 0", words.from_list], ["Enter", parts.submit.textContent.replace("Enter", "").trim()],
    ["Esc", words.step_back], ...Object.entries(keys).map(([name, key]) => [key, words[name]])];
  parts.keys.replaceChildren(...rows.flatMap(([key, said]) => [make("dt", {}, kbd(key)), make("dd", {}, said)]));
  ask("show-keys");
}

// --- sending ------------------------------------------------------------------------------------------------------

let outbox = Object.keys(localStorage).filter((name) => name.startsWith(OUTBOX))
  .map((name) => JSON.parse(localStorage.getItem(name))).sort((one, other) => one.at - other.at);
let sending = null;
let waits = 1_000;

function put(letter) {
  const kept = { at: Date.now(), ...letter };
  outbox.push(kept);
  localStorage.setItem(OUTBOX + kept.key, JSON.stringify(kept));
  return kept;
}

function drop(letter) {
  outbox = outbox.filter((one) => one !== letter);
  localStorage.removeItem(OUTBOX + letter.key);
}

function submit() {
  const task = buffer[0];
  note("decide");
  const { policy, clause, action, severity: grade, note: written, span, second_opinion, escalate, assist_verdict } = draft;
  const answer = put({
    key: crypto.randomUUID(), handle: task.handle, policy, clause, action, severity: grade, note: written, span,
    second_opinion, escalate, assist_verdict, screen,
  });
  performance.mark("decided", { detail: task.handle });
  undoable = { answer, task: { ...task, draft } };
  offerUndo(answer);
  tell(`${words.sent}: ${policy ? policyOf(policy).title : words.fine} → ${action}`);
  buffer.shift();
  show();
  drain();
}

function drain() {
  sending ??= send().finally(() => { sending = null; });
  return sending;
}

async function send() {
  while (outbox.length) {
    const [answer] = outbox;
    try {
      const result = await (answer.undoes ? post("undo", { key: answer.undoes }) : post("answer", answer));
      drop(answer);
      waits = 1_000;
      trouble("");
      if (result.came === "waiting") tell(words.waiting);
      if (result.came === "late") tell(words.late);
      took(result);
    } catch (error) {
      if (error.signedOut) { trouble(words.signed_out); return; }
      if (error.told) { // it cannot be; the item comes back with what is wrong
        drop(answer);
        if (undoable?.answer === answer) { buffer.unshift(undoable.task); undoable = null; hideUndo(); show(); }
        trouble(error.told);
        continue;
      }
      trouble(`${words.offline} ${outbox.length}`);
      await new Promise((resolve) => setTimeout(resolve, waits));
      waits = Math.min(waits * 2, 30_000);
    }
  }
}

// What was never on the screen goes to others at once, and is no exposure.
window.addEventListener("pagehide", () => {
  const unseen = buffer.slice(painted === null ? 0 : 1).map((task) => task.handle);
  if (unseen.length) post("return", { unseen }).catch(() => {});
});

window.addEventListener("online", () => { waits = 1_000; drain(); });
window.addEventListener("beforeunload", (event) => { if (outbox.length) event.preventDefault(); });

async function post(where, body, room = "review") {
  const have = [...buffer.map((task) => task.handle), ...outbox.map((one) => one.handle)];
  const said = JSON.stringify({ ...body, have, window: start.window });
  const response = await fetch(`/${room}/${where}`, {
    method: "POST",
    redirect: "manual",
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": document.querySelector("#token input").value },
    body: said,
    keepalive: said.length < 20_000, // more than 64 KiB would not be sent at all
  });
  if (response.type === "opaqueredirect" || response.status === 403) throw Object.assign(new Error("signed out"), { signedOut: true });
  if (response.ok) return response.json();
  if (response.status >= 500) throw new Error("the server failed");
  const problem = await response.json();
  throw Object.assign(new Error("refused"), { told: `${problem.detail}. ${problem.remedy ?? ""}` });
}

function took(result) {
  if (result.progress) progress(result.progress);
  if (result.care) cared(result.care);
  if (care.why === "away" && !byId("stepped-away").open) emptied().then(comeBack);
  const unsent = new Set(outbox.map((one) => one.handle));
  const gone = new Set(result.gone ?? []);
  const current = buffer[0];
  buffer = buffer.filter((task) => !gone.has(task.handle) || unsent.has(task.handle)); // else it is being undone
  const have = new Set(buffer.map((task) => task.handle));
  const given = steppedAway() ? [] : result.tasks ?? []; // from before the server knew
  buffer.push(...given.filter((task) => !have.has(task.handle) && !unsent.has(task.handle)));
  if (buffer[0] !== current) {
    if (current && gone.has(current.handle)) tell(words.taken);
    show();
  }
  findMoved();
}

// --- taking back --------------------------------------------------------------------------------------------------

let undoTimer = null;

function offerUndo() {
  clearTimeout(undoTimer);
  parts.undo.replaceChildren(words.undo, " ", kbd(keys.undo));
  parts.undo.hidden = false;
  undoTimer = setTimeout(() => { undoable = null; hideUndo(); }, start.undo_ms);
}

function hideUndo() { parts.undo.hidden = true; }

async function undo() {
  if (!undoable) return;
  const { answer, task } = undoable;
  undoable = null;
  hideUndo();
  const here = outbox.indexOf(answer);
  if (here > 0) drop(answer); // it has not left
  else if (here === 0) put({ key: crypto.randomUUID(), handle: answer.handle, undoes: answer.key }); // it may have
  else {
    try {
      took(await post("undo", { key: answer.key }));
    } catch (error) {
      trouble(error.told ?? words.offline);
      return;
    }
  }
  buffer = [task, ...buffer.filter((one) => one.handle !== task.handle)];
  tell(words.undone);
  show();
  drain();
}

// --- stepping away ------------------------------------------------------------------------------------------------

const steppedAway = () => byId("stepped-away").open;

// The person's other windows: nothing is left in one of them while they are away in another.
const windows = new BroadcastChannel(`tidegate-away-${start.person}`);
windows.addEventListener("message", ({ data: away }) => {
  if (away && !steppedAway()) emptied().then(comeBack);
  else if (!away && steppedAway()) byId("stepped-away").close("elsewhere");
});

async function stepAway() {
  const back = emptied(); // at once, whatever the line does
  windows.postMessage(true);
  const telling = tellAway();
  const how = await back;
  await telling;
  await comeBack(how);
}

function emptied() {
  document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close());
  buffer = [];
  const back = ask("stepped-away");
  show();
  return back;
}

async function comeBack(how) {
  if (how !== "elsewhere") {
    await post("back", {}, "care").then(cared).catch(() => {});
    windows.postMessage(false);
  }
  refresh();
}

// Until the server knows, others do not get what was here.
async function tellAway() {
  while (steppedAway()) {
    try {
      cared(await post("away", {}, "care"));
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 2_000));
    }
  }
}

// --- time ---------------------------------------------------------------------------------------------------------

function note(what) {
  if (painted !== null) screen.push([what, Math.round(performance.now() - painted)]);
}

function sign() {
  const now = performance.now();
  if (now - lastSign < SIGN_EVERY_MS) return;
  lastSign = now;
  note("input");
}

function closed() {
  note("decide");
  return screen;
}

for (const what of ["mousemove", "wheel", "scroll", "touchstart", "input", "selectionchange"]) {
  document.addEventListener(what, sign, { passive: true });
}
window.addEventListener("blur", () => note("blur"));
window.addEventListener("focus", () => { note("focus"); sign(); });

const away = () => buffer[0] && painted !== null && performance.now() - Math.max(lastSign, painted) > buffer[0].idle_limit_ms;

setInterval(async () => {
  if (byId("still-there").open) return;
  if (away()) {
    note("blur");
    await ask("still-there");
    note("focus");
    sign();
    refresh();
  }
}, 1_000);

async function refresh() {
  try {
    took(await post("take", {}));
    if (!outbox.length) trouble("");
  } catch (error) {
    trouble(error.signedOut ? words.signed_out : error.told ?? `${words.offline} ${outbox.length}`);
  }
}

// Whoever is away renews nothing, so that others get the items.
setInterval(() => { if (!byId("still-there").open && !steppedAway() && !document.hidden) refresh(); }, RENEW_MS);
// Whoever comes back to this window may have stepped away on another page meanwhile.
document.addEventListener("visibilitychange", () => { if (!asking() && !document.hidden) refresh(); });

// --- what is told -------------------------------------------------------------------------------------------------

function tell(text) { parts.told.textContent = text; }

function trouble(text) {
  parts.trouble.hidden = !text;
  if (parts.trouble.textContent !== text) parts.trouble.textContent = text;
}

function cared(state) {
  care = state;
  parts.empty.textContent = whyNothing();
  parts.pause.hidden = !care.break.due;
  parts.pause.textContent = `${care.break.active_minutes} ${words.break_due} ${care.break.minutes} ${words.minutes}`;
}

function progress({ answers, active_ms: active }) {
  parts.progress.textContent = `${answers} ${words.today} · ${Math.round(active / 60_000)} ${words.minutes} ${words.active}`;
}

parts.submit.addEventListener("click", () => { sign(); if (ready() && painted !== null) submit(); });
parts.undo.addEventListener("click", undo);
parts.help.addEventListener("click", showKeys);
parts.away.append(" ", kbd(keys.away));
parts.away.addEventListener("click", stepAway);

const unsent = new Set(outbox.map((one) => one.handle));
buffer = buffer.filter((task) => !unsent.has(task.handle));
progress(start.progress);
cared(start.care);
show();
if (care.why === "away") emptied().then(comeBack);
drain();
findMoved();
