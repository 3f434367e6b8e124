/* The card's form: typing chooses "answered", and leaving with unsaved words asks first. */
(function () {
  "use strict";
  const form = document.querySelector("[data-card-form]");
  if (!form) return;
  const state = form.querySelector("[data-card-state]");
  let unsaved = false;

  function changed() {
    if (unsaved) return;
    unsaved = true;
    state.textContent = "Not saved yet";
  }

  form.addEventListener("input", (event) => {
    changed();
    const input = event.target;
    if (!input.name.startsWith("value-") || !input.value) return;
    const written = input.closest("fieldset").querySelector('[type="radio"][value="written"]');
    if (written) written.checked = true;
  });
  form.addEventListener("submit", () => { unsaved = false; });
  window.addEventListener("beforeunload", (event) => {
    if (unsaved) event.preventDefault();
  });
  // What came back unsaved, because of an error or a conflict, is still only here.
  if (form.hasAttribute("data-unsaved")) changed();
})();
