/* Runs before the first paint, so that the page never flashes in the other theme. */
(function () {
  "use strict";
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;

  function chosen() {
    try {
      return localStorage.getItem("signet-theme") || "auto";
    } catch (error) {
      return "auto"; // storage is switched off in this browser
    }
  }

  function apply() {
    const theme = chosen();
    const shown = theme === "auto" ? (dark.matches ? "dark" : "light") : theme;
    const changed = root.dataset.bsTheme !== shown;
    root.dataset.bsTheme = shown;
    document.querySelectorAll("[data-theme-set]").forEach((button) => {
      button.setAttribute("aria-pressed", String(button.dataset.themeSet === theme));
    });
    if (changed) document.dispatchEvent(new CustomEvent("signet:theme", { detail: shown }));
  }

  dark.addEventListener("change", apply);
  window.addEventListener("storage", apply);
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-theme-switch]").forEach((group) => { group.hidden = false; });
    apply();
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-set]");
    if (!button) return;
    try {
      localStorage.setItem("signet-theme", button.dataset.themeSet);
    } catch (error) {
      root.dataset.bsTheme = button.dataset.themeSet; // lasts until the next page
      return;
    }
    apply();
  });
  apply();
})();
