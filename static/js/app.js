/* What every page does beyond plain HTML. Pages work without it. */
(function () {
  "use strict";

  /* --- Toasts ------------------------------------------------------------------------------- */
  function toast(text, tone, retry) {
    const template = document.getElementById("toast");
    const place = document.getElementById("toasts");
    if (!template || !place) return;
    const note = template.content.firstElementChild.cloneNode(true);
    note.classList.add("tone-" + (tone || "blue"));
    note.querySelector(".text").textContent = text;
    const again = note.querySelector("[data-toast-retry]");
    if (retry) {
      again.hidden = false;
      again.addEventListener("click", () => { note.remove(); retry(); });
    }
    note.querySelector("[data-toast-close]").addEventListener("click", () => note.remove());
    if (place.childElementCount > 2) place.firstElementChild.remove();
    place.append(note);
    if (tone !== "red") window.setTimeout(() => note.remove(), 8000);
  }

  // A view says it with the header HX-Trigger: {"toast": {"text": "Saved.", "tone": "green"}}
  document.addEventListener("toast", (event) => toast(event.detail.text, event.detail.tone));

  /* --- htmx: say what failed, offer it again, keep what was typed ---------------------------- */
  const REASONS = {
    401: "You have been signed out. Open the sign-in page in another tab, then try again; what you typed is still here.",
    403: "You may not do this, or your session has changed. Reload the page to see what you may do.",
    404: "This is not here any more. Reload the page to see what is.",
    409: "This has changed since you read it. Reload the page, then try again.",
    413: "That is larger than Signet accepts.",
    429: "Too many requests in a short time. Wait a minute, then try again.",
    503: "A system that Signet needs is not answering. Nothing was changed; try again in a moment.",
  };

  function explained(xhr) {
    const type = xhr.getResponseHeader("Content-Type") || "";
    if (type.includes("html") && xhr.responseText.includes("data-error")) {
      const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
      const found = page.querySelector("[data-error] .text");
      if (found) return found.textContent.replace(/\s+/g, " ").trim();
    }
    return REASONS[xhr.status] || "Signet could not do this (error " + xhr.status + "). Nothing was changed. Try again; if it stays, tell your platform admin the time.";
  }

  function again(detail) {
    const config = detail.requestConfig;
    const element = detail.elt;
    if (!config || !element.isConnected) return null;
    return () => {
      if (config.verb === "get") {
        window.htmx.ajax("GET", config.path, { source: element, target: detail.target });
      } else if (element.requestSubmit) {
        element.requestSubmit();
      } else {
        element.click();
      }
    };
  }

  /* After signing in again, in another tab, forms need the token of the new session. It is taken for
     the same person only, and nothing is sent by itself. */
  async function renewed() {
    const answer = await fetch(location.href).catch(() => null);
    if (!answer || !answer.ok) return "";
    if (new URL(answer.url).pathname.startsWith("/accounts/login")) return REASONS[401];
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const [now, then] = [page, document].map((one) => one.querySelector("[data-person]"));
    const headers = page.body.getAttribute("hx-headers");
    if (!now || !then || !headers) return "";
    if (now.dataset.person !== then.dataset.person) return "Somebody else is signed in now. Copy what you typed, then reload the page.";
    document.body.setAttribute("hx-headers", headers);
    document.querySelectorAll("[name=csrfmiddlewaretoken]").forEach((input) => { input.value = JSON.parse(headers)["X-CSRFToken"]; });
    return "You had been signed out, and are signed in again. Try once more; what you typed is still here.";
  }

  // The editor of cards keeps, tells and sends again by itself what it could not save.
  const tells = (event) => !event.target.closest("[data-autosave]");
  document.addEventListener("htmx:responseError", (event) => {
    if (!tells(event)) return;
    const { xhr } = event.detail;
    if (xhr.getResponseHeader("X-Form-Expired")) {
      renewed().then((text) => toast(text || explained(xhr), "red", text ? again(event.detail) : null));
      return;
    }
    const retry = xhr.status >= 500 || xhr.status === 429 || xhr.status === 401;
    toast(explained(xhr), "red", retry ? again(event.detail) : null);
  });
  document.addEventListener("htmx:sendError", (event) => {
    if (tells(event)) toast("Signet cannot be reached. Check your connection, then try again; what you typed is still here.", "red", again(event.detail));
  });
  document.addEventListener("htmx:timeout", (event) => {
    if (tells(event)) toast("Signet took longer than 30 seconds to answer. Try again; what you typed is still here.", "red", again(event.detail));
  });
  // A sign-in page must never land inside a part of another page.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (new URL(event.detail.xhr.responseURL || location.href).pathname.startsWith("/accounts/login")) {
      event.detail.shouldSwap = false;
      toast(REASONS[401], "red", again(event.detail));
    }
  });

  document.addEventListener("htmx:beforeRequest", (event) => {
    event.detail.target.setAttribute("aria-busy", "true");
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    event.detail.target.removeAttribute("aria-busy");
  });
  // After a part was replaced, keyboard users go on where they were: an element with data-focus,
  // else the first field in error. htmx itself restores focus for elements with an id.
  document.addEventListener("htmx:afterSettle", (event) => {
    const part = event.detail.elt;
    const next = part.querySelector("[data-focus]") || part.querySelector('[aria-invalid="true"]');
    if (next) next.focus();
  });

  /* --- Menus, drawer, dialogs --------------------------------------------------------------- */
  function closeMenus(except) {
    document.querySelectorAll("details.menu[open], details.drawer[open]").forEach((menu) => {
      if (menu.contains(except)) return;
      if (menu.matches(".drawer") && except && except.closest && except.closest(".side")) return;
      menu.open = false;
    });
  }

  document.addEventListener("click", (event) => {
    closeMenus(event.target);
    const opener = event.target.closest("[data-dialog]");
    if (opener) {
      event.preventDefault();
      document.getElementById(opener.dataset.dialog).showModal();
    }
    const closer = event.target.closest("[data-dialog-close]");
    if (closer) {
      const dialog = closer.closest("dialog");
      if (dialog.open) {
        event.preventDefault();
        dialog.close();
      }
    }
    const copier = event.target.closest("[data-copy]");
    if (copier) {
      navigator.clipboard.writeText(copier.dataset.copy).then(
        () => toast("Copied.", "green"),
        () => toast("The browser did not allow copying; select the text and copy it.", "orange"),
      );
    }
  });

  // A plain form is sent once, however often its button is pressed.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method === "dialog" || form.matches("[hx-post], [hx-get]")) return;
    const button = event.submitter;
    if (!button || form.method === "get") return;
    if (button.getAttribute("aria-busy") === "true") event.preventDefault();
    button.setAttribute("aria-busy", "true");
  });
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("button[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
  });

  /* --- Keyboard ----------------------------------------------------------------------------- */
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const menu = document.activeElement && document.activeElement.closest("details.menu[open]");
      closeMenus(null);
      if (menu) menu.querySelector("summary").focus();
      return;
    }
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const search = document.querySelector('main input[type="search"]');
      if (search) {
        event.preventDefault();
        search.focus();
        search.select();
      }
    }
  });
})();
