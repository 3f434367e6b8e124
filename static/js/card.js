/* The editor of a card: every field is kept as a draft while it is typed; what cannot be kept on the
   server stays in this browser, is tried again and offered again. */
(function () {
  "use strict";
  const form = document.querySelector("[data-card-form]");
  if (!form) return;
  const store = window.SignetStore(form.dataset.user, form.dataset.card);
  const status = form.querySelector("[data-card-state]");
  const own = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const PAUSE = 800;
  const fields = new Map();
  let seq = 0;
  let submitting = false;
  let waits = 0;
  let timer = null;
  let asking = false;
  let wanted = null;

  const fieldset = (key) => document.getElementById("field-" + key);
  const region = (key) => document.getElementById("kept-" + key);
  const named = (key, name) => form.elements.namedItem(name + "-" + key);
  const all = () => Array.from(form.querySelectorAll("[data-autosave]"), (part) => part.dataset.autosave);
  const count = (state) => Array.from(fields.values()).filter((field) => field.state === state).length;

  function inputs(key) {
    const chosen = fieldset(key).querySelector('[type="radio"]:checked');
    return { state: chosen ? chosen.value : "", value: named(key, "value").value, reason: named(key, "reason").value };
  }
  // What counts: words in an input that the chosen answer does not use are not part of it.
  function said(found) {
    const value = ["source", "unknown", "not_applicable"].includes(found.state) ? "" : found.value;
    return JSON.stringify([found.state, value, found.state === "not_applicable" ? found.reason : ""]);
  }
  function field(key) {
    if (!fields.has(key)) fields.set(key, { state: "clean", sent: "", said: "", timer: null, again: false });
    return fields.get(key);
  }

  /* --- Saying how things stand ------------------------------------------------------------ */
  function told() {
    const failed = count("failed");
    const tone = failed ? "failed" : count("choice") ? "choice" : "";
    let text = status.textContent;
    if (failed) text = failed + (failed === 1 ? " answer is" : " answers are") + " not saved, only kept in this browser";
    else if (count("choice")) text = "Choose which text stands";
    else if (count("typing")) text = "Not saved yet";
    else if (count("saving")) text = "Saving…";
    else if (count("kept")) text = "Kept as draft; Save revision puts it on the card";
    if (status.textContent !== text) status.textContent = text;
    status.dataset.tone = tone;
  }
  function set(key, state) {
    field(key).state = state;
    fieldset(key).dataset.state = state;
    told();
  }
  function line(key, text, tone) {
    const place = region(key);
    let said = place.querySelector(".state");
    if (!said) { said = document.createElement("p"); place.append(said); }
    said.className = "small state " + (tone || "quiet");
    said.replaceChildren(text);
    return said;
  }
  function button(text, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "btn btn-sm";
    made.textContent = text;
    made.addEventListener("click", act);
    return made;
  }

  /* --- Keeping ---------------------------------------------------------------------------- */
  function remember(key) {
    const now = inputs(key);
    const legend = form.querySelector("h2");
    store.keep(key, { ...now, text: said(now), base: named(key, "base").value, at: Date.now(), section: form.dataset.section, sectionLabel: legend.textContent });
  }
  function typed(key, pause) {
    remember(key);
    const known = field(key);
    if (known.state !== "failed") set(key, "typing");
    window.clearTimeout(known.timer);
    known.timer = window.setTimeout(() => send(key), pause);
  }
  function send(key) {
    const known = field(key);
    window.clearTimeout(known.timer);
    known.timer = null;
    if (inputs(key).state === "theirs") { set(key, "clean"); return; }
    if (known.state !== "failed") { set(key, "saving"); line(key, "Saving…"); }
    window.htmx.trigger(fieldset(key), "autosave");
  }
  function kept(key) {
    const known = field(key);
    named(key, "kept").value = region(key).dataset.kept;
    known.said = region(key).dataset.said;
    // What had been saved for this person meanwhile is what they go on from, not a clash.
    if (region(key).dataset.read) named(key, "base").value = region(key).dataset.read;
    const list = Array.from(region(key).querySelectorAll(".errorlist li"), (item) => item.textContent);
    const answer = named(key, "value");
    answer.toggleAttribute("aria-invalid", list.length > 0);
    if (list.length) answer.setAttribute("aria-invalid", "true");
    answer.setAttribute("aria-describedby", "help-" + key + (list.length ? " error-" + key : ""));
    fieldset(key).classList.toggle("wrong", list.length > 0);
    answer.dispatchEvent(new CustomEvent("signet:faults", { detail: list }));
    known.again = false;
    waits = 0;
    if (said(inputs(key)) === known.sent) {
      store.confirmed(key);
      set(key, region(key).querySelector("[data-choice]") ? "choice" : "kept");
    } else if (!known.timer) typed(key, PAUSE);
    if (count("failed")) again();
  }

  // Who rests in a field learns what others do there; nothing is written when nothing has changed.
  window.setInterval(() => {
    const place = document.activeElement;
    const part = place.closest("[data-autosave]");
    if (document.hidden || !part || place.closest(".kept") || part.querySelector(".other[open]")) return;
    if (field(part.dataset.autosave).state === "kept") window.htmx.trigger(part, "autosave");
  }, 20000);

  /* --- Failing ---------------------------------------------------------------------------- */
  const PLAIN = {
    0: "Signet cannot be reached.",
    403: "You may not edit this card any more.",
    404: "This card is not here any more.",
    413: "This is too large to be kept.",
    429: "Too many requests in a short time.",
  };
  function reason(xhr) {
    const page = new DOMParser().parseFromString(xhr.responseText || "", "text/html");
    const found = page.querySelector("[data-error] .text");
    return found ? found.textContent.replace(/\s+/g, " ").trim() : PLAIN[xhr.status] || "Signet could not save this (error " + xhr.status + ").";
  }
  function failed(key, xhr) {
    const known = field(key);
    known.why = xhr.status;
    set(key, "failed");
    if (xhr.status === 401) { signedOut(key); return; }
    // Without a session no token fits: whether it is that, the session itself must say.
    if (xhr.status === 403 && !known.again) { known.again = true; renewed(); return; }
    const place = line(key, reason(xhr) + " Your text is kept in this browser. ", "failed");
    if (![400, 403, 404, 413, 422].includes(xhr.status)) again();
    place.append(button("Try now", () => send(key)));
  }
  function signedOut(key) {
    field(key).why = 401;
    field(key).again = false;
    line(key, "You were signed out. Your text is kept in this browser. ", "failed").append(signIn(), "; it is saved once you are back.");
    again();
  }
  function signIn() {
    const link = document.createElement("a");
    link.href = form.dataset.signIn;
    link.target = "_blank";
    link.textContent = "Sign in in a new tab";
    return link;
  }
  function again() {
    if (timer) return;
    timer = window.setTimeout(retry, Math.min(60, 3 * 2 ** waits) * 1000);
    waits += 1;
  }
  function retry() {
    window.clearTimeout(timer);
    timer = null;
    const waiting = Array.from(fields).filter(([, known]) => known.state === "failed" && ![400, 404, 413, 422].includes(known.why) && !(known.why === 403 && known.again));
    if (!waiting.length) return;
    if (waiting.some(([, known]) => known.why === 401)) renewed();
    else waiting.forEach(([key]) => send(key));
  }
  /* After signing in again, in another tab, forms need another token; who signed in must be the same. */
  async function session() {
    const answer = await fetch(form.dataset.session, { headers: { "HX-Request": "true" } }).catch(() => null);
    const found = answer && answer.ok ? await answer.json().catch(() => null) : null;
    if (!found) return { code: answer && !answer.ok ? answer.status : 0 };
    if (found.user !== form.dataset.user) return { code: 200, other: true };
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": found.csrf }));
    document.querySelectorAll("[name=csrfmiddlewaretoken]").forEach((input) => { input.value = found.csrf; });
    return { code: 200 };
  }
  async function renewed() {
    asking = true;
    const { code, other } = await session();
    asking = false;
    Array.from(fields).filter(([, known]) => known.state === "failed" && [401, 403].includes(known.why)).forEach(([key, known]) => {
      if (other) {
        known.why = 401;
        known.again = false;
        line(key, "Somebody else is signed in now. Your text is kept in this browser for you.", "failed");
      } else if (code === 200) send(key);
      else if (code === 401) signedOut(key);
      else {
        known.again = code === 403;
        line(key, (PLAIN[code] || PLAIN[0]) + " Your text is kept in this browser.", "failed");
        if (code !== 403) again();
      }
    });
    checked();
  }
  window.addEventListener("online", retry);
  window.addEventListener("focus", retry);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) retry(); });

  /* --- htmx ------------------------------------------------------------------------------- */
  form.addEventListener("htmx:configRequest", (event) => {
    const part = event.target;
    if (part.matches("[data-preview]")) event.detail.parameters.text = named(part.dataset.preview, "value").value;
    if (!part.matches("[data-autosave]")) return;
    field(part.dataset.autosave).busy = true;
    seq = Math.max(Date.now(), seq + 1);
    event.detail.parameters.window = own;
    event.detail.parameters.seq = seq;
    event.detail.parameters.said = field(part.dataset.autosave).said;
    field(part.dataset.autosave).sent = said(inputs(part.dataset.autosave));
  });
  form.addEventListener("htmx:beforeOnLoad", (event) => {
    const xhr = event.detail.xhr;
    const autosave = event.target.matches("[data-autosave]");
    if (autosave ? xhr.status >= 400 && xhr.status !== 409 : xhr.status === 401) event.preventDefault();
    if (!autosave && xhr.status === 401) {
      status.dataset.tone = "failed";
      status.textContent = "You were signed out; your text is kept. Sign in in a new tab, then try again.";
    }
  });
  form.addEventListener("htmx:beforeSwap", (event) => {
    if (!event.target.matches("[data-autosave], .kept") || event.detail.xhr.status !== 409) return;
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  });
  form.addEventListener("htmx:afterRequest", (event) => {
    const part = event.detail.elt;
    const xhr = event.detail.xhr;
    if (part.matches("[data-autosave]")) {
      const key = part.dataset.autosave;
      field(key).busy = false;
      if (xhr.status === 200) kept(key);
      else if (xhr.status === 409) set(key, "choice");
      else failed(key, xhr);
    } else if (part.matches("[data-preview]") && xhr.status === 200) shown(part, true);
    checked();
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const part = event.detail.target.id.startsWith("field-") && document.getElementById(event.detail.target.id);
    if (!part || !event.detail.requestConfig.elt.matches("[data-drop]")) return;
    const key = part.dataset.autosave;
    window.clearTimeout(field(key).timer);
    fields.delete(key);
    store.confirmed(key);
    start(part);
    told();
    part.querySelector("[type=radio]:checked, [type=radio]").focus();
  });

  /* --- Typing and choosing ---------------------------------------------------------------- */
  form.addEventListener("input", (event) => {
    const part = event.target.closest("[data-autosave]");
    if (!part || !/^(state|value|reason)-/.test(event.target.name)) return;
    if (event.target.name.startsWith("value-") && event.target.value) {
      const written = part.querySelector('[type="radio"][value="written"]');
      if (written) written.checked = true;
    }
    typed(part.dataset.autosave, event.target.matches("[type=radio], select") ? 0 : PAUSE);
  });
  form.addEventListener("focusout", (event) => {
    const part = event.target.closest("[data-autosave]");
    if (part && field(part.dataset.autosave).timer) typed(part.dataset.autosave, 100);
  });
  form.addEventListener("click", (event) => {
    const chosen = event.target.closest("[data-choose]");
    const reload = event.target.closest("[data-reload]");
    const previewer = event.target.closest("[data-preview]");
    if (previewer) {
      if (previewer.getAttribute("aria-expanded") === "true") shown(previewer, false);
      else window.htmx.trigger(previewer, "preview");
    }
    const dropper = event.target.closest("[data-drop]");
    // Words that were about to be kept must not come back after the draft was dropped.
    if (dropper) window.clearTimeout(field(dropper.dataset.drop).timer);
    const copier = event.target.closest("[data-copy-source]");
    if (copier) {
      const key = copier.dataset.copySource;
      const before = inputs(key).state === "written" ? inputs(key).value : "";
      fill(key, { state: "written", value: joined(key, before, copier.dataset.text), reason: "" });
      typed(key, 0);
      focused(key);
    }
    if (!chosen && !reload) return;
    const key = event.target.closest("[data-autosave]").dataset.autosave;
    if (reload) {
      event.preventDefault();
      store.confirmed(key);
      fields.delete(key);
      location.reload();
      return;
    }
    if (chosen.dataset.choose === "over") named(key, "kept").value = chosen.dataset.token;
    else named(key, "base").value = region(key).dataset.base;
    if (chosen.dataset.choose === "both") fill(key, { ...inputs(key), value: joined(key, inputs(key).value, region(key).querySelector("textarea[data-their-text]").value) });
    typed(key, 0);
    focused(key);
  });
  function joined(key, one, other) {
    const isLong = named(key, "value").closest(".answer").querySelector("[data-preview]");
    return one + (one ? (isLong ? "\n\n" : "\n") : "") + other;
  }
  function focused(key) {
    const places = Array.from(fieldset(key).querySelectorAll(".answer input, .answer textarea, .answer select"));
    (places.find((place) => place.checkVisibility()) || fieldset(key).querySelector("[type=radio]")).focus();
  }
  function fill(key, found) {
    const radio = fieldset(key).querySelector('[type="radio"][value="' + CSS.escape(found.state) + '"]');
    if (radio) radio.checked = true;
    named(key, "value").value = found.value;
    named(key, "reason").value = found.reason;
    named(key, "value").dispatchEvent(new Event("signet:filled"));
  }
  function shown(previewer, open) {
    const key = previewer.dataset.preview;
    document.getElementById("preview-" + key).hidden = !open;
    named(key, "value").hidden = open;
    previewer.setAttribute("aria-expanded", open);
    previewer.querySelector("span").textContent = open ? "Write" : "Preview";
    if (!open) focused(key);
  }

  /* --- Saving a revision: first everything typed, then the form ----------------------------- */
  // Where a form would fare no better than the draft did, so that it is not sent into an error page.
  const STUCK = [0, 401, 403, 429, 502, 503, 504];
  const stuck = () => Array.from(fields.values()).filter((known) => known.state === "failed" && STUCK.includes(known.why));
  form.addEventListener("submit", (event) => {
    if (submitting || (event.submitter && event.submitter.matches("[data-drop]"))) return;
    event.preventDefault();
    if (wanted) return;
    wanted = { submitter: event.submitter, sent: false };
    Array.from(fields).filter(([, known]) => known.state === "typing" || stuck().includes(known)).forEach(([key]) => send(key));
    checked();
  });
  function checked() {
    if (!wanted || wanted.sent || asking || count("saving") || count("typing") || Array.from(fields.values()).some((known) => known.busy)) return;
    if (stuck().length) refused(stuck()[0].why);
    else if (count("choice")) {
      wanted = null;
      told();
      form.querySelector("[data-choice] button").focus();
    } else finish();
  }
  /* A form that is sent without a session is lost with what it holds: first a look whether there is one. */
  async function finish() {
    wanted.sent = true;
    status.dataset.tone = "";
    status.textContent = "Saving the revision…";
    const { code, other } = await session();
    if (code !== 200 || other) { refused(code, other); return; }
    submitting = true;
    form.requestSubmit(wanted.submitter);
    wanted = null;
  }
  function refused(code, other) {
    wanted = null;
    const why = other ? "Somebody else is signed in now." : code === 401 ? "You were signed out. " : PLAIN[code] || PLAIN[0];
    status.dataset.tone = "failed";
    status.replaceChildren("No revision was saved. " + why, code === 401 ? signIn() : "", " What you typed is still here.");
  }
  window.addEventListener("beforeunload", (event) => {
    const unsaved = count("failed") || (!store.works() && (count("typing") || count("saving")));
    if (!submitting && unsaved) event.preventDefault();
  });
  window.addEventListener("pagehide", () => {
    if (submitting) return;
    Array.from(fields).filter(([, known]) => known.state === "typing").forEach(([key]) => {
      const found = inputs(key);
      const data = new URLSearchParams({ window: own, seq: Math.max(Date.now(), seq + 1) });
      ["state", "value", "reason"].forEach((name) => data.set(name + "-" + key, found[name]));
      ["base", "kept"].forEach((name) => data.set(name + "-" + key, named(key, name).value));
      fetch(fieldset(key).getAttribute("hx-post"), { method: "POST", body: data, keepalive: true, headers: { "HX-Request": "true", ...JSON.parse(document.body.getAttribute("hx-headers")) } }).catch(() => null);
    });
  });
  window.addEventListener("pageshow", () => { submitting = false; });

  /* --- What an earlier page left behind ----------------------------------------------------- */
  function offer(key, entry) {
    const box = document.createElement("div");
    box.className = "note tone-blue left";
    const text = document.createElement("div");
    text.className = "text";
    const head = document.createElement("strong");
    head.textContent = "You typed this on " + new Date(entry.at).toLocaleString() + ", and it did not reach Signet.";
    const moved = entry.base !== named(key, "base").value ? " The card has changed since; what it says now is below." : "";
    const words = document.createElement("div");
    words.className = "their lines";
    words.textContent = entry.state === "not_applicable" ? "Not applicable: " + entry.reason : entry.state === "written" || entry.state === "" ? entry.value : entry.state === "unknown" ? "Unknown" : "(no answer)";
    const actions = document.createElement("span");
    actions.className = "choices";
    const done = () => { store.drop(key, entry); box.remove(); };
    actions.append(button("Use it", () => { fill(key, entry); typed(key, 0); done(); focused(key); }));
    if (named(key, "value").matches("textarea")) actions.append(button("Put it below", () => { fill(key, { ...entry, state: "written", value: joined(key, inputs(key).value, entry.value) }); typed(key, 0); done(); }));
    actions.append(button("Drop it", done));
    text.append(head, moved, words, actions);
    box.append(text);
    fieldset(key).querySelector(".states").before(box);
  }
  function elsewhere() {
    const sections = store.sections();
    const keys = Object.keys(sections).filter((key) => key !== form.dataset.section);
    const place = document.getElementById("found");
    place.hidden = !keys.length;
    place.replaceChildren();
    if (!keys.length) return;
    place.className = "note tone-blue";
    const text = document.createElement("div");
    text.className = "text";
    text.append("Text that did not reach Signet is kept in this browser: ");
    keys.forEach((key, at) => {
      const link = document.createElement("a");
      link.href = "?section=" + key;
      link.textContent = sections[key];
      text.append(at ? ", " : "", link);
    });
    place.append(text);
  }
  function start(part) {
    part.querySelectorAll("[data-preview]").forEach((previewer) => { previewer.hidden = false; });
    part.querySelectorAll("[data-scripted]").forEach((button) => { button.hidden = false; });
    part.dispatchEvent(new Event("signet:fieldset", { bubbles: true }));
  }
  start(form);
  document.querySelectorAll(".page-head [data-scripted]").forEach((button) => { button.hidden = false; });
  all().forEach((key) => store.left(key, (entry) => entry.text !== said(inputs(key))).forEach((entry) => offer(key, entry)));
  elsewhere();
})();
