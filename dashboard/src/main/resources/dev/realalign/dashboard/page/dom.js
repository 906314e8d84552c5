// Elements made of text and attributes. Nothing here, nor anywhere on this page, parses HTML from data: a caption is text.

const SVG = 'http://www.w3.org/2000/svg';

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

/** An HTML element. */
export function el(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** An SVG element. */
export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

export const byId = id => document.getElementById(id);

/** Puts children in the place of what was there, unless they are told to be the same as last time. */
export function show(place, key, make) {
  const stamp = typeof key === 'string' ? key : JSON.stringify(key);
  if (place.dataset.stamp === stamp) return false;
  place.dataset.stamp = stamp;
  place.replaceChildren(...[make()].flat().filter(Boolean));
  return true;
}

export function empty(title, words) {
  return el('p', { class: 'empty' }, el('strong', {}, title), words);
}

/** Marks of the moods: they differ in shape, so that nobody needs the colours. */
export function moodMark(mood, attributes = {}) {
  const shapes = {
    good: svg('path', { d: 'M5 12.5l4.5 4.5L19 7.5', fill: 'none', stroke: 'currentColor', 'stroke-width': 3, 'stroke-linecap': 'round', 'stroke-linejoin': 'round' }),
    warn: svg('path', { d: 'M12 3.5L22 20.5H2z M12 9.5v5 M12 17.3v.4', fill: 'none', stroke: 'currentColor', 'stroke-width': 2.3, 'stroke-linejoin': 'round', 'stroke-linecap': 'round' }),
    bad: svg('path', { d: 'M8 2.5h8l5.5 5.5v8L16 21.5H8L2.5 16V8z M8.5 8.5l7 7 M15.5 8.5l-7 7', fill: 'none', stroke: 'currentColor', 'stroke-width': 2.3, 'stroke-linejoin': 'round', 'stroke-linecap': 'round' }),
    info: svg('path', { d: 'M12 11v6 M12 7v.4 M12 2.5a9.5 9.5 0 1 0 .01 0z', fill: 'none', stroke: 'currentColor', 'stroke-width': 2.3, 'stroke-linecap': 'round' }),
    unused: svg('path', { d: 'M6 12h12', fill: 'none', stroke: 'currentColor', 'stroke-width': 2.5, 'stroke-linecap': 'round' }),
    unknown: svg('circle', { cx: 12, cy: 12, r: 7, fill: 'none', stroke: 'currentColor', 'stroke-width': 2.5, 'stroke-dasharray': '3 3.5' }),
  };
  return svg('svg', { viewBox: '0 0 24 24', 'aria-hidden': 'true', ...attributes }, shapes[mood] || shapes.unknown);
}

/** A row of buttons of which one is pressed. */
export function choice(label, options, chosen, onChoose) {
  return el('div', { class: 'choice', role: 'group', 'aria-label': label },
    options.map(([value, words]) => el('button', { type: 'button', 'aria-pressed': value === chosen ? 'true' : 'false', 'data-value': value, onclick: () => onChoose(value) }, words)));
}

/** A button that saves rows as CSV, made from what is shown at that moment. */
export function csvButton(file, rows) {
  return el('button', { type: 'button', class: 'pill csv', 'data-file': file, title: 'Save as ' + file, onclick: () => {
    const text = rows().map(row => row.map(cell).join(',')).join('\r\n') + '\r\n';
    const link = el('a', { href: URL.createObjectURL(new Blob([text], { type: 'text/csv' })), download: file });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  } }, 'CSV');
}

/** A cell of CSV; one that a spreadsheet would take for a formula gets an apostrophe in front. */
export function cell(value) {
  if (value === null || value === undefined) return '';
  let text = String(value);
  if (typeof value === 'string' && /^[=+\-@\t\r]/.test(text)) text = "'" + text;
  return /[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
}
