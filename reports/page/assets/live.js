"use strict";
// A page that `trmpipe watch` serves asks every two seconds for what is new, and changes charts in place.
(() => {
  const PERIOD = 2000;
  const PATIENCE = 5000;
  const line = document.getElementById("live");
  const charts = new Map([...document.querySelectorAll("[data-chart]")].map((box) => [box.dataset.chart, box]));
  let known = 0;
  let state = null;
  const say = (text) => {
    if (line.textContent !== text) line.textContent = text;
  };
  const cell = (value) => {
    const made = document.createElement("td");
    made.className = typeof value === "number" ? "number" : "";
    made.textContent = typeof value === "number" ? String(Number(value.toPrecision(6))) : String(value ?? "");
    return made;
  };
  const refill = (box, rows) => {
    const body = box.closest("figure").querySelector("tbody");
    body.replaceChildren(...rows.map((row) => {
      const made = document.createElement("tr");
      made.append(...Object.values(row).map(cell));
      return made;
    }));
  };
  const change = (figures) => {
    for (const [name, rows] of Object.entries(figures)) {
      const box = charts.get(name);
      box.liveRows = rows;
      const { view } = window.trmpipeCharts.get(box) || {};
      if (view) view.data("rows", rows).runAsync();
      refill(box, rows);
    }
  };
  const same = (names) => names.length === charts.size && names.every((name) => charts.has(name));
  const look = async () => {
    let news;
    try {
      const answer = await fetch(`/live.json?since=${known}`);
      if (!answer.ok) throw new Error(answer.statusText);
      news = await answer.json();
    } catch {
      say("No answer; trying again.");
      setTimeout(look, PATIENCE);
      return;
    }
    // A run that appeared or ended, a first evaluation: what the page is made of is another.
    const turned = state !== null && state !== news.state;
    if (turned || (news.figures && !same(Object.keys(news.figures)))) return location.reload();
    if (news.figures) {
      change(news.figures);
      document.querySelectorAll(".facts dd").forEach((fact, place) => {
        (fact.querySelector("data") || fact).textContent = news.facts[place];
      });
    }
    known = news.lines;
    state = news.state;
    line.dataset.state = state;
    say(news.says);
    setTimeout(look, PERIOD);
  };
  look();
})();
