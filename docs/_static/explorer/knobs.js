// Knobs: a slider with its limits and ticks, beside a box that takes any number, √2 too.
"use strict";

function element(tag, text, attributes = {}, ...children) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
  made.append(...children);
  return made;
}

// A step of about a two-hundredth of the way, round, so that an arrow key makes a visible move.
function stepOf({ low, high }) {
  const rough = (high - low) / 200;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
}

// `knob` is { id, title, called, low, high, step, ticks, log, line, words }; `turned` hears of each new value, and
// whether it came by drag, key or box.
// set(value, limits) shows a value without a word to `turned`.
function makeKnob(knob, turned) {
  let { low, high } = knob;
  // On a logarithmic slider a step is a hundredth of a factor of e.
  const to = knob.log ? Math.log : (v) => v, from = knob.log ? (v) => Number(Math.exp(v).toPrecision(3)) : (v) => v;
  const range = element("input", undefined, { type: "range", id: knob.id, "aria-label": knob.called });
  const box = element("input", undefined, { type: "text", id: `${knob.id}-box`, inputmode: "text", autocomplete: "off", spellcheck: "false", "aria-label": `${knob.called}, as a number` });
  const ends = [element("span"), element("span")];
  const ticks = element("datalist", undefined, { id: `${knob.id}-ticks` });
  range.setAttribute("list", ticks.id);
  let value, dragging = false;

  const words = () => (knob.words ? knob.words(value) : figure(value));
  function show(now, limits) {
    value = now;
    if (limits) [low, high] = limits;
    const step = knob.log ? 0.01 : knob.step || stepOf({ low, high });
    Object.assign(range, { min: to(low), max: to(high), step });
    range.value = to(value);
    range.setAttribute("aria-valuetext", words());
    if (document.activeElement !== box) box.value = spelled(value).replace("-", "−");
    [low, high].forEach((end, i) => (ends[i].textContent = figure(end, 4)));
    ticks.replaceChildren(...(knob.ticks || []).filter((t) => t > low && t < high).map((t) => element("option", undefined, { value: to(t) })));
  }

  function say(wrong) {
    box.setAttribute("aria-invalid", String(wrong));
    box.title = wrong ? `a number from ${figure(low)} to ${figure(high)}, such as 1.5, √2 or 2/3` : "";
  }

  range.addEventListener("pointerdown", () => (dragging = true));
  ["pointerup", "pointercancel"].forEach((end) => range.addEventListener(end, () => (dragging = false)));
  range.addEventListener("input", () => {
    const near = (knob.ticks || []).find((t) => Math.abs(to(t) - Number(range.value)) < Number(range.step) / 2);
    value = near ?? clamp(from(Number(range.value)), low, high);
    say(false);
    turned(value, dragging ? "drag" : "key");
    box.value = spelled(value).replace("-", "−");
    range.setAttribute("aria-valuetext", words());
  });
  box.addEventListener("change", () => {
    const asked = parsed(box.value), { least = low, most = high } = knob;
    const fits = asked >= least && asked <= most;
    say(!fits);
    if (fits) turned(knob.step === 1 ? Math.round(asked) : asked, "box");
  });
  box.addEventListener("blur", () => { say(false); show(value); });
  const node = element("div", undefined, { class: knob.line ? "knob line" : "knob" },
    element("label", knob.title, { for: knob.id }), box,
    element("div", undefined, { class: "knob-slide" }, range, element("div", undefined, { class: "knob-ends", "aria-hidden": "true" }, ...ends)), ticks);
  show(knob.value, [low, high]);
  return { node, set: show };
}

// The knobs of one activation. Ticks stand at the default and at 0 and 1.
function knobsOf(curve, i, turned) {
  return ACTIVATIONS[curve.name].knobs.map((knob) => makeKnob({
    ...knob, id: `${knob.name}-${i}`, value: curve.p[knob.name], ticks: [...new Set([knob.default, 0, 1])],
    title: knob.symbol, line: true, called: knob.symbol === knob.name ? knob.name : `${knob.name} ${knob.symbol}`,
  }, (value) => { curve.p[knob.name] = value; turned(); }).node);
}

// A choice of the activation, and one of its form where it has several.
function activationSelect(id, words, chosen, turned) {
  const select = element("select", undefined, { id, "aria-label": words });
  for (const family of FAMILIES) {
    const group = element("optgroup", undefined, { label: family });
    Object.entries(ACTIVATIONS).filter(([, entry]) => entry.family === family).forEach(([key, entry]) => group.append(element("option", entry.title, { value: key })));
    select.append(group);
  }
  select.value = chosen;
  select.addEventListener("change", () => turned(select.value));
  return select;
}

function choicesOf(curve, i, turned) {
  return Object.keys(curve.choices).map((key) => {
    const select = element("select", undefined, { id: `${key}-${i}` });
    ACTIVATIONS[curve.name].forms.forEach((f) => select.append(element("option", f.choices[key], { value: f.choices[key] })));
    select.value = curve.choices[key];
    select.addEventListener("change", () => { curve.choices[key] = select.value; turned(); });
    return element("label", `${key} `, { for: select.id, class: "choice" }, select);
  });
}
