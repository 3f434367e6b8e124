/* Draws each [data-chart] from the figure in the json_script block beside it. */
(function () {
  "use strict";
  const LIGHT = ["#3f46c4", "#b4690e", "#0b7a75", "#b3306f", "#4c7a1f", "#1c6fb8", "#8b3fc7", "#8a5a3c"];
  const DARK = ["#a9afff", "#f0b35e", "#5fd4cc", "#ff9fcb", "#a8d878", "#8fc0ff", "#cfa8ff", "#d9b08c"];

  function css(name) {
    const probe = document.createElement("span");
    probe.style.color = "var(" + name + ")";
    document.body.append(probe);
    const value = getComputedStyle(probe).color;
    probe.remove();
    return value;
  }

  function template() {
    const dark = document.documentElement.dataset.bsTheme === "dark";
    const line = css("--line");
    const axis = { gridcolor: line, linecolor: line, zerolinecolor: line, tickcolor: line, automargin: true, title: { standoff: 10 } };
    const panel = css("--panel");
    return {
      layout: {
        colorway: dark ? DARK : LIGHT,
        paper_bgcolor: "rgba(0,0,0,0)",
        plot_bgcolor: "rgba(0,0,0,0)",
        font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: css("--quiet") },
        margin: { l: 48, r: 12, t: 12, b: 40 },
        hovermode: "x unified",
        hoverlabel: { bgcolor: panel, bordercolor: line, font: { color: css("--text") } },
        legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" },
        xaxis: axis,
        yaxis: axis,
      },
      data: { scatter: [{ line: { width: 2 }, marker: { size: 7 } }] },
    };
  }

  function draw(figure) {
    const id = figure.dataset.chart;
    const source = document.getElementById(id + "-figure");
    const place = document.getElementById(id);
    if (!source || !place || !window.Plotly) return;
    const content = JSON.parse(source.textContent);
    const layout = Object.assign({}, content.layout, { template: template(), autosize: true });
    window.Plotly.react(place, content.data, layout, { displayModeBar: false, responsive: true });
  }

  function drawAll(within) {
    within.querySelectorAll("[data-chart]").forEach(draw);
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => drawAll(document));
  else drawAll(document);
  document.addEventListener("signet:theme", () => drawAll(document));
  document.addEventListener("htmx:afterSettle", (event) => drawAll(event.detail.elt.parentElement || document));
})();
