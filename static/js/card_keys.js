/* The editor by keyboard: save, go to the next missing answer, show the list of shortcuts. */
(function () {
  "use strict";
  const form = document.querySelector("[data-card-form]");
  if (!form) return;

  function enter(part) {
    part.scrollIntoView({ block: "start" });
    const inputs = Array.from(part.querySelectorAll(".answer input, .answer textarea, .answer select"));
    const first = inputs.find((input) => input.checkVisibility()) || part.querySelector("[type=radio]");
    first.focus();
  }

  function gap(step) {
    const parts = Array.from(form.querySelectorAll("[data-gap]"));
    const here = document.activeElement.closest(".card-field");
    const ahead = parts.filter((part) => {
      if (!here) return step > 0;
      const place = here.compareDocumentPosition(part);
      return part !== here && Boolean(place & (step > 0 ? Node.DOCUMENT_POSITION_FOLLOWING : Node.DOCUMENT_POSITION_PRECEDING));
    });
    const found = step > 0 ? ahead[0] : ahead[ahead.length - 1];
    if (found) { enter(found); return; }
    const links = Array.from(document.querySelectorAll(".edit-side nav a"));
    const at = links.findIndex((link) => link.hasAttribute("aria-current"));
    const others = (step > 0 ? links.slice(at + 1) : links.slice(0, at).reverse()).filter((link) => link.hasAttribute("data-gaps"));
    if (others.length) location.assign(others[0].href + (step > 0 ? "#first-gap" : "#last-gap"));
  }

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input:not([type=radio]), textarea, select, dialog");
    const command = event.ctrlKey || event.metaKey;
    if (command && !event.altKey && event.key.toLowerCase() === "s") {
      event.preventDefault();
      form.requestSubmit(form.querySelector("[type=submit].btn-primary"));
    } else if (command && event.key === "Enter") {
      event.preventDefault();
      form.requestSubmit(form.querySelector('[name="next"]'));
    } else if (event.key === "F8") {
      event.preventDefault();
      gap(event.shiftKey ? -1 : 1);
    } else if (!typing && !command && !event.altKey && (event.key === "n" || event.key === "p")) {
      event.preventDefault();
      gap(event.key === "n" ? 1 : -1);
    } else if (!typing && event.key === "?") {
      event.preventDefault();
      document.getElementById("shortcuts").showModal();
    }
  });

  const parts = form.querySelectorAll("[data-gap]");
  if (location.hash === "#first-gap" && parts.length) enter(parts[0]);
  if (location.hash === "#last-gap" && parts.length) enter(parts[parts.length - 1]);
})();
