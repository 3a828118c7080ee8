// One decision for several near-duplicates: each is answered by itself, with a key of its own, so that sending
// it again is sending it once; what became of each stands beside it.

const start = JSON.parse(document.getElementById("start").textContent);
const words = start.words;
const byId = (id) => document.getElementById(id);
const [form, policy, clause, action, progress, told, trouble, send, undo] =
  ["decision", "policy", "clause", "action", "progress", "told", "trouble", "send", "undo"].map(byId);
const painted = performance.now();
const RENEW_MS = 30_000;

const option = (value, text) => new Option(text, value);
const chosen = () => start.policies.find((one) => one.id === policy.value);

policy.append(option("", ""), option("fine", words.fine), ...start.policies.map((one) => option(one.id, one.title)));
policy.addEventListener("change", () => {
  const found = chosen();
  const steps = found ? found.actions.filter((one) => one !== "review") : ["allow"];
  clause.replaceChildren(option("", words.no_clause), ...(found?.clauses ?? [])
    .filter((one) => one.kind !== "does-not").map((one) => option(one.id, `${one.id} ${one.title}`)));
  action.replaceChildren(...steps.map((one) => option(one, one)));
  action.value = steps.includes("remove") ? "remove" : steps[steps.length - 1];
  clause.disabled = action.disabled = !found;
});

const hide = byId("hide");
hide?.addEventListener("click", () => {
  hide.setAttribute("aria-pressed", String(form.classList.toggle("covered")));
});

async function post(where, body) {
  const response = await fetch(`/review/${where}`, {
    method: "POST",
    redirect: "manual",
    headers: { "Content-Type": "application/json", "X-CSRFToken": form.querySelector("[name=csrfmiddlewaretoken]").value },
    body: JSON.stringify(body),
  });
  if (response.type === "opaqueredirect" || response.status === 403) throw Object.assign(new Error(), { told: words.signed_out });
  if (response.ok) return response.json();
  if (response.status >= 500) throw new Error("the server failed");
  const problem = await response.json();
  throw Object.assign(new Error(), { told: `${problem.detail}. ${problem.remedy ?? ""}` });
}

let answers = null; // of the ticked ones; kept, so that what was not sent is sent again as it was
let done = [];

function made() {
  const rows = [...form.querySelectorAll("li")].filter((row) => row.querySelector("input").checked);
  const found = chosen();
  const time = Math.round((performance.now() - painted) / Math.max(rows.length, 1));
  return rows.map((row) => ({
    row,
    body: {
      key: crypto.randomUUID(), handle: row.dataset.handle, bulk: start.bulk,
      policy: found?.id ?? null, clause: clause.value || null, action: action.value, severity: found?.severity ?? null,
      note: byId("note").value.trim(), screen: [["paint", 0], ["decide", time]],
    },
  }));
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  answers ??= made();
  if (!answers.length) { answers = null; return; }
  for (const field of form.querySelectorAll("input:not([type=hidden]), select")) field.disabled = true;
  send.disabled = true;
  trouble.hidden = true;
  progress.max = answers.length;
  const unsent = [];
  for (const one of answers.filter((each) => !each.came)) {
    const state = one.row.querySelector(".state");
    try {
      one.came = (await post("alike/answer", one.body)).came;
      state.textContent = `✓ ${words[one.came]}`;
      done.push(one);
    } catch (error) {
      if (error.told) one.came = "refused";
      else unsent.push(one);
      state.textContent = `! ${error.told ?? words.unsent}`;
    }
    progress.value = answers.length - answers.filter((each) => !each.came).length;
    told.textContent = `${progress.value} / ${progress.max}`;
  }
  if (unsent.length) {
    trouble.textContent = `${words.unsent}: ${unsent.length}`;
    trouble.hidden = false;
    send.textContent = words.again;
    send.disabled = false;
    send.focus();
  }
  if (done.length) {
    undo.hidden = false;
    setTimeout(() => { undo.hidden = true; }, start.undo_ms);
  }
});

undo.addEventListener("click", async () => {
  undo.hidden = true;
  const back = done;
  done = [];
  for (const one of back) {
    const state = one.row.querySelector(".state");
    try {
      await post("alike/undo", { key: one.body.key });
      state.textContent = words.undone;
    } catch (error) {
      state.textContent = `! ${error.told ?? words.unsent}`;
    }
  }
});

window.addEventListener("beforeunload", (event) => {
  if (answers?.some((one) => !one.came)) event.preventDefault();
});
setInterval(() => { if (!document.hidden) post("alike/renew", {}).catch(() => {}); }, RENEW_MS);
