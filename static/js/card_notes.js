/* Files and comments beside the card: a panel that keeps the page, and sizes told before sending. */
(function () {
  "use strict";
  const beside = document.getElementById("beside");
  let opener = "";

  function typed() {
    const texts = document.querySelectorAll("#notes-panel textarea, #notes-panel input[type=file]");
    return Array.from(texts).some((text) => text.value.trim() !== text.defaultValue.trim());
  }

  document.addEventListener("change", (event) => {
    const input = event.target;
    if (!input.matches("input[type=file][data-most]")) return;
    const file = input.files[0];
    const most = Number(input.dataset.most);
    const words = file && file.size > most
      ? file.name + " is " + (file.size / 1048576).toFixed(1) + " MB; at most " + most / 1048576 + " MB fit."
      : "";
    input.setCustomValidity(words);
    if (words) input.reportValidity();
  });

  let sending = false;
  document.addEventListener("submit", (event) => { sending = sending || Boolean(event.target.closest(".notes-page")); });
  window.addEventListener("beforeunload", (event) => {
    if (!sending && typed()) event.preventDefault();
  });

  if (!beside) return;
  // Another field's panel takes the place of this one: never of words that are not sent yet.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const link = event.target.closest("[data-beside]");
    if (!link) return;
    if (typed() && !window.confirm("What you typed beside the card is not sent yet. Drop it?")) {
      event.preventDefault();
      beside.show();
      return;
    }
    opener = link.id;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "beside-body" && !beside.open) beside.show();
  });
  // On the page, not on the panel: for a moment after a part was replaced nothing has the focus.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && beside.open) beside.close();
  });
  beside.addEventListener("close", () => {
    const link = document.getElementById(opener);
    if (link) link.focus();
  });
})();
