/* The list of cards: choose a whole page at once, and say how many are chosen. It works without. */
(function () {
  "use strict";

  function boxes() {
    return Array.from(document.querySelectorAll("input[name='model'][form='change']"));
  }

  function tell() {
    const place = document.querySelector("[data-chosen]");
    if (!place) return;
    const all = boxes();
    const count = all.filter((box) => box.checked).length;
    place.textContent = count ? "Change " + count + (count === 1 ? " card" : " cards") : "Change the chosen";
    const every = document.querySelector("[data-choose-all]");
    every.hidden = false;
    every.textContent = all.length && count === all.length ? "Choose none" : "Choose all on this page";
  }

  document.addEventListener("change", (event) => {
    if (event.target.name === "model") tell();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-choose-all]")) return;
    const all = boxes();
    const wanted = !all.every((box) => box.checked);
    all.forEach((box) => { box.checked = wanted; });
    tell();
  });
  document.addEventListener("htmx:afterSettle", tell);
  tell();
})();
