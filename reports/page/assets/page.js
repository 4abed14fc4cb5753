"use strict";
// Charts are drawn when they come near the screen, puzzles likewise: a page of twenty runs opens at once.
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const make = (name, attributes, parent) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (parent) parent.append(made);
    return made;
  };
  const data = (identifier) => JSON.parse(document.getElementById(identifier).textContent);

  // Charts
  const charts = new Map();
  const composed = ["hconcat", "vconcat", "concat", "facet", "repeat"];
  const fitted = (spec, room) => {
    const channels = spec.encoding || {};
    const fixed = composed.some((name) => name in spec) || channels.row || channels.column || channels.facet;
    // Of a grid of cells the sides keep their ratio.
    const scale = spec.width && spec.height ? Math.min(1, (room - 60) / spec.width) : 1;
    if (fixed) return spec;
    if (spec.width) return { ...spec, width: spec.width * scale, height: spec.height * scale };
    return { ...spec, width: Math.min(room, 620), autosize: { type: "fit-x", contains: "padding" } };
  };
  // Where there is little room, every legend is as wide as that, with a line for each of its entries.
  const narrowed = (spec, room) => JSON.parse(JSON.stringify(spec), (key, value) =>
    key === "legend" && value && typeof value === "object" && !Array.isArray(value)
      ? { ...value, columns: 1, labelLimit: room - 40, titleLimit: room - 20 } : value);
  const draw = async (box) => {
    const spec = data(box.dataset.spec);
    if (box.liveRows) spec.data.values = box.liveRows;
    const room = box.clientWidth;
    charts.set(box, { room, view: null });
    const shown = fitted(room < 420 ? narrowed(spec, room) : spec, room);
    const options = { ast: true, renderer: "svg", actions: false, defaultStyle: false };
    const embedded = await window.vegaEmbed(box, shown, options);
    charts.set(box, { room, view: embedded.view });
    const drawn = box.querySelector("svg");
    drawn.setAttribute("aria-label", spec.description);
    box.dataset.drawn = "yes";
  };
  const report = (box) => (error) => {
    box.textContent = `This chart cannot be drawn here (${error.message}); its numbers are below.`;
  };

  // Puzzles
  const cross = (parent, column, row, kind) => {
    for (const name of kind === "on-fill" ? ["halo", "on-fill"] : [""]) {
      make("path", { class: `cross ${name}`, d: `M${column + 0.18} ${row + 0.18}l.64 .64` }, parent);
      if (kind === "on-fill") make("path", { class: `cross ${name}`, d: `M${column + 0.82} ${row + 0.18}l-.64 .64` }, parent);
    }
  };
  const drawCell = (parent, look, column, row, plain) => {
    const [symbol, fill, tone] = look;
    const cell = make("rect", { class: `cell ${tone}`, x: column, y: row, width: 1, height: 1 }, parent);
    if (fill) {
      cell.setAttribute("class", "cell filled");
      cell.style.fill = fill;
    }
    if (symbol && !(plain && plain.has(fill))) {
      const kind = fill ? "on-fill" : tone;
      const style = { class: `symbol ${kind}`, x: column + 0.5, y: row + 0.52, "font-size": 0.62 };
      make("text", style, parent).textContent = symbol;
    }
    if (tone === "wrong") cross(parent, column, row, fill ? "on-fill" : "");
  };
  const cellsOf = (boards, board) =>
    typeof board.cells === "string" ? [...board.cells].map((letter) => boards.letters.indexOf(letter)) : board.cells;
  const drawBoard = (boards, board, label) => {
    const [rows, columns] = boards.shape;
    const box = `-.06 -.06 ${columns + 0.12} ${rows + 0.12}`;
    const picture = make("svg", { viewBox: box, class: "board", role: "img", "aria-label": label });
    cellsOf(boards, board).forEach((look, cell) =>
      drawCell(picture, boards.looks[look], cell % columns, Math.floor(cell / columns), boards.plain));
    if (boards.rowRules.length || boards.columnRules.length) {
      for (const row of [0, ...boards.rowRules, rows]) make("path", { class: "rule", d: `M0 ${row}h${columns}` }, picture);
      for (const column of [0, ...boards.columnRules, columns]) make("path", { class: "rule", d: `M${column} 0v${rows}` }, picture);
    }
    return picture;
  };
  // A cell of three characters: given ones as they are, wrong ones in brackets.
  const asText = (boards, board) => {
    const columns = boards.shape[1];
    const lines = [];
    cellsOf(boards, board).forEach((number, cell) => {
      const [symbol, fill, tone] = boards.looks[number];
      const word = symbol || (fill ? String(boards.fillNames.get(fill)) : ".");
      if (cell % columns === 0) lines.push("");
      lines[lines.length - 1] += tone === "wrong" ? `[${word}]` : ` ${word} `;
    });
    return lines.join("\n");
  };
  const cardOf = (card) => {
    if (!card.boards) {
      card.boards = data(card.querySelector(".grids").dataset.boards);
      const fills = [...new Set(card.boards.looks.map((look) => look[1]).filter(Boolean))];
      // A fill that has one symbol alone, such as a wall's, says it all.
      const symbols = (fill) => new Set(card.boards.looks.filter((look) => look[0] && look[1] === fill).map((look) => look[0]));
      card.boards.plain = new Set(fills.filter((fill) => symbols(fill).size < 2));
      card.boards.fillNames = new Map(fills.map((fill, number) => [fill, "#+ox%*=~:&"[number] || "?"]));
    }
    return card.boards;
  };
  const show = (card, step) => {
    const boards = cardOf(card);
    const title = card.querySelector("[id$='-title']").textContent;
    const names = Object.keys(boards.steps);
    const grids = [];
    const told = [];
    const texts = [];
    for (const name of names) {
      const answers = boards.steps[name];
      const number = Math.min(step, answers.length);
      const board = number === 0 ? boards.puzzle : answers[number - 1];
      const words = number === 0 ? "the puzzle" : `step ${number} of ${answers.length}: ${board.says}`;
      const whole = names.length > 1 ? `${name}, ${words}` : words;
      const figure = document.createElement("figure");
      const caption = document.createElement("figcaption");
      caption.textContent = name;
      figure.append(drawBoard(boards, board, `${title}, ${whole}`), ...(names.length > 1 ? [caption] : []));
      grids.push(figure);
      told.push(whole);
      texts.push(`${whole}\n${asText(boards, board)}`);
    }
    card.querySelector(".grids").replaceChildren(...grids);
    card.querySelector(".says").textContent = told.join("; ");
    texts.push(`solution\n${asText(boards, boards.solution)}`);
    card.querySelector(".as-text").textContent = texts.join("\n\n");
    const slider = card.querySelector(".step");
    slider.value = step;
    slider.setAttribute("aria-valuetext", told.join("; "));
  };
  const play = (card, button) => {
    const slider = card.querySelector(".step");
    const says = card.querySelector(".says");
    const stop = () => {
      clearInterval(card.playing);
      says.removeAttribute("aria-live");
      card.playing = 0;
      button.textContent = "Play";
    };
    if (card.playing) return stop();
    button.textContent = "Stop";
    // Who moves a slider hears what it shows; of a dozen boards that change together nobody wants to hear all.
    says.setAttribute("aria-live", "polite");
    show(card, 0);
    card.playing = setInterval(() => {
      const next = Number(slider.value) + 1;
      if (next > Number(slider.max)) return stop();
      show(card, next);
    }, 600);
  };
  for (const card of document.querySelectorAll(".card")) {
    card.querySelector(".step").addEventListener("input", (event) => show(card, Number(event.target.value)));
    card.querySelector(".play").addEventListener("click", (event) => play(card, event.target));
  }
  for (const slider of document.querySelectorAll(".together")) {
    slider.addEventListener("input", () => {
      slider.setAttribute("aria-valuetext", slider.value === "0" ? "the puzzles" : `after step ${slider.value}`);
      for (const card of slider.closest(".boards").querySelectorAll(".card")) show(card, Number(slider.value));
    });
  }
  for (const item of document.querySelectorAll(".legend li")) {
    const picture = make("svg", { viewBox: "0 0 1 1", "aria-hidden": "true" });
    drawCell(picture, ["5", "", item.dataset.tone], 0, 0);
    item.prepend(picture);
  }

  const left = new Set(document.querySelectorAll(".chart, .card"));
  const isCard = (box) => box.classList.contains("card");
  const bring = (box) => {
    if (!left.delete(box)) return null;
    seen.unobserve(box);
    if (!isCard(box)) return draw(box).catch(report(box));
    show(box, Number(box.querySelector(".step").value));
    return null;
  };
  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) if (isIntersecting) bring(target);
  }, { rootMargin: "400px" });
  for (const box of left) seen.observe(box);

  // Paper shows all of the page: charts take their time, and are drawn one by one when there is nothing else to do.
  const whenIdle = window.requestIdleCallback || ((work) => setTimeout(work, 50));
  const drawRest = async () => {
    await bring([...left].find((box) => !isCard(box)));
    if ([...left].some((box) => !isCard(box))) whenIdle(drawRest);
  };
  addEventListener("load", () => whenIdle(drawRest));
  addEventListener("beforeprint", () => {
    for (const box of left) bring(box);
  });

  let waiting = 0;
  addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      for (const [box, { room }] of charts) if (Math.abs(box.clientWidth - room) > 20) draw(box).catch(report(box));
    }, 200);
  });
  window.trmpipeCharts = charts;
})();
